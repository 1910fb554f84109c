"""Orders: what we intend, what the broker reports, and the states in between.

An *intent* is ours and durable before it is sent; a *report* is the broker's cumulative word about one order, from whatever
source (reply, stream or poll). Reports are idempotent: fills are differences of `filled_qty`, so a duplicated,
reordered or dropped message can neither double nor lose one (WIRE.md section 3, invariant I5).
"""

from __future__ import annotations

from enum import StrEnum

import msgspec


class Side(StrEnum):
    BUY = "buy"
    SELL = "sell"
    sign: int  # +1 buys, -1 sells


class OrderKind(StrEnum):
    MARKET = "market"
    LIMIT = "limit"
    STOP = "stop"
    STOP_LIMIT = "stop_limit"


class Role(StrEnum):
    """What an order is for. A bracket is an ENTRY with a STOP and a TARGET leg."""

    ENTRY = "entry"
    STOP = "stop"
    TARGET = "target"
    EXIT = "exit"
    EXTERNAL = "external"  # placed by a person or the broker, not by us


class OrderStatus(StrEnum):
    """Ours first (INTENDED, UNKNOWN, REFUSED), then Alpaca's (WIRE.md 2.2)."""

    INTENDED = "intended"  # durable, outcome of the send not known yet
    UNKNOWN = "unknown"  # the reply was lost: look it up by id
    REFUSED = "refused"  # the broker answered 4xx, or never got it: it does not exist
    ACCEPTED = "accepted"
    PENDING_NEW = "pending_new"
    NEW = "new"
    HELD = "held"
    PARTIALLY_FILLED = "partially_filled"
    PENDING_CANCEL = "pending_cancel"
    PENDING_REPLACE = "pending_replace"
    FILLED = "filled"
    CANCELED = "canceled"
    EXPIRED = "expired"
    REJECTED = "rejected"
    REPLACED = "replaced"
    DONE_FOR_DAY = "done_for_day"
    SUSPENDED = "suspended"
    STOPPED = "stopped"
    CALCULATED = "calculated"
    ACCEPTED_FOR_BIDDING = "accepted_for_bidding"
    is_terminal: bool


_TERMINAL = frozenset(
    {
        OrderStatus.REFUSED,
        OrderStatus.FILLED,
        OrderStatus.CANCELED,
        OrderStatus.EXPIRED,
        OrderStatus.REJECTED,
        OrderStatus.REPLACED,
    }
)


# Attributes of the members: read at every step of every order, where a property is a call and a set look-up hashes a name.
for _side in Side:
    _side.sign = 1 if _side is Side.BUY else -1
for _status in OrderStatus:
    _status.is_terminal = _status in _TERMINAL


class Bracket(msgspec.Struct, frozen=True, gc=False):
    """Protection that rests at the broker with the entry. Prices in units, on the tick."""

    stop_units: int
    target_units: int


class OrderIntent(msgspec.Struct, frozen=True, gc=False):
    """An order before risk and wire. `client_order_id` is a pure function of the decision, at most 128 characters."""

    client_order_id: str
    decision_id: str
    symbol: str
    side: Side
    qty: int  # whole shares, > 0
    role: Role
    reason: str
    reference_units: int  # the price that the decision saw
    decided_ns: int
    kind: OrderKind = OrderKind.MARKET
    limit_units: int = 0  # 0 = no limit price
    stop_units: int = 0
    bracket: Bracket | None = None
    confidence: float = 0.0
    time_in_force: str = "day"
    replaces: str = ""  # the broker's id of the order whose place this one takes
    parent_id: str = ""  # of a slice: the order that it is a part of
    parent_qty: int = 0  # whole shares of that order; its slices never add up to more
    choice: str = ""  # why this kind of order (core/execution/order_type.py)

    @property
    def order_class(self) -> str:
        """`bracket` is an entry with its legs; `oco` a target with the stop that it goes with, for shares that are held already."""
        if self.bracket is None:
            return "simple"
        return "oco" if self.role is Role.TARGET else "bracket"


class OrderReport(msgspec.Struct, frozen=True, gc=False):
    """The broker's cumulative word about one order, with its bracket legs inside when the source shows them.

    `filled_units` is the cumulative notional in units (filled_qty * filled_avg_price, rounded once).
    """

    broker_id: str
    client_order_id: str
    symbol: str
    side: Side
    kind: OrderKind
    status: OrderStatus
    qty: int
    filled_qty: int
    filled_units: int
    ts_event_ns: int
    limit_units: int = 0
    stop_units: int = 0
    replaced_by: str = ""
    replaces: str = ""
    source: str = "reply"  # reply | stream | poll | lookup | venue
    legs: tuple[OrderReport, ...] = ()
    reason: str = ""
    submitted_ns: int = 0  # 0 where the source does not say
    order_class: str = ""  # "" | bracket | oco | oto; a leg has its parent's


class Fill(msgspec.Struct, frozen=True, gc=False):
    """One execution, derived from two successive reports. `fill_id` is the broker's order id and the cumulative quantity."""

    fill_id: str
    client_order_id: str
    symbol: str
    side: Side
    role: Role
    qty: int
    notional_units: int
    ts_event_ns: int

    @property
    def price_units(self) -> int:
        """Average price of this execution, nearest unit (for display; cash uses `notional_units`)."""
        return (2 * self.notional_units + self.qty) // (2 * self.qty)
