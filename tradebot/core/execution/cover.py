"""What rests at the broker beside what is held: shares that no stop covers, and stops and targets for more than there is.

    uncovered(book) == {} and overcovered(book) == {}    once every report is in, for symbols that are not being closed

A leg counts when it can act: a held leg of an entry that has not filled completely protects nothing yet (WIRE.md 2.2), and an order that is
to take another's place counts once that one has ended.
"""

from __future__ import annotations

from typing import NamedTuple

from tradebot.core.domain.book import Book, WorkingOrder
from tradebot.core.domain.orders import OrderStatus, Role


class Cover(NamedTuple):
    """Shares of a symbol that open stops, and open targets, would close."""

    stop_qty: int
    target_qty: int


NO_COVER = Cover(0, 0)


def covers(book: Book) -> dict[str, Cover]:
    """By symbol; only symbols with an open stop or target."""
    found: dict[str, Cover] = {}
    for order in book.open_orders():
        if order.role is not Role.STOP and order.role is not Role.TARGET:
            continue
        qty, (stops, targets) = acting_qty(book, order), found.get(order.symbol, NO_COVER)
        found[order.symbol] = Cover(stops + qty, targets) if order.role is Role.STOP else Cover(stops, targets + qty)
    return found


def acting_qty(book: Book, leg: WorkingOrder) -> int:
    """Shares that an open stop or target would close if its price came now."""
    if leg.replaces:
        old = book.orders.get(leg.replaces)
        if old is not None and old.is_open:
            return 0
    return 0 if leg.status is OrderStatus.HELD and not is_armed(book, leg) else leg.open_qty


def is_armed(book: Book, leg: WorkingOrder) -> bool:
    """A held leg acts by itself: its entry has filled completely, or it is an OCO's stop, which some brokers call held while it works."""
    head = book.orders.get(leg.group)
    while head is not None and head.status is OrderStatus.REPLACED:
        head = next((o for o in book.orders.values() if o.replaces == head.key), None)
    return head is None or head.status is OrderStatus.FILLED or (head.role is Role.TARGET and head.is_open)


def legs_are_unknown(book: Book, symbol: str) -> bool:
    """Legs of the symbol rest at the broker, or have filled, and no word has shown them: a sale could turn the position around."""
    return any(order.symbol == symbol for order in book.legless_entries())


def uncovered(book: Book) -> dict[str, int]:
    """Shares held that no stop covers, by symbol."""
    found = covers(book)
    return {
        symbol: missing
        for symbol, position in book.positions.items()
        if position.qty and (missing := abs(position.qty) - found.get(symbol, NO_COVER).stop_qty) > 0
    }


def overcovered(book: Book) -> dict[str, int]:
    """Shares by which open stops, or open targets, exceed what is held: they could turn the position around."""
    return {
        symbol: surplus
        for symbol, cover in covers(book).items()
        if (surplus := max(cover.stop_qty, cover.target_qty) - abs(book.qty(symbol))) > 0
    }
