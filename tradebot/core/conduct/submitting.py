"""From intents to commands, and entries taken back."""

from __future__ import annotations

from collections.abc import Sequence

from tradebot.core.domain.commands import Alert, CancelOrder, Command, SubmitOrder
from tradebot.core.domain.orders import OrderIntent, Role
from tradebot.core.domain.units import NS_PER_S
from tradebot.core.execution import planner
from tradebot.core.risk.exposure import reducing_refusal
from tradebot.core.state import State


def submit(state: State, intents: Sequence[OrderIntent]) -> list[Command]:
    """Enter intents into the book and ask for them to be sent. An exit that would sell what isn't there, or twice, is held back."""
    commands: list[Command] = []
    for intent in intents:
        refusal = reducing_refusal(state.book, intent) if intent.role is Role.EXIT else None
        if refusal is not None:
            commands.append(Alert("critical", f"an exit of {intent.qty} {intent.symbol} is held back: {refusal}"))
            continue
        state.book.intend(intent)
        commands.append(SubmitOrder(intent))
    return commands


def cancel_overdue(state: State, patience_s: float) -> list[Command]:
    """Take back entries that have not filled in time, also the rest of one that has in part; once a minute, until the broker says so."""
    commands: list[Command] = []
    for order in planner.overdue(state.book, state.now_ns, patience_s) if state.book.working else ():
        if order.symbol in state.closing:
            continue  # the close takes its entry back
        if not order.cancel_sent and not order.filled_qty:
            state.unfilled[order.symbol] = state.unfilled.get(order.symbol, 0) + 1
        order.cancel_sent = True
        waited_s = (state.now_ns - order.decided_ns) / NS_PER_S
        commands.append(CancelOrder(order.broker_id, order.key, f"{order.open_qty} of {order.qty} not filled after {waited_s:.0f} s"))
    return commands


def cancel_entries(state: State, reason: str, symbol: str | None = None) -> list[Command]:
    """Cancel entries that have not filled, of one symbol or of all."""
    commands: list[Command] = []
    for order in state.book.open_orders(symbol):
        if order.role is Role.ENTRY and order.broker_id and not order.cancel_sent:
            order.cancel_sent = True
            commands.append(CancelOrder(order.broker_id, order.key, reason))
    return commands
