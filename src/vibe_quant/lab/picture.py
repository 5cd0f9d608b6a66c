"""Draws an exit: the market, own orders over their lives, fills by role, and the position coming down."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

from vibe_quant.config.problems import plain
from vibe_quant.lab.result import ReplayResult

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MARKET = "#9aa5b1"
ORDER = "#3b6fb6"
MAKER = "#1b9e77"
TAKER = "#d95f02"
INK = "#2b3440"
Point = tuple[float, float]


@dataclass(slots=True)
class Bar:
    """A slice of time: lowest bid, highest ask, and the first mid; ``at`` in epoch ms."""

    at: int
    low: Decimal
    high: Decimal
    mid: Decimal


@dataclass(slots=True)
class OrderLife:
    """An own order from its first report to its end, epoch ms; ``ended`` None: it still lives.

    ``price`` zero: a market order.
    """

    began: int
    ended: int | None
    price: Decimal


@dataclass(frozen=True, slots=True)
class Fill:
    """One execution."""

    at: int
    price: Decimal
    qty: Decimal
    maker: bool


@dataclass(frozen=True, slots=True)
class Scene:
    """All that is drawn; ``bars`` are the span of the picture, ``position`` steps in order of time."""

    result: ReplayResult
    bars: tuple[Bar, ...]
    orders: tuple[OrderLife, ...]
    fills: tuple[Fill, ...]
    position: tuple[tuple[int, Decimal], ...]

    @property
    def start(self) -> int:
        """Where the axis of seconds begins, epoch ms."""
        return self.bars[0].at if self.bars else 0

    @property
    def end(self) -> int:
        """The last moment drawn."""
        return max(self.start + 1, self.bars[-1].at if self.bars else 0)


def draw(scene: Scene, path: Path) -> None:
    """Write the picture as PNG.

    Raises:
        OSError: it cannot be written.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(12, 7.2), dpi=120, layout="constrained")
    FigureCanvasAgg(figure)
    prices, position = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
    _market(prices, scene)
    _orders(prices, scene)
    _fills(prices, scene)
    _position(position, scene)
    for axes in (prices, position):
        _frame(axes)
    prices.set_xlim(0, _seconds(scene, scene.end))
    prices.legend(loc="best", frameon=False, fontsize=9, ncols=2)
    figure.suptitle(_title(scene.result), x=0.01, ha="left", fontsize=12, color=INK)
    figure.savefig(path, format="png")


def _seconds(scene: Scene, at: int) -> float:
    return (at - scene.start) / 1000


def _market(axes: Axes, scene: Scene) -> None:
    at = [_seconds(scene, bar.at) for bar in scene.bars]
    low, high = [float(bar.low) for bar in scene.bars], [float(bar.high) for bar in scene.bars]
    axes.fill_between(at, low, high, step="post", color=MARKET, alpha=0.45, linewidth=0, label="bid to ask")
    axes.plot(at, [float(bar.mid) for bar in scene.bars], color=MARKET, linewidth=0.8, drawstyle="steps-post")
    arrival = scene.result.cost.arrival_mid
    if arrival is not None:
        axes.axhline(
            float(arrival),
            color=INK,
            linewidth=0.9,
            linestyle=(0, (5, 4)),
            label=f"arrival mid {plain(round(arrival, 8))}",
        )
    axes.set_ylabel("price", color=INK)


def _orders(axes: Axes, scene: Scene) -> None:
    """Each order a line at its price as long as it lived; one that lived no visible time is still a stroke."""
    from matplotlib.collections import LineCollection

    least = _seconds(scene, scene.end) / 400
    lines: list[list[Point]] = []
    for order in scene.orders:
        if order.price:
            began = _seconds(scene, order.began)
            ended = _seconds(scene, scene.end if order.ended is None else order.ended)
            lines.append([(began, float(order.price)), (max(ended, began + least), float(order.price))])
    axes.add_collection(LineCollection(lines, colors=ORDER, linewidths=1.3, alpha=0.75, label="own orders"))


def _fills(axes: Axes, scene: Scene) -> None:
    """Areas in proportion to the quantity, the largest fill the same size in every picture."""
    most = max((fill.qty for fill in scene.fills), default=Decimal(1))
    for maker, colour, marker, label in ((True, MAKER, "o", "maker fill"), (False, TAKER, "X", "taker fill")):
        chosen = [fill for fill in scene.fills if fill.maker is maker]
        if not chosen:
            continue
        axes.scatter(
            [_seconds(scene, fill.at) for fill in chosen],
            [float(fill.price) for fill in chosen],
            s=[8 + 60 * float(fill.qty / most) for fill in chosen],
            c=colour,
            marker=marker,
            linewidths=0.4,
            edgecolors="white",
            zorder=3,
            label=f"{label} ({len(chosen)})",
        )


def _position(axes: Axes, scene: Scene) -> None:
    steps: Sequence[tuple[int, Decimal]] = scene.position
    if steps:
        last = (max(scene.end, steps[-1][0]), steps[-1][1])
        at, left = _columns((_seconds(scene, when), float(qty)) for when, qty in [*steps, last])
        axes.step(at, left, where="post", color=INK, linewidth=1.4)
        axes.fill_between(at, left, step="post", color=INK, alpha=0.12, linewidth=0)
    axes.set_ylim(bottom=0)
    axes.set_ylabel("position", color=INK)
    axes.set_xlabel("seconds", color=INK)


def _columns(points: Iterable[Point]) -> tuple[list[float], list[float]]:
    pairs = list(points)
    return [x for x, _ in pairs], [y for _, y in pairs]


def _frame(axes: Axes) -> None:
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(MARKET)
    axes.tick_params(colors=INK, labelsize=9)
    axes.grid(axis="y", color=MARKET, alpha=0.25, linewidth=0.6)
    axes.ticklabel_format(axis="y", useOffset=False, style="plain")


def _title(result: ReplayResult) -> str:
    cost = result.cost
    price = "no fill" if cost.all_in_bps is None else f"all in {cost.all_in_bps:+.2f} bps"
    share = "" if cost.maker_share is None else f", {cost.maker_share * 100:.0f} % maker"
    return (
        f"{cost.symbol} {cost.side}, {' + '.join(result.strategies)}: {plain(cost.filled_qty)} of {plain(cost.qty)} "
        f"in {cost.duration_ms / 1000:.0f} s, {price}{share}"
    )
