"""What the start may find: what of it refuses, and each finding's sentence."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from vibe_quant.app.instance import Held
from vibe_quant.app.time_sync import Measured, why
from vibe_quant.domain import events as ev
from vibe_quant.domain.enums import NoticeKind, Severity
from vibe_quant.domain.intents import Notify
from vibe_quant.domain.settings import AllowSettings, Venue
from vibe_quant.ports import Accepted, AccountConfig, AuthLost, Failure, KeyRights, Outcome, Rejected

RECV_WINDOW_MS = 2000
PASS_MS = 86_400_000
HOST_CLOCK_MS = 1000
UNKNOWN_SYMBOL = -1121
NOTHING = "No order has been sent."


class Check(StrEnum):
    """What a finding is about."""

    INSTANCE = "instance"
    CLOCK = "clock"
    KEY = "key"
    RIGHTS_UNREAD = "rights_unread"
    MODE = "mode"
    MULTI_ASSETS = "multi_assets"
    SYMBOL = "symbol"
    ACCOUNT = "account"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing found; ``refuses``: the program does not start to trade."""

    check: Check
    refuses: bool
    severity: Severity
    text: str
    symbol: str | None = None

    def notice(self) -> Notify:
        """As it is told."""
        return Notify(NoticeKind.LIFECYCLE, self.severity, self.text, self.symbol)


def refusal(check: Check, text: str, symbol: str | None = None) -> Finding:
    """The program does not start to trade."""
    return Finding(check, True, Severity.ALARM, text, symbol)


def remark(check: Check, severity: Severity, text: str, symbol: str | None = None) -> Finding:
    """Told, and no more."""
    return Finding(check, False, severity, text, symbol)


@dataclass(frozen=True, slots=True)
class Account:
    """Whose start it is: the key's fingerprint, the venue, what the configuration allows, and its order prefix."""

    fingerprint: str
    venue: Venue
    allow: AllowSettings
    prefix: str
    key_passed_ms: int | None = None
    """When this key's rights were last read and good, by the journal: epoch ms; None: never."""

    def __str__(self) -> str:
        return f"{self.fingerprint} ({self.venue})"


def of_instance(held: Held) -> Finding:
    """Somebody else works the account."""
    return refusal(Check.INSTANCE, held.text)


def of_clock(found: Measured | Failure, expected_ms: int, account: Account) -> Iterator[Finding]:
    """``expected_ms``: the offset before it was measured."""
    if not isinstance(found, Measured):
        yield refusal(
            Check.CLOCK,
            f"Account {account}: the exchange's clock could not be measured ({why(found)}), and orders need its time. "
            f"{NOTHING} See whether the addresses of the venue are right and reachable from this host.",
        )
        return
    limit = RECV_WINDOW_MS // 2
    if found.uncertainty_ms > limit:
        yield refusal(
            Check.CLOCK,
            f"Account {account}: the exchange's clock is known only to {found.uncertainty_ms} ms, for that is half of "
            f"the fastest answer's time; at most {limit} ms will do, half of what an order may be old. {NOTHING} Look "
            "at the network between this host and the exchange, and start again.",
        )
    skew = found.offset_ms - expected_ms
    if abs(skew) > HOST_CLOCK_MS + found.uncertainty_ms:
        behind = "behind" if skew > 0 else "ahead of"
        yield remark(
            Check.CLOCK,
            Severity.WARNING,
            f"This host's clock is {abs(skew)} ms {behind} the exchange's. Orders carry the exchange's time, and logs "
            "the host's. Let the host's clock be kept by NTP.",
        )


def of_config(answer: Outcome[AccountConfig], account: Account) -> Iterator[Finding]:
    """What accountConfig says of the account as a whole."""
    if not isinstance(answer, Accepted):
        yield _unread_account(answer, account)
        return
    config = answer.value
    if not config.can_trade:
        yield refusal(
            Check.KEY,
            f"Account {account}: the exchange says that it may not trade (canTrade is false). {NOTHING} See at the "
            "exchange why the account is restricted.",
        )
    if not config.hedge_mode:
        yield refusal(
            Check.MODE,
            f"Account {account} is in one-way mode, and this program works LONG and SHORT legs of hedge mode only. "
            f"{NOTHING} Switch the account to hedge mode (which the exchange permits only without positions and open "
            "orders), then start again.",
        )
    if config.multi_assets and not account.allow.multi_assets:
        yield refusal(
            Check.MULTI_ASSETS,
            f"Account {account} is in multi-assets mode, where liquidation depends on every asset and is not foreseen "
            f"here. {NOTHING} Switch to single-asset mode at the exchange, or allow it with allow: {{multi_assets: "
            "true}.",
        )


def _unread_account(failure: Failure, account: Account) -> Finding:
    if isinstance(failure, AuthLost):
        return refusal(
            Check.KEY,
            f"Account {account}: the exchange does not accept the API key ({why(failure)}). {NOTHING} Check the key "
            "and its secret, that it belongs to this venue, that it may use futures, and that it allows this host's "
            "address.",
        )
    return refusal(
        Check.ACCOUNT,
        f"Account {account}: its configuration could not be read ({why(failure)}), so its position mode is not known. "
        f"{NOTHING} See what the exchange says about this code, then start again.",
    )


def moves_funds(right: str) -> bool:
    """Whether a right of a key lets it move money out: by its name, so that new ones are met too."""
    return "withdraw" in right.lower() or "transfer" in right.lower()


def of_rights(answer: Outcome[KeyRights | None], account: Account, server_ms: int) -> Iterator[Finding]:
    """What the key may do beyond its task, or that this cannot be read."""
    if not isinstance(answer, Accepted):
        yield _unread_rights(why(answer), account, server_ms)
    elif answer.value is not None:
        yield from _of_known(answer.value, account)
    elif account.venue is Venue.PAPER:
        return  # which has no key
    elif account.venue is Venue.LIVE:
        yield _unread_rights("the venue's addresses have none for it", account, server_ms)
    else:
        yield remark(Check.KEY, Severity.INFO, f"Account {account}: this venue does not tell the rights of keys.")


def _of_known(known: KeyRights, account: Account) -> Iterator[Finding]:
    for right, held in known.rights.items():
        if held and moves_funds(right) and right not in account.allow.key_rights:
            yield refusal(
                Check.KEY,
                f"Account {account}: the API key may move money out of it ({right}), which this program never needs. "
                f"{NOTHING} Take that right from the key at the exchange, or allow it by name with "
                f"allow: {{key_rights: [{right}]}}.",
            )
    if not known.rights.get("enableFutures", True):
        yield refusal(
            Check.KEY,
            f"Account {account}: the API key may not trade futures (enableFutures is false). {NOTHING} Give the key "
            "that right at the exchange; a key made before the futures account was opened cannot have it: make a new "
            "one.",
        )
    if not known.ip_restricted:
        yield remark(
            Check.KEY,
            Severity.WARNING,
            f"Account {account}: the API key works from any address. Bind it to this host's address at the exchange: "
            "that is what protects the account if the key is stolen.",
        )


def _unread_rights(reason: str, account: Account, server_ms: int) -> Finding:
    passed = account.key_passed_ms
    if passed is not None and server_ms - passed <= PASS_MS:
        hours = max(0, server_ms - passed) // 3_600_000
        text = (
            f"Account {account}: what the API key may do could not be read ({reason}). It was read and good {hours} "
            "hours ago, so the program goes on. See why it cannot be read: after 24 hours without it the start is "
            "refused."
        )
        return remark(Check.RIGHTS_UNREAD, Severity.ALARM, text)
    return refusal(
        Check.RIGHTS_UNREAD,
        f"Account {account}: what the API key may do could not be read ({reason}), and it did not pass within the last "
        f"24 hours. {NOTHING} The address that tells it is another one than that of futures: see whether this host "
        "reaches it, then start again.",
    )


def of_rules(symbol: str, answer: Outcome[ev.RulesLoaded]) -> Iterator[Finding]:
    """A listed symbol: whether it exists, and trades."""
    if isinstance(answer, Accepted):
        status = answer.value.rules.status
        if status != "TRADING":
            yield remark(
                Check.SYMBOL,
                Severity.WARNING,
                f"{symbol} is not trading now: its status is {status}. It is worked when it trades again; until then "
                "the exchange takes no orders for it.",
                symbol,
            )
    elif isinstance(answer, Rejected) and answer.code == UNKNOWN_SYMBOL:
        yield refusal(
            Check.SYMBOL,
            f"{symbol} stands under symbols: and the exchange has no such perpetual contract. {NOTHING} Correct the "
            "name (such as BTC/USDT:USDT), or take it out of the configuration.",
            symbol,
        )
    else:
        yield refusal(
            Check.SYMBOL,
            f"{symbol}: its rules could not be read ({why(answer)}). {NOTHING} See what the exchange says about this "
            "code, then start again.",
            symbol,
        )


def of_snapshot(answer: Outcome[ev.AccountSnapshot], account: Account, managed: frozenset[str]) -> Iterator[Finding]:
    """Positions and orders as they are; nothing of it refuses.  ``managed`` empty: every symbol is."""
    if not isinstance(answer, Accepted):
        text = f"Account {account}: positions and orders could not be read yet ({why(answer)}); it is tried again."
        yield remark(Check.ACCOUNT, Severity.WARNING, text)
        return
    read = answer.value
    if read.positions is not None and not any(p.qty > 0 and _is_in(p.symbol, managed) for p in read.positions):
        text = f"Account {account} holds no managed position: nothing is sent until there is one."
        yield remark(Check.ACCOUNT, Severity.INFO, text)
    counts = Counter((o.symbol, o.client_id.startswith(f"{account.prefix}-")) for o in read.orders or ())
    for (symbol, own), count in sorted(counts.items()):
        whose = "left by an earlier run: cancelled before anything new" if own else "of others, which are not touched"
        yield remark(Check.ACCOUNT, Severity.INFO, f"{symbol}: {count} open orders {whose}.", symbol)


def _is_in(symbol: str, managed: frozenset[str]) -> bool:
    return not managed or symbol in managed
