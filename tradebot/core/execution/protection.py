"""What rests at the broker covers exactly what is held: the steps that bring it back to that, one symbol at a time.

A bracket covers its entry when the entry has filled completely. It does not after a partial fill whose rest was cancelled, when a leg was
cancelled or rejected, overnight when the day's legs have expired, or after a split. Then, once nothing of the symbol is on its way:

    more rests than is held    -> cancel it at once: it could turn the position around; what is then uncovered is protected anew
    less rests than is held    -> an OCO (a target and a stop of which only one fills) for the shares that nothing covers
    a stop stands elsewhere    -> replace it (the plan's stop was moved)
    the stop's price has come, or PLACEMENTS_MAX orders in a row failed -> out at the market (an *emergency*)

Pure: (book, plan, price, now) -> steps. An id is `{trade_id}-protect{n}`, n counts on as long as the position lives.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import msgspec

from tradebot.core.domain.book import Book, WorkingOrder
from tradebot.core.domain.commands import CancelOrder
from tradebot.core.domain.orders import Bracket, OrderIntent, OrderKind, OrderStatus, Role, Side
from tradebot.core.domain.units import price_ceil_to_tick, price_floor_to_tick, usd_text
from tradebot.core.execution.cover import is_armed, legs_are_unknown

PLACEMENTS_MAX: Final = 3
CLIENT_ID_LENGTH_MAX: Final = 128
_ON_ITS_WAY: Final = (OrderStatus.INTENDED, OrderStatus.UNKNOWN, OrderStatus.PENDING_CANCEL, OrderStatus.PENDING_REPLACE)
_NOT_REPLACEABLE: Final = (OrderStatus.ACCEPTED, OrderStatus.PENDING_NEW)  # WIRE.md 2.2
_FAILED: Final = (OrderStatus.REFUSED, OrderStatus.REJECTED, OrderStatus.CANCELED)


class Plan(msgspec.Struct):
    """Where the stop and the target of a position belong, in units on the tick, and what was tried to get them there."""

    trade_id: str
    stop_units: int
    target_units: int
    placed: int = 0  # orders sent so far; the last one's number
    failed: int = 0  # in a row
    judged: int = 0  # the last order whose fate was counted
    is_moved: bool = False  # the stop no longer stands where the entry's bracket put it
    high_units: int = 0  # best price since the entry, 0 before the first bar

    @property
    def last_key(self) -> str:
        return f"{self.trade_id}-protect{self.placed}"

    def rescale(self, new: int, old: int) -> None:
        """A split has made `new` shares of `old`: prices follow, and what rests is moved there. The count of ids goes on."""
        self.stop_units = max(price_floor_to_tick(self.stop_units * old // new), 1)
        self.target_units = price_ceil_to_tick(self.target_units * old // new)
        self.high_units = self.high_units * old // new
        self.is_moved = True

    def next_key(self) -> str:
        self.placed += 1
        assert len(self.last_key) <= CLIENT_ID_LENGTH_MAX, f"id too long: {self.last_key}"
        return self.last_key


@dataclass(slots=True)
class Steps:
    """What to do now. `emergency` says why the position has to go at the market."""

    orders: list[OrderIntent] = field(default_factory=list)
    replacements: list[OrderIntent] = field(default_factory=list)
    cancels: list[CancelOrder] = field(default_factory=list)
    emergency: str = ""


def steps_for(
    book: Book, symbol: str, plan: Plan, price_units: int, now_ns: int, *, again: bool, is_locked: bool = False, held: int | None = None
) -> Steps:
    """The next step for a symbol that is not being closed. `price_units` is its last price, 0 where none is known.

    `again` is said once a minute: what was asked for and has not happened is asked for once more, and what failed is tried again.
    `held`: the shares to cover, where the broker says that fewer are held than our books do; None: those of our books.
    `is_locked`: what is held is in doubt, or a person has taken over; then too much is still taken back, and nothing is sent.
    """
    steps, orders, held = Steps(), book.open_orders(symbol), book.qty(symbol) if held is None else held
    if any(o.role not in (Role.STOP, Role.TARGET) for o in orders) or _is_foreign(book, symbol):
        return steps  # an entry or exit that works, or somebody else's order, changes what is held
    _judge(book, plan)
    waits = [o for o in orders if o.cancel_sent or o.status in _ON_ITS_WAY or _takes_over(book, o)]
    if waits:
        if again:
            steps.cancels += [_cancel(o, "asked again") for o in waits if o.cancel_sent]
        return steps
    shown = {o.group for o in book.orders.values() if o.role is Role.STOP}
    if any(o.role is Role.TARGET and o.bracket is not None and o.group not in shown for o in orders):
        return steps  # an OCO whose stop no word has shown yet: its reply, or its look-up, will
    if any(o.status is OrderStatus.HELD and not is_armed(book, o) for o in orders):
        return steps  # its entry has ended: the broker is taking it back
    stops = [o for o in orders if o.role is Role.STOP]
    stop_qty, target_qty = sum(o.open_qty for o in stops), sum(o.open_qty for o in orders) - sum(o.open_qty for o in stops)
    if stop_qty != target_qty and legs_are_unknown(book, symbol):
        return steps  # an OCO whose stop will be shown by its reply, or by a look-up
    if target_qty > stop_qty or max(stop_qty, target_qty) > abs(held):
        if again or not _settles(book, orders):
            steps.cancels += _cancel_groups(orders, f"{max(stop_qty, target_qty)} rest, {abs(held)} held")
    elif is_locked:
        return steps
    elif stop_qty < abs(held):
        _protect(book, symbol, plan, held, abs(held) - stop_qty, price_units, now_ns, steps, again=again)
    else:
        plan.failed = 0 if again else plan.failed
        if plan.is_moved and again:
            steps.replacements += [
                _moved(stop, plan, price_units, now_ns)
                for stop in stops
                if stop.stop_units != plan.stop_units and stop.broker_id and stop.status not in _NOT_REPLACEABLE
            ]
    return steps


def is_through(held: int, price_units: int, stop_units: int) -> bool:
    """The price has reached the stop of a position; False where no price is known."""
    return price_units > 0 and (price_units <= stop_units if held > 0 else price_units >= stop_units)


def _protect(book: Book, symbol: str, plan: Plan, held: int, qty: int, price_units: int, now_ns: int, steps: Steps, *, again: bool) -> None:
    """An OCO for `qty` shares, or the emergency that makes one pointless."""
    if legs_are_unknown(book, symbol):
        return  # the entry's reply, or its look-up, will show them
    if is_through(held, price_units, plan.stop_units):
        steps.emergency = f"stop: {usd_text(price_units)} at {usd_text(plan.stop_units)}, {qty} shares without one at the broker"
    elif plan.failed >= PLACEMENTS_MAX:
        steps.emergency = f"no protection for {qty} shares: {plan.failed} orders failed"
    elif again or not plan.failed:
        steps.orders.append(
            OrderIntent(
                client_order_id=plan.next_key(),
                decision_id=plan.trade_id,
                symbol=symbol,
                side=Side.SELL if held > 0 else Side.BUY,
                qty=qty,
                role=Role.TARGET,
                reason=f"protects {qty} of {abs(held)} shares",
                reference_units=price_units,
                decided_ns=now_ns,
                kind=OrderKind.LIMIT,
                bracket=Bracket(plan.stop_units, plan.target_units),
            )
        )


def _moved(stop: WorkingOrder, plan: Plan, price_units: int, now_ns: int) -> OrderIntent:
    """The stop at the plan's price."""
    return OrderIntent(
        client_order_id=plan.next_key(),
        decision_id=plan.trade_id,
        symbol=stop.symbol,
        side=stop.side,
        qty=stop.open_qty,
        role=Role.STOP,
        reason=f"stop from {usd_text(stop.stop_units)} to {usd_text(plan.stop_units)}",
        reference_units=price_units,
        decided_ns=now_ns,
        kind=OrderKind.STOP,
        stop_units=plan.stop_units,
        replaces=stop.broker_id,
    )


def _takes_over(book: Book, order: WorkingOrder) -> bool:
    """The order in whose place this one is to work still works itself."""
    old = book.orders.get(order.replaces) if order.replaces else None
    return old is not None and old.is_open


def _judge(book: Book, plan: Plan) -> None:
    """Count the last order as failed when it ended with nothing done and we did not ask for that."""
    last = book.orders.get(plan.last_key) if plan.placed > plan.judged else None
    if last is None or last.is_open:
        return
    plan.judged = plan.placed
    failed = last.status in _FAILED and not last.filled_qty and not last.cancel_sent and not last.replaces
    plan.failed = plan.failed + 1 if failed else 0


def _is_foreign(book: Book, symbol: str) -> bool:
    """An order that nobody here knows works in this symbol."""
    return any(r.symbol == symbol and not r.status.is_terminal for r in book.unclaimed.values())


def _settles(book: Book, orders: Sequence[WorkingOrder]) -> bool:
    """A leg has filled, in part or whole, and the broker has not shrunk or cancelled its sibling yet."""
    groups = {o.group for o in orders}
    return any(o.group in groups and o.role in (Role.STOP, Role.TARGET) and o.filled_qty for o in book.orders.values())


def _cancel_groups(orders: Sequence[WorkingOrder], reason: str) -> list[CancelOrder]:
    """One cancel a group: the broker takes the sibling along."""
    cancels: dict[str, CancelOrder] = {}
    for order in sorted(orders, key=lambda o: o.role is Role.STOP):
        if order.broker_id and (order.group or order.key) not in cancels:
            cancels[order.group or order.key] = _cancel(order, reason)
    return list(cancels.values())


def _cancel(order: WorkingOrder, reason: str) -> CancelOrder:
    order.cancel_sent = True
    return CancelOrder(order.broker_id, order.key, reason)
