"""A simulation that goes wrong in every way an order can: replies that are lost, legs that a person cancels, stops that are moved.

The engine, the driver and the venue are real, the way between them is rough. After every instant the books are held against the venue's.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random

from tradebot.core.domain.commands import Command, LookUpOrder, ReplaceOrder, SubmitOrder
from tradebot.core.domain.events import Event, MinuteClosed, OrderRefused, OrderReported, ReplyLost
from tradebot.core.domain.orders import OrderStatus, Role
from tradebot.core.execution.cover import overcovered, uncovered
from tradebot.core.execution.protection import Plan
from tradebot.sim.driver import Simulation

WAITING = (OrderStatus.INTENDED, OrderStatus.UNKNOWN, OrderStatus.PENDING_CANCEL, OrderStatus.PENDING_REPLACE)


@dataclass(slots=True)
class Tally:
    """How often what was tried; a test in which nothing happened proves nothing."""

    placed: int = 0
    replaced: int = 0
    lost: int = 0
    cancelled: int = 0
    emergencies: int = 0
    quiet: int = 0


@dataclass(slots=True)
class RoughMarket(Simulation):
    """`seed` draws what goes wrong; the chances are per order, and per minute for a person's cancels and for moved stops."""

    seed: int = 0
    lost_chance: float = 0.1
    cancel_chance: float = 0.05
    move_chance: float = 0.1
    tally: Tally = field(default_factory=Tally)
    _dice: Random = field(default_factory=Random)
    _start: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._dice = Random(self.seed)

    def _tell(self, event: Event) -> None:
        Simulation._tell(self, event)
        if isinstance(event, MinuteClosed):
            self._meddle()

    def _meddle(self) -> None:
        """A person cancels a leg in the web page; a stop is wanted elsewhere."""
        dice, book = self._dice, self.engine.state.book
        legs = [o for o in self.venue.open_orders if o.leg or o.order_class == "oco"]
        if legs and dice.random() < self.cancel_chance:
            self.tally.cancelled += 1
            self.venue.cancel(dice.choice(legs).id)
            self._drain()
        for symbol, trade in self.engine.state.trades.open.items():
            price = self.venue.price_units(symbol)
            if book.qty(symbol) and dice.random() < self.move_chance:
                plan = self.engine.state.plans.setdefault(symbol, Plan(trade.trade_id, trade.stop_units, trade.target_units))
                plan.stop_units, plan.is_moved = max(plan.stop_units, price * dice.randint(950, 998) // 100_000 * 100), True

    def _obey(self, command: Command) -> None:
        match command:
            case SubmitOrder(intent=intent) | ReplaceOrder(intent=intent):
                self.tally.placed += intent.order_class == "oco"
                self.tally.replaced += isinstance(command, ReplaceOrder)
                self.tally.emergencies += "-emergency" in intent.client_order_id
                before = len(self._inbox)
                Simulation._obey(self, command)
                answer = self._inbox[before]
                if isinstance(answer, OrderRefused) and intent.order_class == "oco":  # a price that has come: never shares held twice
                    assert "must be" in answer.reason, f"{answer.reason}: {intent}"
                if self._dice.random() < self.lost_chance:
                    self._lose_reply(intent.client_order_id, before)
            case LookUpOrder(client_order_id=key):
                self._look_up(key)
            case _:
                Simulation._obey(self, command)

    def _lose_reply(self, key: str, before: int) -> None:
        """The order may have arrived or not; its reply does not come, and what the stream said comes."""
        self.tally.lost += 1
        kept = list(self._inbox)
        reply = kept[before]
        assert isinstance(reply, OrderReported | OrderRefused)
        del kept[before]
        self._inbox.clear()
        self._inbox.extend(kept[:before])
        self._inbox.append(ReplyLost(ts_event_ns=self.venue.now_ns, client_order_id=key, reason="timeout"))
        self._inbox.extend(kept[before:])

    def _look_up(self, key: str) -> None:
        order = self.venue.order_by_client_id(key)
        now_ns = self.venue.now_ns
        if order is None:
            self._inbox.append(OrderRefused(ts_event_ns=now_ns, client_order_id=key, code=404, reason="absent"))
            return
        self._inbox.append(OrderReported(ts_event_ns=now_ns, report=self.venue.report(order.id)))
        if order.replaces:
            self._inbox.append(OrderReported(ts_event_ns=now_ns, report=self.venue.report(order.replaces)))

    def _pump(self) -> None:
        Simulation._pump(self)
        self._check()

    def _check(self) -> None:
        """Shares and cash are the venue's at all times; where nothing is on its way, what rests covers exactly what is held."""
        state, venue = self.engine.state, self.venue
        book = state.book
        held = {s: p.qty for s, p in venue.positions.items() if p.qty}
        assert {s: p.qty for s, p in book.positions.items() if p.qty} == held, "books differ"
        assert all(qty > 0 for qty in held.values()), f"a position was turned around: {held}"
        if book.opened:
            assert book.cash_units == venue.cash_units, "cash differs"
        bare, over = uncovered(book), overcovered(book)
        for symbol in book.positions.keys() | bare.keys() | over.keys():
            orders = book.open_orders(symbol)
            busy = symbol in state.closing or symbol in state.locked or any(self._moves(o) for o in orders)
            failing = symbol in state.plans and state.plans[symbol].failed
            if busy or failing:
                continue
            self.tally.quiet += 1
            assert symbol not in over, f"{symbol}: {over[symbol]} too many rest, {orders}"
            assert symbol not in bare, f"{symbol}: {bare[symbol]} of {book.qty(symbol)} shares are bare, {orders}"
            resting = [o for o in venue.open_orders if o.symbol == symbol and o.side.sign < 0]
            stops = sum(o.remaining for o in resting if o.kind == "stop")
            assert stops == held.get(symbol, 0), f"{symbol}: at the venue {stops} rest for {held.get(symbol, 0)} held"

    def _moves(self, order: object) -> bool:
        from tradebot.core.domain.book import WorkingOrder

        assert isinstance(order, WorkingOrder)
        return order.role in (Role.ENTRY, Role.EXIT) or order.cancel_sent or order.status in WAITING
