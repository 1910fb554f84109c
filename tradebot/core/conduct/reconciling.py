"""What follows when the broker's books have been read: the opening balance, splits, disputes, and locks that lift.

A symbol in dispute is reduced only, up to what both agree is held. The lock lifts by itself when our books have moved to the broker's
(reports explained it); when the broker's came back to ours, nobody explained it, and it is a person's.
"""

from __future__ import annotations

from typing import Final

import msgspec

from tradebot.core.conduct import safety
from tradebot.core.conduct.protecting import settle
from tradebot.core.config import EngineConfig
from tradebot.core.domain.book import Position
from tradebot.core.domain.commands import Alert, Command
from tradebot.core.domain.events import AccountReconciled
from tradebot.core.domain.orders import Fill
from tradebot.core.execution.reconcile import GRACE_NS, Dispute, compare, split_of
from tradebot.core.state import Safety, State

_BACK: Final = " (gone by itself, unexplained)"
DIFFER: Final = "books differ from the broker's: "
ADOPTED: Final = "the broker's books are ours now"


def reconciled(state: State, config: EngineConfig, event: AccountReconciled) -> list[Command]:
    """Open the book with the first reading; compare with every later one."""
    book = state.book
    if not book.opened:
        book.open_with(event.account_number, event.cash_units, event.positions)
        book.opened_ns = event.ts_event_ns
        return []
    commands = [*_splits(state, event), *_blocked(state, event)]
    comparison = compare(book, event, state.filled_ns)
    theirs = {p.symbol: p.qty for p in event.positions}
    if state.adopting:
        commands += _adopt(state, event, set(comparison.found))
        comparison = compare(book, event, state.filled_ns)
    for symbol, words in comparison.found.items():
        dispute = Dispute(book.qty(symbol), theirs.get(symbol, 0))
        known = state.disputes.get(symbol) == dispute if symbol else False
        commands.append(Alert("warning" if known else "critical", f"{DIFFER}{words}"))
        if symbol:
            state.locked[symbol], state.disputes[symbol] = words, dispute
    commands += _lift(state, set(comparison.found), theirs)
    commands += safety.resume(state, clean=not comparison.found and not comparison.waits)
    state.disputes = {symbol: dispute for symbol, dispute in state.disputes.items() if symbol in state.locked}
    return commands + settle(state, config) if commands else commands


def note_fill(state: State, fill: Fill) -> None:
    """A fill moves the broker's position too, and its books may lag."""
    state.filled_ns[fill.symbol] = state.now_ns
    dispute = state.disputes.get(fill.symbol)
    if dispute is not None:
        dispute.theirs += fill.side.sign * fill.qty


def _lift(state: State, found: set[str], theirs: dict[str, int]) -> list[Command]:
    alerts: list[Command] = []
    for symbol, dispute in list(state.disputes.items()):
        held = state.book.qty(symbol)
        if symbol in found or held != theirs.get(symbol, 0):
            continue
        if held != dispute.ours:
            del state.locked[symbol], state.disputes[symbol]
            alerts.append(Alert("info", f"{symbol}: reports explain the difference, both hold {held}; unlocked"))
        elif not state.locked[symbol].endswith(_BACK):
            state.locked[symbol] += _BACK
            alerts.append(Alert("critical", f"{symbol}: the broker says {held} again and no report explains it; resume when you know why"))
    return alerts


def _blocked(state: State, event: AccountReconciled) -> list[Command]:
    """The broker has blocked the account (F40): nothing new until a person resumes."""
    if not event.blocked or state.safety is not Safety.ACTIVE:
        return []
    safety.tighten(state, Safety.REDUCING, event.blocked)
    return [Alert("critical", f"nothing new: {event.blocked}")]


def _splits(state: State, event: AccountReconciled) -> list[Command]:
    """Shares that a split has made more or fewer: books, marks and plans follow; no report will come (F55)."""
    alerts: list[Command] = []
    for fact in event.positions:
        position = state.book.positions.get(fact.symbol)
        if position is None or state.filled_ns.get(fact.symbol, 0) >= event.ts_event_ns - GRACE_NS:
            continue
        found = split_of(position, fact)
        if found is None:
            continue
        new, old = found
        before = position.qty
        _rescale(state, position, fact.qty, new, old)
        state.frozen[fact.symbol] = f"split {new} for {old}: its features remember the old prices"
        alerts.append(Alert("critical", f"{fact.symbol}: split {new} for {old}, {before} shares are {fact.qty}; no entries until resumed"))
    return alerts


def _rescale(state: State, position: Position, qty: int, new: int, old: int) -> None:
    """`position` has `qty` shares now. What a remainder cost is given up: its cash is posted by itself."""
    symbol, whole = position.symbol, position.qty * new
    kept = position.cost_units if qty * old == whole else position.cost_units * qty * old // whole
    position.realised_units -= position.cost_units - kept
    position.qty, position.cost_units = qty, kept
    n = state.place(symbol)
    if n >= 0:
        state.marks[n] = int(state.marks[n]) * old // new
    if symbol in state.plans:
        state.plans[symbol].rescale(new, old)
    trade = state.trades.open.get(symbol)
    if trade is not None:
        state.trades.open[symbol] = msgspec.structs.replace(
            trade,
            qty=trade.qty * new // old,
            exit_qty=trade.exit_qty * new // old,
            stop_units=trade.stop_units * old // new,
            target_units=trade.target_units * old // new,
        )


def _adopt(state: State, event: AccountReconciled, found: set[str]) -> list[Command]:
    """A person says that the broker is right: the symbols in dispute and the cash become what it says."""
    reason, state.adopting = state.adopting, ""
    book, facts = state.book, {p.symbol: p for p in event.positions}
    changed = []
    for symbol in sorted(found - {""}):
        fact = facts.get(symbol)
        changed.append(f"{symbol} {book.qty(symbol)} -> {fact.qty if fact else 0}")
        realised = book.positions[symbol].realised_units if symbol in book.positions else 0
        book.positions[symbol] = Position(symbol, fact.qty if fact else 0, fact.cost_units if fact else 0, realised)
        state.trades.open.pop(symbol, None)
        state.plans.pop(symbol, None)
        state.locked.pop(symbol, None)
        state.disputes.pop(symbol, None)
    if found:
        book.cash_units = event.cash_units
    return [Alert("critical", f"{ADOPTED} ({reason}): {', '.join(changed) or 'nothing differed'}")]
