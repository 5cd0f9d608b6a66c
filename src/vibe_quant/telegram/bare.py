"""What was to be told, in bare words: for the day on which a card cannot be made, so that no alarm is lost by it."""

from __future__ import annotations

from vibe_quant.domain.intents import Notify
from vibe_quant.domain.status import ExitCost
from vibe_quant.telegram.fill_pile import FillSum
from vibe_quant.telegram.mailbox import Batch, Item, Ready
from vibe_quant.telegram.wording import Html, safe

HEAD = "(The cards of these could not be made, by a defect; see /logs.)"


def bare(batch: Batch) -> Html:
    """Each thing on a line, in English as the program says it."""
    lines = [HEAD, *(_item(item) for item in batch.items), *(_fill(fill) for fill in batch.fills)]
    return Html("\n".join(safe(line) for line in lines))


def _item(item: Item) -> str:
    match item.content:
        case Notify():
            return f"{item.content.severity.value.upper()} {item.content.symbol or ''} {item.content.text}"
        case ExitCost():
            return f"{item.content.symbol} {item.content.side}: an exit is over"
        case Ready():
            return item.content.text


def _fill(fill: FillSum) -> str:
    return f"{fill.symbol} {fill.side}: {fill.count} fills, {fill.qty} closed"
