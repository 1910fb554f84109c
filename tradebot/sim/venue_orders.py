"""The venue's words: what a client asks for, what the venue keeps about an order, and what it says about it.

Prices, notionals and cash are `int` units of 1e-4 dollars, quantities whole shares, times `int` UTC nanoseconds; 0 means "none" for a price
or a time. Status names and refusal texts are Alpaca's (WIRE.md section 2).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import msgspec

from tradebot.core.domain.orders import OrderIntent, OrderKind, OrderReport, OrderStatus, Side

MARKET: Final = "market"
LIMIT: Final = "limit"
STOP: Final = "stop"
STOP_LIMIT: Final = "stop_limit"
TRAILING_STOP: Final = "trailing_stop"
KINDS: Final = (MARKET, LIMIT, STOP, STOP_LIMIT, TRAILING_STOP)

SIMPLE: Final = "simple"
BRACKET: Final = "bracket"
OCO: Final = "oco"
OTO: Final = "oto"
ORDER_CLASSES: Final = (SIMPLE, BRACKET, OCO, OTO)

TARGET_LEG: Final = "take_profit"
STOP_LEG: Final = "stop_loss"

# The states in which an order rests in the book and can fill; a cancellation that has not arrived yet protects from nothing.
RESTING: Final = (OrderStatus.NEW, OrderStatus.PARTIALLY_FILLED, OrderStatus.PENDING_CANCEL)


class NewOrder(msgspec.Struct, frozen=True, gc=False):
    """A request to trade. `trail_units` is a distance in units, `trail_percent` a distance in percent of the best price."""

    symbol: str
    side: Side
    qty: int
    kind: str = MARKET
    time_in_force: str = "day"
    limit_units: int = 0
    stop_units: int = 0
    trail_units: int = 0
    trail_percent: float = 0.0
    client_order_id: str = ""
    order_class: str = SIMPLE
    take_profit_units: int = 0
    stop_loss_units: int = 0
    stop_loss_limit_units: int = 0
    extended_hours: bool = False


def new_order(intent: OrderIntent) -> NewOrder:
    """The request that an intent stands for."""
    bracket = intent.bracket
    return NewOrder(
        intent.symbol,
        intent.side,
        intent.qty,
        str(intent.kind),
        intent.time_in_force,
        bracket.target_units if bracket is not None and intent.order_class == OCO else intent.limit_units,
        intent.stop_units,
        client_order_id=intent.client_order_id,
        order_class=intent.order_class,
        take_profit_units=0 if bracket is None else bracket.target_units,
        stop_loss_units=0 if bracket is None else bracket.stop_units,
    )


@dataclass(frozen=True, slots=True)
class Replacement:
    """What a PATCH changes; None keeps. `trail` is in units or percent, as the order's own trail is."""

    qty: int | None = None
    time_in_force: str | None = None
    limit_units: int | None = None
    stop_units: int | None = None
    trail: float | None = None
    client_order_id: str = ""


@dataclass(frozen=True, slots=True)
class Refusal:
    """A request that the venue turns down, in Alpaca's words: HTTP status, error code, message and extra fields."""

    http_status: int
    code: int
    message: str
    extras: dict[str, object] = field(default_factory=dict)


class VenueOrder(msgspec.Struct, gc=False):
    """One order as the venue keeps it. A snapshot is a shallow copy: every field is a value."""

    id: str
    client_order_id: str
    seq: int
    symbol: str
    side: Side
    kind: str
    time_in_force: str
    qty: int
    status: OrderStatus
    created_ns: int
    updated_ns: int
    submitted_ns: int
    expires_ns: int = 0
    limit_units: int = 0
    stop_units: int = 0
    trail_units: int = 0
    trail_percent: float = 0.0
    hwm_units: int = 0
    extended_hours: bool = False
    order_class: str = SIMPLE
    parent_id: str = ""
    leg: str = ""  # TARGET_LEG or STOP_LEG inside a complex order
    leg_ids: tuple[str, ...] = ()
    triggered: bool = False  # a stop-limit whose stop price was reached
    filled_qty: int = 0
    filled_units: int = 0
    filled_ns: int = 0
    expired_ns: int = 0
    canceled_ns: int = 0
    failed_ns: int = 0
    replaced_ns: int = 0
    replaced_by: str = ""
    replaces: str = ""

    @property
    def remaining(self) -> int:
        return self.qty - self.filled_qty

    @property
    def is_open(self) -> bool:
        return not self.status.is_terminal

    @property
    def is_resting(self) -> bool:
        return self.status in RESTING

    @property
    def is_complex(self) -> bool:
        return self.order_class != SIMPLE

    def snapshot(self) -> VenueOrder:
        return self.__copy__()  # type: ignore[no-any-return, attr-defined]


class VenueUpdate(msgspec.Struct, frozen=True, gc=False):
    """Something happened to an order. `order` is its state just after; price, qty and position are those of an execution, else 0."""

    event: str
    ts_ns: int
    order: VenueOrder
    execution_id: str = ""
    price_units: int = 0
    qty: int = 0
    position_qty: int = 0

    @property
    def report(self) -> OrderReport:
        return report_of(self.order)


class Activity(msgspec.Struct, frozen=True, gc=False):
    """A line of the account's statement: an execution (FILL) or cash that moved without one (FEE; INT for stock borrow)."""

    id: str
    kind: str
    ts_ns: int
    net_units: int
    order: VenueOrder | None = None
    price_units: int = 0
    qty: int = 0
    description: str = ""


_KIND_OF: Final = {kind: OrderKind.STOP if kind == TRAILING_STOP else OrderKind(kind) for kind in KINDS}


def report_of(order: VenueOrder, legs: tuple[OrderReport, ...] = ()) -> OrderReport:
    """The order in the core's words. A trailing stop reports as the stop that it is at this instant."""
    return OrderReport(  # by position: this is said several times an order
        order.id,
        order.client_order_id,
        order.symbol,
        order.side,
        _KIND_OF[order.kind],
        order.status,
        order.qty,
        order.filled_qty,
        order.filled_units,
        order.updated_ns,
        order.limit_units,
        order.stop_units,
        order.replaced_by,
        order.replaces,
        "venue",
        legs,
    )
