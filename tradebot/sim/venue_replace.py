"""Replacing an open order: a new order with a new id takes its place, and the old one ends as `replaced` (WIRE.md 2.2)."""

from __future__ import annotations

from dataclasses import replace as changed

from tradebot.core.domain.orders import OrderStatus
from tradebot.core.domain.units import units_nearest
from tradebot.sim import venue_limits as limits
from tradebot.sim import venue_rules as rules_of
from tradebot.sim.venue_exchange import Exchange
from tradebot.sim.venue_matching import trailed_stop
from tradebot.sim.venue_orders import LIMIT, STOP, STOP_LIMIT, TRAILING_STOP, Refusal, Replacement, VenueOrder

_NOT_REPLACEABLE = (OrderStatus.ACCEPTED, OrderStatus.PENDING_NEW, OrderStatus.PENDING_CANCEL, OrderStatus.PENDING_REPLACE)


def refusal(order: VenueOrder, change: Replacement, exchange: Exchange, rules: rules_of.AccountRules) -> Refusal | None:
    """Why this order cannot be replaced so, or None."""
    if order.status.is_terminal:
        return rules_of.invalid(f'order is already in "{order.status}" state')
    if order.status in _NOT_REPLACEABLE:
        return rules_of.invalid(f"cannot replace order in {order.status} status")
    if change.client_order_id and change.client_order_id in exchange.book.by_client:
        return rules_of.malformed("client_order_id must be unique")
    if (refused := _wrong_values(order, change)) is not None:
        return refused
    qty = order.qty if change.qty is None else change.qty
    limit_units = change.limit_units or order.limit_units
    more = qty - order.filled_qty
    if order.leg:
        return None
    if limits.closes(exchange, order.symbol, order.side):
        return rules_of.too_many_shares(exchange, order.symbol, order.side, more, but=order.id)
    cost = more * limits.cost_price_units(exchange, order.symbol, order.side, limit_units)
    power = limits.buying_power_units(exchange, rules.multiplier_max, but=order.id)
    return None if cost <= power else rules_of.not_enough_power(power, cost)


def _wrong_values(order: VenueOrder, change: Replacement) -> Refusal | None:
    if change.qty is not None and change.qty <= order.filled_qty:
        return rules_of.invalid("qty must be greater than the filled qty")
    if change.qty is not None and order.leg:
        return rules_of.invalid("qty of a leg follows its parent")
    allowed = {
        "limit_price": order.kind in (LIMIT, STOP_LIMIT),
        "stop_price": order.kind in (STOP, STOP_LIMIT),
        "trail": order.kind == TRAILING_STOP,
    }
    given = {"limit_price": change.limit_units, "stop_price": change.stop_units, "trail": change.trail}
    for name, value in given.items():
        if value is not None and (not allowed[name] or value <= 0):
            return rules_of.invalid(f"{name} cannot be replaced for {order.kind} orders" if value > 0 else f"{name} must be > 0")
    for name, units in (("limit_price", change.limit_units), ("stop_price", change.stop_units)):
        if units is not None and (refused := rules_of.sub_penny_price(name, units)) is not None:
            return refused
    if change.time_in_force not in (None, "day", "gtc", "ioc", "fok"):
        return rules_of.malformed(f"invalid time_in_force: {change.time_in_force}")
    if _same(order, change):
        return rules_of.invalid("order parameters are not changed")
    return None


def _same(order: VenueOrder, change: Replacement) -> bool:
    kept = changed(
        Replacement(),
        qty=None if change.qty == order.qty else change.qty,
        time_in_force=None if change.time_in_force == order.time_in_force else change.time_in_force,
        limit_units=None if change.limit_units == order.limit_units else change.limit_units,
        stop_units=None if change.stop_units == order.stop_units else change.stop_units,
        trail=None if change.trail == _trail_of(order) else change.trail,
    )
    return kept == Replacement()


def _trail_of(order: VenueOrder) -> float:
    """The trail in the client's terms: dollars, or percent."""
    return order.trail_percent or order.trail_units / 10_000


def successor(order: VenueOrder, change: Replacement, exchange: Exchange, expires_ns: int) -> VenueOrder:
    """The order that is asked for. It asks for what is left; fills stay with the order that had them."""
    book = exchange.book
    new = order.snapshot()
    new.id = book.unique()
    new.client_order_id = change.client_order_id or book.unique()
    new.seq = len(book.orders)
    new.replaces = order.id
    new.qty = (order.qty if change.qty is None else change.qty) - order.filled_qty
    new.filled_qty = new.filled_units = new.filled_ns = 0
    new.created_ns = new.submitted_ns = new.updated_ns = exchange.now_ns
    new.limit_units = change.limit_units or order.limit_units
    new.stop_units = change.stop_units or order.stop_units
    new.time_in_force = change.time_in_force or order.time_in_force
    new.expires_ns = expires_ns
    if change.trail is not None:
        if order.trail_percent:
            new.trail_percent = change.trail
        else:
            new.trail_units = units_nearest(change.trail)
        if new.hwm_units:
            new.stop_units = trailed_stop(new, new.hwm_units)
    new.status = OrderStatus.HELD if order.status is OrderStatus.HELD else OrderStatus.PENDING_NEW
    return new


def install(order: VenueOrder, new: VenueOrder, exchange: Exchange) -> None:
    """Put the new order in the place of the old one."""
    book = exchange.book
    book.settle(order, OrderStatus.REPLACED)
    order.replaced_by, order.replaced_ns = new.id, exchange.now_ns
    book.swap(order, new)
    book.add(new)
    exchange.floor.restate(order, "replaced")
    for leg in book.legs(new):
        if leg.status is OrderStatus.HELD:
            leg.qty = new.qty


def lose(order: VenueOrder, new: VenueOrder, exchange: Exchange) -> None:
    """The replacement loses the race: the old order fills first, and the new one is rejected."""
    exchange.floor.fill_now(order)
    new.leg_ids = ()
    exchange.book.add(new)
    exchange.floor.reject(new)
