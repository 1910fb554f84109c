"""From a request to the orders that it stands for: the entry, and the legs of a complex order."""

from __future__ import annotations

from tradebot.core.domain.orders import OrderStatus, Side
from tradebot.sim.venue_book import Book
from tradebot.sim.venue_orders import LIMIT, OCO, STOP, STOP_LEG, STOP_LIMIT, TARGET_LEG, NewOrder, VenueOrder


def entry(request: NewOrder, book: Book, now_ns: int, expires_ns: int) -> VenueOrder:
    """The order itself; in an OCO that is the target."""
    oco = request.order_class == OCO
    broker_id = book.unique()
    return VenueOrder(
        id=broker_id,
        client_order_id=request.client_order_id or book.unique(),
        seq=len(book.orders),
        symbol=request.symbol,
        side=request.side,
        kind=request.kind,
        time_in_force=request.time_in_force,
        qty=request.qty,
        status=OrderStatus.PENDING_NEW,
        created_ns=now_ns,
        updated_ns=now_ns,
        submitted_ns=now_ns,
        expires_ns=expires_ns,
        limit_units=request.take_profit_units if oco else request.limit_units,
        stop_units=request.stop_units,
        trail_units=request.trail_units,
        trail_percent=request.trail_percent,
        extended_hours=request.extended_hours,
        order_class=request.order_class,
        leg=TARGET_LEG if oco else "",
    )


def legs(request: NewOrder, parent: VenueOrder, book: Book) -> list[VenueOrder]:
    """Target and stop, held until the entry has filled (in an OCO: the stop, live at once). The parent is in the book already."""
    exits = request.side if request.order_class == OCO else Side.SELL if request.side is Side.BUY else Side.BUY
    made = []
    if request.take_profit_units and request.order_class != OCO:
        made.append(_leg(parent, exits, TARGET_LEG, LIMIT, request.take_profit_units, 0, book))
    if request.stop_loss_units:
        limit = request.stop_loss_limit_units
        made.append(_leg(parent, exits, STOP_LEG, STOP_LIMIT if limit else STOP, limit, request.stop_loss_units, book))
    for n, leg in enumerate(made):
        leg.seq = len(book.orders) + n
    return made


def _leg(parent: VenueOrder, side: Side, leg: str, kind: str, limit_units: int, stop_units: int, book: Book) -> VenueOrder:
    order = parent.snapshot()
    order.id, order.client_order_id = book.unique(), book.unique()
    order.side, order.kind, order.leg, order.parent_id = side, kind, leg, parent.id
    order.limit_units, order.stop_units = limit_units, stop_units
    order.status = OrderStatus.PENDING_NEW if parent.order_class == OCO else OrderStatus.HELD
    return order
