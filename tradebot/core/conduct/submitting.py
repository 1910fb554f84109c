"""From intents to commands, and entries taken back."""

from __future__ import annotations

from collections.abc import Sequence

from tradebot.core.domain.commands import CancelOrder, Command, SubmitOrder
from tradebot.core.domain.orders import OrderIntent, Role
from tradebot.core.state import State


def submit(state: State, intents: Sequence[OrderIntent]) -> list[Command]:
    """Enter intents into the book and ask for them to be sent."""
    for intent in intents:
        state.book.intend(intent)
    return [SubmitOrder(intent) for intent in intents]


def cancel_entries(state: State, reason: str) -> list[Command]:
    """Cancel entries that have not filled."""
    commands: list[Command] = []
    for order in state.book.open_orders():
        if order.role is Role.ENTRY and order.broker_id and not order.cancel_sent:
            order.cancel_sent = True
            commands.append(CancelOrder(order.broker_id, order.key, reason))
    return commands
