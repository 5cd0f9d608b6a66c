"""The account's own events as they are written: what must be there typed, what may be missing or odd left raw."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from vibe_quant.binance.frame_numbers import Millis, Number
from vibe_quant.binance.rest_codec import WireSide
from vibe_quant.domain.enums import OrderSide

ABSENT = msgspec.Raw()


class UserFrame(msgspec.Struct, tag_field="e"):
    """An event of the user stream."""


class OrderBody(msgspec.Struct):
    """``z`` cumulative; ``l``, ``L``, ``t``, ``m``, ``n``, ``N``, ``rp`` of the last trade.

    What a position does not hang on (``ap``, ``n``, ``rp``, ``er``) is raw: an odd one does not cost the event.
    """

    s: str
    c: str
    S: OrderSide
    o: str
    q: Decimal
    p: Decimal
    X: str
    i: Number
    z: Decimal
    ps: WireSide
    x: str = ""
    l: Decimal = Decimal(0)  # noqa: E741 - the exchange's name
    L: Decimal = Decimal(0)
    t: Number = 0
    m: bool = False
    N: str | None = None
    ap: msgspec.Raw = ABSENT
    n: msgspec.Raw = ABSENT
    rp: msgspec.Raw = ABSENT
    er: msgspec.Raw = ABSENT


class OrderTradeUpdate(UserFrame, tag="ORDER_TRADE_UPDATE"):
    """An order changed."""

    T: Millis
    o: OrderBody


class BalanceRow(msgspec.Struct):
    """A wallet."""

    a: str
    wb: Decimal
    cw: Decimal


class PositionRow(msgspec.Struct):
    """A leg; ``pa`` signed."""

    s: str
    ps: WireSide
    pa: Decimal
    ep: Decimal
    mt: str = "cross"
    iw: Decimal = Decimal(0)


class AccountBody(msgspec.Struct):
    """Only what has changed; ``m`` is the reason."""

    B: list[BalanceRow] = []
    P: list[PositionRow] = []
    m: str = ""


class AccountUpdate(UserFrame, tag="ACCOUNT_UPDATE"):
    """Wallets and legs changed."""

    T: Millis
    a: AccountBody


class LeverageBody(msgspec.Struct):
    """A symbol's leverage."""

    s: str
    l: Number  # noqa: E741 - the exchange's name


class AssetsBody(msgspec.Struct):
    """The account's multi-assets mode."""

    j: bool


class AccountConfigUpdate(UserFrame, tag="ACCOUNT_CONFIG_UPDATE"):
    """One of the two."""

    T: Millis
    ac: LeverageBody | None = None
    ai: AssetsBody | None = None


class AlgoBody(msgspec.Struct):
    """A cancelled one lacks ``wt`` and ``cp``; ``ai`` is empty until an order was sent, ``aq`` absent."""

    caid: str
    aid: Number
    s: str
    S: OrderSide
    ps: WireSide
    o: str
    q: Decimal
    X: str
    tp: Decimal = Decimal(0)
    at: str = "CONDITIONAL"
    p: Decimal = Decimal(0)
    wt: str = ""
    cp: bool = False
    ai: msgspec.Raw = ABSENT
    aq: msgspec.Raw = ABSENT
    rm: str | None = None


class AlgoUpdate(UserFrame, tag="ALGO_UPDATE"):
    """A conditional order changed."""

    T: Millis
    o: AlgoBody


class CalledRow(msgspec.Struct):
    """A leg that a margin call is about."""

    s: str = ""
    ps: str = ""


class MarginCall(UserFrame, tag="MARGIN_CALL"):
    """The exchange's own warning, which may come after the liquidation."""

    E: Number = 0
    p: list[CalledRow] = []


class ListenKeyExpired(UserFrame, tag="listenKeyExpired"):
    """Nothing more comes under this key."""

    E: Number = 0
    listenKey: str = ""  # noqa: N815


class TradeLite(UserFrame, tag="TRADE_LITE"):
    """A fill ahead of its report; it has neither leg nor state."""


class TriggerReject(UserFrame, tag="CONDITIONAL_ORDER_TRIGGER_REJECT"):
    """Superseded by ALGO_UPDATE."""


class StrategyUpdate(UserFrame, tag="STRATEGY_UPDATE"):
    """Of the exchange's own strategies."""


class GridUpdate(UserFrame, tag="GRID_UPDATE"):
    """Of the exchange's own grids."""


Ignored = TradeLite | TriggerReject | StrategyUpdate | GridUpdate
AnyUserFrame = (
    OrderTradeUpdate | AccountUpdate | AccountConfigUpdate | AlgoUpdate | MarginCall | ListenKeyExpired | Ignored
)


class WrappedUserFrame(msgspec.Struct):
    """As ``/private/stream`` sends it: the stream's name is the listen key, and is not kept."""

    data: AnyUserFrame
    stream: str = ""
