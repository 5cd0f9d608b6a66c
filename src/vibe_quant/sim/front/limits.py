"""How often one may ask: weight of an address a minute, orders of the account, 429 and the bans that follow.

Windows are those of the clock: the minute, and ten seconds of it.
"""

from __future__ import annotations

from dataclasses import dataclass

from vibe_quant.sim.records import Rejected

MINUTE_MS = 60_000
TEN_SECONDS_MS = 10_000
EVERYBODY = "*"


class Throttled(Rejected):
    """-1003 or -1015: come back after ``wait_ms``."""

    def __init__(self, code: int, message: str, http: int, wait_ms: int) -> None:
        super().__init__(code, message, http)
        self.wait_ms = wait_ms

    @property
    def retry_after(self) -> str:
        """Header Retry-After: whole seconds, rounded up, at least 1."""
        return str(max(1, -(-self.wait_ms // 1000)))


@dataclass(frozen=True, slots=True)
class LimitRules:
    """What is allowed.

    ``patience`` is how many 429 an address may get within one minute; the call after that is banned.  Each further ban
    is twice as long as the last, up to ``longest_ban_ms``.
    """

    weight_1m: int = 2400
    orders_10s: int = 300
    orders_1m: int = 1200
    patience: int = 10
    first_ban_ms: int = 2 * MINUTE_MS
    longest_ban_ms: int = 3 * 24 * 60 * MINUTE_MS


class Window:
    """A count that starts anew with each window of the clock."""

    def __init__(self, length_ms: int) -> None:
        self._length_ms = length_ms
        self._number = 0
        self._used = 0

    def used(self, now: int) -> int:
        """Count of the window that holds ``now``."""
        return self._used if now // self._length_ms == self._number else 0

    def add(self, amount: int, now: int) -> int:
        """Count, and return the new count; never below zero."""
        self._used = max(0, self.used(now) + amount)
        self._number = now // self._length_ms
        return self._used

    def left_ms(self, now: int) -> int:
        """Until the next window, 1 ms at least."""
        return self._length_ms - now % self._length_ms


class _Address:
    def __init__(self) -> None:
        self.weight = Window(MINUTE_MS)
        self.refused = Window(MINUTE_MS)
        self.bans = 0
        self.banned_until = 0


class Limits:
    """Counts of every address and of the account."""

    def __init__(self, rules: LimitRules | None = None) -> None:
        self.rules = rules or LimitRules()
        self.sent_while_banned = 0
        """Calls of addresses that had been told of their ban; such bans as faults only play are in their log."""
        self._addresses: dict[str, _Address] = {}
        self._orders = (Window(TEN_SECONDS_MS), Window(MINUTE_MS))

    def used_weight(self, ip: str, now: int) -> int:
        """Weight that an address used in this minute."""
        return self._address(ip).weight.used(now)

    def order_counts(self, now: int) -> tuple[int, int]:
        """Orders of these 10 s and of this minute."""
        return self._orders[0].used(now), self._orders[1].used(now)

    def banned_until(self, ip: str, now: int) -> int | None:
        """End of an address's ban (epoch ms); None where it has none."""
        until = max(self._address(ip).banned_until, self._address(EVERYBODY).banned_until)
        return until if until > now else None

    def admit(self, ip: str, now: int) -> None:
        """Let an address in that is not banned.  Raises Throttled: -1003 with 418."""
        until = self.banned_until(ip, now)
        if until is not None:
            self.sent_while_banned += 1
            raise banned(ip, until, now)

    def charge(self, ip: str, weight: int, now: int) -> None:
        """Count a call; one that is refused counts too, and while the minute is overdrawn weight 0 is refused as well.

        Raises:
            Throttled: -1003, with 429 beyond the limit, with 418 where 429 was ignored too often.
        """
        address = self._address(ip)
        if address.weight.add(weight, now) <= self.rules.weight_1m:
            return
        if address.refused.add(1, now) > self.rules.patience:
            raise self._ban_grown(address, ip, now)
        raise too_many(ip, self.rules.weight_1m, address.weight.left_ms(now))

    def count_orders(self, orders: tuple[int, int], now: int) -> None:
        """Count (10 s, 1 min) orders of the account; those that do not fit are not counted.

        Raises:
            Throttled: -1015 with 429.
        """
        limits = ((self.rules.orders_10s, "10 SECOND"), (self.rules.orders_1m, "1 MINUTE"))
        for window, amount, (limit, name) in zip(self._orders, orders, limits, strict=True):
            if amount and window.used(now) + amount > limit:
                text = f"Too many new orders; current limit is {limit} orders per {name}."
                raise Throttled(-1015, text, 429, window.left_ms(now))
        for window, amount in zip(self._orders, orders, strict=True):
            window.add(amount, now)

    def forgive(self, ip: str, weight: int, orders: tuple[int, int], now: int) -> None:
        """Take back what a call counted: one refused under overload costs nothing."""
        self._address(ip).weight.add(-weight, now)
        for window, amount in zip(self._orders, orders, strict=True):
            window.add(-amount, now)

    def ban(self, ip: str | None, until: int) -> None:
        """Ban an address (None: all of them) until an epoch ms, which a growing ban does not come into."""
        self._address(EVERYBODY if ip is None else ip).banned_until = until

    def overdraw(self, ip: str, now: int) -> None:
        """Use up an address's weight of this minute: its next call gets 429."""
        self._address(ip).weight.add(self.rules.weight_1m + 1, now)

    def overdraw_orders(self, now: int) -> None:
        """Use up the account's orders of these 10 s and of this minute."""
        self._orders[0].add(self.rules.orders_10s, now)
        self._orders[1].add(self.rules.orders_1m, now)

    def _ban_grown(self, address: _Address, ip: str, now: int) -> Throttled:
        length = min(self.rules.first_ban_ms * 2 ** min(address.bans, 64), self.rules.longest_ban_ms)
        address.bans += 1
        address.banned_until = now + length
        return banned(ip, address.banned_until, now)

    def _address(self, ip: str) -> _Address:
        address = self._addresses.get(ip)
        if address is None:
            address = self._addresses[ip] = _Address()
        return address


def too_many(ip: str, weight_1m: int, wait_ms: int) -> Throttled:
    """The 429 of an address that used up its weight."""
    text = (
        f"Too many requests; current limit of IP({ip}) is {weight_1m} requests per minute. "
        "Please use the websocket for live updates to avoid polling the API."
    )
    return Throttled(-1003, text, 429, wait_ms)


def banned(ip: str, until: int, now: int) -> Throttled:
    """The 418 of an address that is banned until an epoch ms."""
    text = (
        f"Way too many requests; IP({ip}) banned until {until}. "
        "Please use the websocket for live updates to avoid bans."
    )
    return Throttled(-1003, text, 418, until - now)
