"""An order as Alpaca writes it, and a request as Alpaca's clients send it."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from tradebot.core.domain.orders import Side
from tradebot.core.domain.units import UNITS_PER_USD
from tradebot.sim.alpaca_server.wire import MALFORMED, decimal_of, money, price_units, quotient, refuse, rfc3339, rfc3339_or_none, truthy
from tradebot.sim.venue import Venue
from tradebot.sim.venue_orders import OCO, SIMPLE, NewOrder, Replacement, VenueOrder, VenueUpdate
from tradebot.sim.venue_phases import FAR_NS


@lru_cache(maxsize=4096)
def asset_id(symbol: str) -> str:
    """One id a symbol, the same in every run."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"tradebot-asset:{symbol}"))


def order_json(order: VenueOrder, legs: Sequence[VenueOrder] | None = None) -> dict[str, object]:
    """All fields of WIRE.md 2.2. `legs` None leaves them out (null), as replies without `nested` do."""
    price = quotient(order.filled_units, order.filled_qty * UNITS_PER_USD, places=9) if order.filled_qty else None
    return {
        "id": order.id,
        "client_order_id": order.client_order_id,
        "created_at": rfc3339(order.created_ns),
        "updated_at": rfc3339(order.updated_ns),
        "submitted_at": rfc3339(order.submitted_ns),
        "filled_at": rfc3339_or_none(order.filled_ns) if order.remaining == 0 else None,
        "expired_at": rfc3339_or_none(order.expired_ns),
        "expires_at": rfc3339(order.expires_ns) if order.expires_ns < FAR_NS else None,
        "canceled_at": rfc3339_or_none(order.canceled_ns),
        "failed_at": rfc3339_or_none(order.failed_ns),
        "replaced_at": rfc3339_or_none(order.replaced_ns),
        "replaced_by": order.replaced_by or None,
        "replaces": order.replaces or None,
        "asset_id": asset_id(order.symbol),
        "symbol": order.symbol,
        "asset_class": "us_equity",
        "notional": None,
        "qty": str(order.qty),
        "filled_qty": str(order.filled_qty),
        "filled_avg_price": price,
        "order_class": "" if order.order_class == SIMPLE else order.order_class,
        "order_type": order.kind,
        "type": order.kind,
        "side": str(order.side),
        "position_intent": None,
        "time_in_force": order.time_in_force,
        "limit_price": money(order.limit_units) if order.limit_units else None,
        "stop_price": money(order.stop_units) if order.stop_units else None,
        "status": str(order.status),
        "extended_hours": order.extended_hours,
        "legs": None if legs is None else [order_json(leg) for leg in legs] or None,
        "trail_percent": f"{order.trail_percent:g}" if order.trail_percent else None,
        "trail_price": money(order.trail_units) if order.trail_units else None,
        "hwm": money(order.hwm_units) if order.hwm_units else None,
        "subtag": None,
        "source": None,
    }


def with_legs(venue: Venue, order: VenueOrder) -> dict[str, object]:
    """The order with its legs inside."""
    return order_json(order, venue.legs(order))


def update_json(update: VenueUpdate, status: str = "") -> dict[str, object]:
    """The `trade_updates` message of an update; `status` overrides the order's (for the unknown-enum fault)."""
    order = order_json(update.order)
    if status:
        order["status"] = status
    data: dict[str, object] = {"event": update.event, "timestamp": rfc3339(update.ts_ns), "order": order}
    if update.execution_id:
        data |= {
            "execution_id": update.execution_id,
            "price": money(update.price_units),
            "qty": str(update.qty),
            "position_qty": str(update.position_qty),
        }
    return {"stream": "trade_updates", "data": data}


def whole_qty(value: object, symbol: str) -> int:
    """Whole shares; no asset of the simulation is fractionable."""
    qty = decimal_of(value, "qty")
    if qty <= 0:
        raise refuse(422, MALFORMED, "qty must be > 0")
    if qty != qty.to_integral_value():
        raise refuse(403, 40310000, f'asset "{symbol}" is not fractionable')
    return int(qty)


def read_order(body: Mapping[str, Any]) -> NewOrder:
    """The request of POST /v2/orders; refuses what cannot be understood, the venue refuses what is not allowed."""
    symbol = str(body.get("symbol") or "")
    if body.get("notional") not in (None, ""):
        raise refuse(403, 40310000, f'asset "{symbol}" is not fractionable')
    for name in ("symbol", "qty", "side", "type", "time_in_force"):
        if body.get(name) in (None, ""):
            raise refuse(422, MALFORMED, f"{name} is required")
    if body["side"] not in ("buy", "sell"):
        raise refuse(422, MALFORMED, f"invalid side: {body['side']}")
    target, stop = _leg_of(body, "take_profit"), _leg_of(body, "stop_loss")
    order_class = str(body.get("order_class") or SIMPLE)
    limit = price_units(body.get("limit_price"), "limit_price")
    target_units = price_units(target.get("limit_price"), "take_profit.limit_price")
    return NewOrder(
        symbol=symbol,
        side=Side(body["side"]),
        qty=whole_qty(body["qty"], symbol),
        kind=str(body["type"]),
        time_in_force=str(body["time_in_force"]),
        limit_units=limit or (target_units if order_class == OCO else 0),
        stop_units=price_units(body.get("stop_price"), "stop_price"),
        trail_units=price_units(body.get("trail_price"), "trail_price"),
        trail_percent=_percent(body.get("trail_percent")),
        client_order_id=str(body.get("client_order_id") or ""),
        order_class=order_class,
        take_profit_units=target_units,
        stop_loss_units=price_units(stop.get("stop_price"), "stop_loss.stop_price"),
        stop_loss_limit_units=price_units(stop.get("limit_price"), "stop_loss.limit_price"),
        extended_hours=body.get("extended_hours") is True or truthy(str(body.get("extended_hours") or "")),
    )


def _leg_of(body: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    leg = body.get(name) or {}
    if not isinstance(leg, dict):
        raise refuse(422, MALFORMED, f"invalid {name}")
    return leg


def _percent(value: object) -> float:
    return 0.0 if value in (None, "") else float(decimal_of(value, "trail_percent"))


def read_replacement(body: Mapping[str, Any], order: VenueOrder) -> Replacement:
    """The request of PATCH /v2/orders/{id}."""
    return Replacement(
        qty=None if body.get("qty") in (None, "") else whole_qty(body["qty"], order.symbol),
        time_in_force=str(body["time_in_force"]) if body.get("time_in_force") else None,
        limit_units=price_units(body.get("limit_price"), "limit_price") or None,
        stop_units=price_units(body.get("stop_price"), "stop_price") or None,
        trail=None if body.get("trail") in (None, "") else float(decimal_of(body["trail"], "trail")),
        client_order_id=str(body.get("client_order_id") or ""),
    )
