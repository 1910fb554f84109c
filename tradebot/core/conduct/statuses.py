"""What may be traded of the universe: halts that the stream tells of, and what the broker's list of assets says.

A halted symbol opens nothing: entries that still work are cancelled, and exits wait (an exit sent into a halt fills at whatever price the
reopening brings). What rests at the broker stays there. A bar of a minute that began after the halt ends it too: it was traded.
"""

from __future__ import annotations

from tradebot.core.conduct.submitting import cancel_entries
from tradebot.core.domain.commands import Alert, Command
from tradebot.core.domain.events import AssetsRead, MinuteClosed, SymbolHalted
from tradebot.core.state import State


def note_halt(state: State, event: SymbolHalted) -> list[Command]:
    """A halt or its end. The same word twice says nothing new."""
    symbol = event.symbol
    if event.halted == (symbol in state.halted):
        return []
    if not event.halted:
        del state.halted[symbol]
        return [Alert("info", f"{symbol} trades again: {event.reason}")]
    state.halted[symbol] = event.ts_event_ns
    state.parents.pop(symbol, None)
    waits = "; its exit waits" if symbol in state.closing else "; what protects it rests at the broker" if state.book.qty(symbol) else ""
    severity = "critical" if state.book.qty(symbol) else "warning"
    return [Alert(severity, f"{symbol} is halted: {event.reason}{waits}"), *cancel_entries(state, f"halted: {event.reason}", symbol)]


def note_assets(state: State, event: AssetsRead) -> list[Command]:
    """The broker's list takes the place of the one before."""
    before, state.untradable, state.unshortable = state.untradable, event.untradable, event.unshortable
    gone, back = sorted(set(event.untradable) - set(before)), sorted(set(before) - set(event.untradable))
    held = [symbol for symbol in gone if state.book.qty(symbol)]
    commands: list[Command] = [Alert("critical" if held else "warning", f"not tradable at the broker: {', '.join(gone)}")] if gone else []
    commands += [Alert("info", f"tradable again: {', '.join(back)}")] if back else []
    for symbol in gone:
        state.parents.pop(symbol, None)
        commands += cancel_entries(state, "not tradable", symbol)
    return commands


def resumed_by_bars(state: State, minute: MinuteClosed) -> list[Command]:
    """Symbols that traded in a minute that began after their halt are halted no more: the word of it was missed."""
    back = [s for s, ns in state.halted.items() if (n := state.place(s)) >= 0 and minute.present[n] and minute.minute_ns >= ns]
    for symbol in back:
        del state.halted[symbol]
    return [Alert("info", f"{symbol} trades again: it has a bar") for symbol in back]
