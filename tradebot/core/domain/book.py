"""The shared portfolio: cash, positions, orders, realised P&L. Only fills, posted cash and the opening facts change it.

Cash is conserved exactly: `cash == opening cash - sum(buy notional) + sum(sell notional) + sum(posted)`, all integers.
"""

from __future__ import annotations

import msgspec

from tradebot.core.domain.events import CashPosted, PositionFact
from tradebot.core.domain.orders import Bracket, Fill, OrderIntent, OrderKind, OrderReport, OrderStatus, Role, Side

_ALIVE = frozenset({OrderStatus.NEW, OrderStatus.HELD, OrderStatus.PARTIALLY_FILLED, OrderStatus.FILLED})


class Position(msgspec.Struct):
    """Signed shares and what they cost. `cost_units` has the sign of `qty`."""

    symbol: str
    qty: int = 0
    cost_units: int = 0
    realised_units: int = 0

    @property
    def entry_units(self) -> int:
        """Average price of the open shares, nearest unit; 0 when flat."""
        return round(self.cost_units / self.qty) if self.qty else 0

    def apply(self, side: Side, qty: int, notional_units: int) -> None:
        """Average-cost accounting; closing rounds the released cost down and the last share releases the rest."""
        held = abs(self.qty)
        if self.qty * side.sign >= 0:
            self.qty += side.sign * qty
            self.cost_units += side.sign * notional_units
            return
        closing = min(held, qty)
        closing_units = notional_units if closing == qty else notional_units * closing // qty
        released = self.cost_units if closing == held else self.cost_units * closing // held
        self.realised_units += -side.sign * closing_units - released
        self.cost_units -= released
        self.qty += side.sign * closing
        if qty > closing:
            self.apply(side, qty - closing, notional_units - closing_units)


class WorkingOrder(msgspec.Struct, gc=False):
    """An order of ours (or one found at the broker) and the last that was said of it."""

    key: str  # client_order_id; a leg's is "<parent>/stop" or "<parent>/target"
    symbol: str
    side: Side
    kind: OrderKind
    role: Role
    qty: int
    status: OrderStatus
    decided_ns: int
    reference_units: int
    broker_id: str = ""
    filled_qty: int = 0
    filled_units: int = 0
    limit_units: int = 0
    stop_units: int = 0
    confidence: float = 0.0
    cancel_sent: bool = False
    reason: str = ""
    group: str = ""  # key of the entry or OCO whose legs cancel one another, "" for an order that stands alone
    replaces: str = ""  # key of the order whose place this one takes
    bracket: Bracket | None = None  # as it was intended

    @property
    def is_open(self) -> bool:
        return not self.status.is_terminal

    @property
    def open_qty(self) -> int:
        return self.qty - self.filled_qty if self.is_open else 0


class Book(msgspec.Struct):
    """All money and shares. `unclaimed` keeps reports of orders that no intent or parent has named yet.

    `working` names the open orders, oldest first: a session has many orders and few of them are open.
    """

    opened: bool = False
    opened_ns: int = 0
    account_number: str = ""
    cash_units: int = 0
    posted_units: int = 0
    positions: dict[str, Position] = {}
    orders: dict[str, WorkingOrder] = {}
    key_of_broker_id: dict[str, str] = {}
    unclaimed: dict[str, OrderReport] = {}
    posted_ids: list[str] = []  # in the order of posting: a set's would differ from run to run
    working: dict[str, None] = {}

    def __post_init__(self) -> None:
        if self.orders and not self.working:  # the bytes of a version that did not name them
            self.working = {key: None for key, order in self.orders.items() if order.is_open}

    def open_with(self, account_number: str, cash_units: int, positions: tuple[PositionFact, ...]) -> None:
        """Adopt the broker's books as the opening balance."""
        assert not self.opened, "the book is open already"
        self.opened, self.account_number, self.cash_units = True, account_number, cash_units
        self.positions = {p.symbol: Position(p.symbol, p.qty, p.cost_units) for p in positions if p.qty}

    def intend(self, intent: OrderIntent) -> None:
        """Enter an intent; from here on its shares and cash count as committed."""
        assert intent.client_order_id not in self.orders, f"intent twice: {intent.client_order_id}"
        order = WorkingOrder(
            intent.client_order_id,
            intent.symbol,
            intent.side,
            intent.kind,
            intent.role,
            intent.qty,
            OrderStatus.INTENDED,
            intent.decided_ns,
            intent.reference_units,
            limit_units=intent.limit_units,
            stop_units=intent.stop_units,
            confidence=intent.confidence,
            reason=intent.reason,
            group=intent.client_order_id if intent.bracket is not None else "",
            bracket=intent.bracket,
        )
        if intent.replaces:
            old = self.orders[self.key_of_broker_id[intent.replaces]]
            order.replaces, order.group, order.bracket = old.key, old.group, old.bracket
        self._enter(order)

    def adopt(self, order: WorkingOrder) -> None:
        """Enter an order that is at the broker and not of our making."""
        self._enter(order)
        self.key_of_broker_id[order.broker_id] = order.key

    def report(self, report: OrderReport) -> list[Fill]:
        """Apply a broker's report and its legs; the fills are what this report adds to what was known."""
        key = self.key_of_broker_id.get(report.broker_id)
        if key is None and report.client_order_id in self.orders:
            key = report.client_order_id
            self.key_of_broker_id[report.broker_id] = key
        if key is None:
            self.unclaimed[report.broker_id] = report
            return []
        order = self.orders[key]
        order.broker_id = report.broker_id
        fills = self._update(order, report)
        for leg in report.legs:
            fills += self._report_leg(order, leg)
        return fills

    def refuse(self, client_order_id: str, reason: str) -> None:
        """The order doesn't exist at the broker. Ignored when the broker has already said otherwise."""
        order = self.orders.get(client_order_id)
        if order is not None and order.status in (OrderStatus.INTENDED, OrderStatus.UNKNOWN):
            order.status, order.reason = OrderStatus.REFUSED, reason
            self.working.pop(client_order_id, None)

    def post(self, event: CashPosted) -> bool:
        """Apply posted cash once; False when it was applied before."""
        if event.activity_id in self.posted_ids:
            return False
        self.posted_ids.append(event.activity_id)
        self.cash_units += event.amount_units
        self.posted_units += event.amount_units
        return True

    def forget_finished(self) -> None:
        """Drop orders that ended, so that memory is bounded by a session; an entry stays as long as its legs are still to be learned."""
        held = {symbol for symbol, position in self.positions.items() if position.qty}
        kept = {order.key for order in self.legless_entries() if order.symbol in held}
        self.orders = {k: o for k, o in self.orders.items() if o.is_open or k in kept}
        self.key_of_broker_id = {b: k for b, k in self.key_of_broker_id.items() if k in self.orders}
        self.unclaimed = {}
        self.positions = {s: p for s, p in self.positions.items() if p.qty}

    def legless_entries(self) -> list[WorkingOrder]:
        """Entries, or slices of one, that have filled completely, and no word has shown the legs that came with them.

        The legs rest at the broker all the same, and may have filled: what is held is not known.
        """
        shown = {o.group for o in self.orders.values() if o.role is Role.STOP}
        return [
            o for o in self.orders.values() if o.role is Role.ENTRY and o.status is OrderStatus.FILLED and o.group and o.group not in shown
        ]

    def qty(self, symbol: str) -> int:
        position = self.positions.get(symbol)
        return position.qty if position is not None else 0

    def open_orders(self, symbol: str | None = None) -> list[WorkingOrder]:
        orders = map(self.orders.__getitem__, self.working)
        return list(orders) if symbol is None else [o for o in orders if o.symbol == symbol]

    def committed_units(self) -> int:
        """Cash that open buy entries may still spend, at the price that their decision saw or their limit."""
        return sum(
            o.open_qty * max(o.reference_units, o.limit_units)
            for o in self.open_orders()
            if o.side is Side.BUY and o.role in (Role.ENTRY, Role.EXTERNAL)
        )

    def realised_units(self) -> int:
        return sum(p.realised_units for p in self.positions.values())

    def _enter(self, order: WorkingOrder) -> None:
        self.orders[order.key] = order
        if order.is_open:
            self.working[order.key] = None

    def _report_leg(self, parent: WorkingOrder, leg: OrderReport) -> list[Fill]:
        if leg.broker_id not in self.key_of_broker_id and leg.client_order_id not in self.orders:
            role = Role.TARGET if leg.kind is OrderKind.LIMIT else Role.STOP
            key = f"{parent.key}/{role}"
            while key in self.orders:  # a replaced leg: its successor gets its own entry
                key += "+"
            self._enter(
                WorkingOrder(
                    key, leg.symbol, leg.side, leg.kind, role, leg.qty, leg.status, parent.decided_ns, parent.reference_units,
                    group=parent.group or parent.key,
                )
            )  # fmt: skip
            self.key_of_broker_id[leg.broker_id] = key
        early = self.unclaimed.pop(leg.broker_id, None)
        return self.report(leg) + (self.report(early) if early is not None else [])

    def _update(self, order: WorkingOrder, report: OrderReport) -> list[Fill]:
        fills: list[Fill] = []
        if report.filled_qty > order.filled_qty:
            qty, notional = report.filled_qty - order.filled_qty, report.filled_units - order.filled_units
            fill_id = f"{report.broker_id}:{report.filled_qty}"
            fills.append(Fill(fill_id, order.key, order.symbol, order.side, order.role, qty, notional, report.ts_event_ns))
            order.filled_qty, order.filled_units = report.filled_qty, report.filled_units
            self.positions.setdefault(order.symbol, Position(order.symbol)).apply(order.side, qty, notional)
            self.cash_units -= order.side.sign * notional
        stale = report.filled_qty < order.filled_qty and not report.status.is_terminal
        if order.status is OrderStatus.REFUSED:  # it was proven absent too early: the broker has it
            self.working[order.key] = None
            order.status = OrderStatus.UNKNOWN
        if order.is_open and not stale:
            order.status = report.status
            if report.status.is_terminal:
                self.working.pop(order.key, None)
            order.qty = report.qty
            order.limit_units, order.stop_units = report.limit_units, report.stop_units
            if report.reason:
                order.reason = report.reason
            if order.replaces and order.status in _ALIVE:
                self._end_replaced(order.replaces)
        if report.status is OrderStatus.REPLACED and report.replaced_by and report.replaced_by not in self.key_of_broker_id:
            fills += self._follow_replacement(order, report.replaced_by)
        return fills

    def _end_replaced(self, key: str) -> None:
        """The order in whose place another works has ended, though no list shows it any more; its late fills still count."""
        old = self.orders.get(key)
        if old is not None and old.is_open:
            old.status = OrderStatus.REPLACED
            self.working.pop(key, None)

    def _follow_replacement(self, order: WorkingOrder, broker_id: str) -> list[Fill]:
        """A replaced order lives on under a new broker id; fills of the chain add up because each link counts its own."""
        asked = next((o for o in self.open_orders(order.symbol) if o.replaces == order.key and not o.broker_id), None)
        if asked is None:  # not by us: what is left of it goes on
            asked = msgspec.structs.replace(
                order, key=f"{order.key}+", replaces=order.key, qty=order.qty - order.filled_qty, filled_qty=0, filled_units=0,
                cancel_sent=False,
            )  # fmt: skip
            asked.status = OrderStatus.NEW
            self._enter(asked)
        asked.broker_id, asked.status = broker_id, OrderStatus.NEW
        self.key_of_broker_id[broker_id] = asked.key
        early = self.unclaimed.pop(broker_id, None)
        return self.report(early) if early is not None else []
