"""Sets the stage of a replay: settings of the one side, instrument rules, the simulated account, what is assumed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal

from vibe_quant.config.loader import ConfigLoader
from vibe_quant.config.symbols import fault_of
from vibe_quant.domain.account import unrealized_pnl
from vibe_quant.domain.enums import PositionSide
from vibe_quant.domain.events import Quote
from vibe_quant.domain.rules import Brackets, SymbolRules, maintenance_margin
from vibe_quant.domain.settings import Manage, Settings, SymbolSettings
from vibe_quant.domain.strategy_settings import StrategyName
from vibe_quant.lab.request import ReplayError, ReplayRequest
from vibe_quant.sim.exchange import SimExchange
from vibe_quant.sim.switches import Switches
from vibe_quant.tapes.brackets import default_brackets
from vibe_quant.tapes.info import describe
from vibe_quant.tapes.open import open_tape
from vibe_quant.tapes.rules import infer_rules, load_rules
from vibe_quant.tapes.tape import Tape


@dataclass(frozen=True, slots=True)
class Stage:
    """All that a replay needs before its first event; ``notes`` are sentences about what was assumed."""

    tape: Tape
    settings: Settings
    rules: SymbolRules
    brackets: Brackets
    entry: Decimal
    notes: tuple[str, ...]


def set_stage(request: ReplayRequest) -> Stage:
    """Open and read everything that the request names.

    Raises:
        ReplayError: the request does not fit the tape.
        TapeError: the tape or the rules cannot be used.
        FileProblem, ConfigError: the configuration cannot be read, or is not valid.
    """
    fault = fault_of(request.symbol)
    if fault is not None:
        raise ReplayError(f"--symbol {request.symbol}: {fault}")
    chosen, said = _configured(request)
    tape = open_tape(request.tape, request.symbol)
    notes = [*said, *_about(tape)]
    rules = _rules(request, tape, notes)
    chosen = _with_threshold(request, chosen, tape, notes)
    brackets = default_brackets(request.symbol)
    mid = _first_mid(tape)
    entry = request.entry or rules.floor_price(mid)
    _check_position(request, rules, brackets, entry, mid)
    return Stage(tape, _only(request, chosen), rules, brackets, entry, tuple(notes))


def exchange_of(stage: Stage, request: ReplayRequest) -> SimExchange:
    """The simulated exchange with the one position in its account."""
    exchange = SimExchange(
        {request.symbol: (stage.rules, stage.brackets)},
        {stage.rules.margin_asset: request.wallet},
        Switches(queue_model=request.queue_model),
    )
    exchange.account.leverage[request.symbol] = request.leverage
    exchange.seed_position(request.symbol, request.side, request.qty, stage.entry)
    return exchange


def _configured(request: ReplayRequest) -> tuple[Settings, list[str]]:
    """Settings in which ``default`` is what rules the symbol."""
    if request.config is None:
        return _named(Settings(), request.strategy), []
    settings = ConfigLoader().load(request.config).settings
    own = settings.of(request.symbol)
    said = [] if own else [f"{request.symbol} is not among the symbols of {request.config}: global settings used"]
    return _named(replace(settings, default=own or settings.default), request.strategy), said


def _named(settings: Settings, name: StrategyName | None) -> Settings:
    if name is None:
        return settings
    strategy = replace(settings.default.strategy, names=(name,), leader=None, weights=())
    return replace(settings, default=replace(settings.default, strategy=strategy))


def _only(request: ReplayRequest, settings: Settings) -> Settings:
    """The one symbol and side, listed; where orders go is not the configuration's to say here."""
    one: SymbolSettings = replace(settings.default, sides=(request.side,))
    return replace(settings, shared=replace(settings.shared, manage=Manage.LISTED), symbols=((request.symbol, one),))


def _about(tape: Tape) -> list[str]:
    meta, notes = tape.meta, []
    if meta.coin_margined:
        notes.append(f"{meta.recorded_symbol} is coin-margined: prices only, treated as a linear contract")
    elif meta.recorded_symbol not in (meta.symbol, meta.symbol.partition(":")[0].replace("/", "")):
        notes.append(f"the tape was recorded as {meta.recorded_symbol}")
    if not meta.has_mark:
        notes.append("mark price derived from the mid: the tape has none")
    return notes


def _rules(request: ReplayRequest, tape: Tape, notes: list[str]) -> SymbolRules:
    if request.rules is not None:
        return load_rules(request.rules, request.symbol)
    rules = infer_rules(tape, request.symbol)
    notes.append(
        f"rules inferred from the tape: tick {rules.tick}, step {rules.step}, minimum notional {rules.min_notional}"
    )
    return replace(rules, margin_asset=request.symbol.partition(":")[2])


def _with_threshold(request: ReplayRequest, settings: Settings, tape: Tape, notes: list[str]) -> Settings:
    """orderbook_pressure needs a quantity that counts as pressure; where none is set, the tape's median touch."""
    strategy = settings.default.strategy
    pressure = strategy.orderbook_pressure
    if StrategyName.ORDERBOOK_PRESSURE not in strategy.names or pressure.threshold_qty is not None:
        return settings
    info = describe(tape)
    touch = info.bid_qty_median if request.side is PositionSide.LONG else info.ask_qty_median
    notes.append(f"orderbook_pressure.threshold_qty {touch}: the median of the touch that would be taken")
    strategy = replace(strategy, orderbook_pressure=replace(pressure, threshold_qty=touch))
    return replace(settings, default=replace(settings.default, strategy=strategy))


def _first_mid(tape: Tape) -> Decimal:
    for event in tape.events():
        if isinstance(event, Quote):
            return (event.bid + event.ask) / 2
    raise ReplayError(f"{tape.path}: holds no quotes, so no order can be priced; import bookTicker files with it")


def _check_position(
    request: ReplayRequest, rules: SymbolRules, brackets: Brackets, entry: Decimal, mid: Decimal
) -> None:
    qty = request.qty
    if qty < rules.min_qty or rules.floor_qty(qty) != qty:
        raise ReplayError(
            f"--qty {qty}: not a multiple of the step {rules.step}, or below the least of {rules.min_qty}"
        )
    margin = request.wallet + unrealized_pnl(request.side, qty, entry, mid)
    needed = maintenance_margin(brackets, qty * mid)
    if margin <= needed:
        raise ReplayError(
            f"--wallet {request.wallet}: the position would be liquidated at once (margin {margin:.2f}, "
            f"{needed:.2f} needed to hold {qty} at {mid}); raise --wallet, lower --qty, or move --entry"
        )
