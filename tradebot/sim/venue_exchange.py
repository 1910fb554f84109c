"""Time, matching and what a fill sets off. The rules of the price path stand in `venue_tape` and `venue_matching`.

At one instant things happen in this order: a session boundary ends what it ends (expiry, fees), the price points of that instant are
matched symbol by symbol, a boundary starts what it starts (queued orders), and late arrivals reach the book.
"""

from __future__ import annotations

import heapq
import random
from collections.abc import Mapping

from tradebot.core.domain.bars import BarColumns
from tradebot.core.domain.orders import OrderStatus
from tradebot.core.domain.session import SessionTable
from tradebot.core.domain.units import NS_PER_MS, units_nearest
from tradebot.sim.venue_account import Account, EquityPoint
from tradebot.sim.venue_book import Book
from tradebot.sim.venue_config import VenueConfig
from tradebot.sim.venue_matching import Moment, acting_price, band, fill_at_moment, is_through, trail
from tradebot.sim.venue_orders import MARKET, STOP_LIMIT, TRAILING_STOP, VenueOrder, VenueUpdate
from tradebot.sim.venue_phases import FAR_NS, Phase, Phases
from tradebot.sim.venue_tape import OPEN_POINT, POINT_NS, POINTS, Tape


class Exchange:
    """The moving part of the venue: `advance` to an instant, and the orders meet the price path on the way."""

    def __init__(self, histories: Mapping[str, BarColumns], sessions: SessionTable, start_ns: int, config: VenueConfig) -> None:
        self.config = config
        self.now_ns = start_ns
        self.tapes = {symbol: Tape(bars, config.half_spread_bps) for symbol, bars in histories.items()}
        self.phases = Phases(sessions, start_ns)
        self.account = Account(units_nearest(config.cash_usd), config.costs)
        self.book = Book(config.seed)
        self.updates: list[VenueUpdate] = []
        self._random = random.Random(config.seed)
        self._late: list[tuple[int, int, str, VenueOrder]] = []  # what is still on its way: (due_ns, count, what, order)
        self._late_count = 0
        self._due: dict[str, int] = {}  # cached next instant of each symbol with resting orders
        self._low_first: dict[str, tuple[int, bool]] = {}  # the path chosen for a symbol's current bar

    # ---- time

    def advance(self, to_ns: int) -> None:
        """Everything due at or before `to_ns` happens. Raises AssertionError when time would run backwards."""
        assert to_ns >= self.now_ns, f"time runs backwards: {to_ns} < {self.now_ns}"
        while (due_ns := self._next_work()) <= to_ns:
            self.now_ns = due_ns
            self._happen()
        self.now_ns = to_ns

    def next_instant(self) -> int | None:
        """The next instant after now at which an order may change or a fee is posted; None while nothing is open. Early, never late."""
        if self.book.has_open or self.account.sold_shares:
            due_ns = self._next_work()
            return None if due_ns == FAR_NS else due_ns
        return None

    def _next_work(self) -> int:
        due_ns = self.phases.next_ns
        if self._late and self._late[0][0] < due_ns:
            due_ns = self._late[0][0]
        for symbol in self.book.resting:
            due_ns = min(due_ns, self._symbol_due(symbol))
        return due_ns

    def _happen(self) -> None:
        now_ns = self.now_ns
        opened = False
        if now_ns == self.phases.next_ns:
            opened = self._cross()
        for symbol in sorted(self.book.resting):
            if self._symbol_due(symbol) <= now_ns:
                self._match(symbol)
        if opened:
            for order in tuple(self.book.waiting):
                if order.is_open and self.eligible(order):  # an earlier one may have filled and cancelled it
                    self.book.waiting.remove(order)
                    self.arrive(order, self.moment(order.symbol))
        while self._late and self._late[0][0] <= now_ns:
            _, _, what, order = heapq.heappop(self._late)
            if order.is_open:
                self._arrive_late(what, order)

    def _cross(self) -> bool:
        """Step over a session boundary; True where queued orders may start."""
        self._due = {symbol: self.now_ns for symbol in self.book.resting}
        phase = self.phases.step()
        if phase in (Phase.POST, Phase.CLOSED):
            for order in self.book.open_orders:
                if self._ends_now(order, phase):
                    self.end(order, OrderStatus.CANCELED if order.status is OrderStatus.HELD else OrderStatus.EXPIRED)
        if phase is Phase.POST:
            self.account.post_fees(self.now_ns, self.book.unique())
            self.account.closes.append(EquityPoint(self.now_ns, self.equity_units()))
        return phase in (Phase.PRE, Phase.REGULAR)

    def _ends_now(self, order: VenueOrder, phase: Phase) -> bool:
        if not order.is_open:
            return False
        if order.time_in_force == "gtc":
            return phase is Phase.POST and 0 < order.expires_ns <= self.now_ns
        return order.expires_ns <= self.now_ns

    # ---- prices

    def price_units(self, symbol: str) -> int:
        """The path's price now, the last close between bars, 0 before the first bar."""
        tape = self.tapes[symbol]
        i = tape.last_bar(self.now_ns)
        if i < 0:
            return 0
        k = (self.now_ns - tape.minute[i]) // POINT_NS
        return tape.price(i, int(k), self._extremes(symbol, i)) if k < POINTS else tape.close[i]

    def moment(self, symbol: str) -> Moment | None:
        """The path now, or None while the current minute has no bar."""
        tape = self.tapes[symbol]
        i = tape.bar_at(self.now_ns)
        if i < 0:
            return None
        k = int((self.now_ns - tape.minute[i]) // POINT_NS)
        return self._moment(tape, i, k, tape.price(i, k, self._extremes(symbol, i) if k else True))

    def equity_units(self) -> int:
        held = self.account.positions
        return self.account.cash_units + sum(h.qty * self.price_units(symbol) for symbol, h in held.items())

    def _moment(self, tape: Tape, i: int, k: int, price_units: int) -> Moment:
        buy, sell = tape.market_prices(i, k, price_units)
        return Moment(price_units, buy, sell)

    def _extremes(self, symbol: str, i: int) -> bool:
        """True when bar i visits its low first: worst case first for what is held when its first extreme is asked for."""
        chosen = self._low_first.get(symbol)
        if chosen is not None and chosen[0] == i:
            return chosen[1]
        tape = self.tapes[symbol]
        held = self.account.qty(symbol)
        low_first = tape.flat_low_first(i) if held == 0 else held > 0
        if self.now_ns >= tape.minute[i] + POINT_NS:
            self._low_first[symbol] = (i, low_first)
        return low_first

    # ---- matching

    def eligible(self, order: VenueOrder) -> bool:
        """The order can fill in the present phase of the day."""
        phase = self.phases.phase
        return phase is Phase.REGULAR or (order.extended_hours and phase is not Phase.CLOSED)

    def _symbol_due(self, symbol: str) -> int:
        due_ns = self._due.get(symbol)
        if due_ns is None:
            due_ns = self._due[symbol] = self._scan(symbol)
        return due_ns

    def _scan(self, symbol: str) -> int:
        """The next price point after now at which a resting order of the symbol acts, before the next boundary."""
        orders = [o for o in self.book.resting[symbol] if self.eligible(o)]
        if not orders:
            return FAR_NS
        tape, now_ns = self.tapes[symbol], self.now_ns
        low, high = band(orders)
        first = tape.bar_at(now_ns)
        first = tape.first_bar(now_ns) if first < 0 else first
        while (i := tape.next_reach(first, self.phases.next_ns, low, high)) >= 0:
            for k in range(POINTS):
                at_ns = tape.minute[i] + k * POINT_NS
                if at_ns > now_ns and any(self._acts(o, tape, i, k) for o in orders):
                    return at_ns
            first = i + 1
        return FAR_NS

    def _acts(self, order: VenueOrder, tape: Tape, i: int, k: int) -> bool:
        if order.kind in (MARKET, TRAILING_STOP):
            return True
        low_first = self._extremes(tape.symbol, i)
        price = tape.price(i, k, low_first)
        if k != OPEN_POINT:
            return acting_price(order, tape.price(i, k - 1, low_first), price) is not None
        if order.kind == STOP_LIMIT and not order.triggered:
            return is_through(order, price)
        return fill_at_moment(order, self._moment(tape, i, k, price), resting=True) > 0

    def _match(self, symbol: str) -> None:
        """Match the resting orders of a symbol at the price point that is now, if it has one."""
        self._due.pop(symbol, None)
        tape = self.tapes[symbol]
        i = tape.bar_at(self.now_ns)
        if i < 0 or (self.now_ns - tape.minute[i]) % POINT_NS:
            return
        k = int((self.now_ns - tape.minute[i]) // POINT_NS)
        low_first = self._extremes(symbol, i) if k else True
        end = tape.price(i, k, low_first)
        if k == OPEN_POINT:
            at = self._moment(tape, i, k, end)
            for order in tuple(self.book.resting[symbol]):
                if order.is_resting and self.eligible(order):
                    self._judge(order, at, resting=True)
        else:
            self._move(symbol, i, k, tape.price(i, k - 1, low_first), end)

    def _move(self, symbol: str, i: int, k: int, start: int, end: int) -> None:
        """Walk the path from `start` to `end`; orders act in the order in which the path meets them, each at most once."""
        acted: set[str] = set()
        for order in self.book.resting.get(symbol, ()):
            trail(order, start)
        while True:
            meeting: tuple[int, int, VenueOrder] | None = None
            for order in self.book.resting.get(symbol, ()):
                if order.id in acted or not self.eligible(order):
                    continue
                price = acting_price(order, start, end)
                if price is not None and (meeting is None or (abs(price - start), order.seq) < (abs(meeting[1] - start), meeting[0])):
                    meeting = (order.seq, price, order)
            if meeting is None:
                break
            _, start, order = meeting
            acted.add(order.id)
            self._judge(order, self._moment(self.tapes[symbol], i, k, start), resting=True)
        for order in self.book.resting.get(symbol, ()):
            trail(order, end)

    def _judge(self, order: VenueOrder, at: Moment, *, resting: bool) -> None:
        trail(order, at.price_units)
        price = fill_at_moment(order, at, resting=resting)
        if order.kind == STOP_LIMIT and is_through(order, at.price_units):
            order.triggered = True
            self._due.pop(order.symbol, None)
        if price:
            self._fill(order, price, at)

    # ---- what happens to an order

    def send(self, order: VenueOrder, what: str = "new") -> None:
        """The order (or its cancellation) reaches the book after the latency."""
        due_ns = self.now_ns + self.config.latency_ms * NS_PER_MS
        if due_ns > self.now_ns:
            self._late_count += 1
            heapq.heappush(self._late, (due_ns, self._late_count, what, order))
        else:
            self._arrive_late(what, order)

    def _arrive_late(self, what: str, order: VenueOrder) -> None:
        if what == "cancel":
            self.cancel(order)
        elif self.eligible(order):
            self.arrive(order, self.moment(order.symbol))
        else:
            self.book.waiting.append(order)
            self._set(order, OrderStatus.ACCEPTED, "accepted")

    def arrive(self, order: VenueOrder, at: Moment | None) -> None:
        """The order is in the book from now on and meets the market as it stands. An ioc or fok order does not stay."""
        self.book.rest(order)
        self._set(order, OrderStatus.NEW, "new")
        if at is not None:
            self._judge(order, at, resting=False)
        if order.time_in_force in ("ioc", "fok") and order.is_open:
            self.cancel(order)

    def cancel(self, order: VenueOrder) -> None:
        """Cancel an order and what goes with it."""
        for member in self.book.cancelled_with(order):
            self.end(member, OrderStatus.CANCELED)

    def end(self, order: VenueOrder, status: OrderStatus) -> None:
        """Cancel or expire one order; what an entry no longer needs goes with it."""
        self.book.settle(order, status)
        if status is OrderStatus.EXPIRED:
            order.expired_ns = self.now_ns
        else:
            order.canceled_ns = self.now_ns
        self._set(order, status, str(status))
        for leg in self.book.legs(order):
            if leg.status is OrderStatus.HELD:
                self.end(leg, OrderStatus.CANCELED)

    def reject(self, order: VenueOrder) -> None:
        self.book.settle(order, OrderStatus.REJECTED)
        order.failed_ns = self.now_ns
        self._set(order, OrderStatus.REJECTED, "rejected")

    def fill_now(self, order: VenueOrder) -> None:
        """Fill the whole order at its own limit, or at the market (a fault; the price path has no say)."""
        price = self.price_units(order.symbol)
        at = self.moment(order.symbol) or Moment(price, price, price)
        self._fill(order, order.limit_units or at.market_units(order.side), at, whole=True)

    def restate(self, order: VenueOrder, event: str) -> None:
        """Tell that an order changed without an execution."""
        self._set(order, order.status, event)

    def _set(self, order: VenueOrder, status: OrderStatus, event: str) -> None:
        order.status = status
        order.updated_ns = self.now_ns
        self._due.pop(order.symbol, None)
        self.updates.append(VenueUpdate(event, self.now_ns, order.snapshot()))

    def _fill(self, order: VenueOrder, price_units: int, at: Moment, *, whole: bool = False) -> None:
        qty = order.remaining if whole else self._fill_qty(order)
        order.filled_qty += qty
        order.filled_units += qty * price_units
        order.filled_ns = order.updated_ns = self.now_ns
        order.status = OrderStatus.PARTIALLY_FILLED
        done = order.remaining == 0
        if done:
            self.book.settle(order, OrderStatus.FILLED)
        self._due.pop(order.symbol, None)
        execution = self.book.unique()
        self.account.trade(order, qty, price_units, self.now_ns, execution)
        held = self.account.qty(order.symbol)
        event = "fill" if done else "partial_fill"
        self.updates.append(VenueUpdate(event, self.now_ns, order.snapshot(), execution, price_units, qty, held))
        for sibling in self.book.siblings(order):
            if done:
                self.end(sibling, OrderStatus.CANCELED)
            else:
                sibling.qty -= qty
                self.restate(sibling, "restated")
        if done:
            for leg in self.book.legs(order):
                if leg.status is OrderStatus.HELD:
                    self.arrive(leg, at)

    def _fill_qty(self, order: VenueOrder) -> int:
        chance = self.config.partial_fill_probability
        whole = order.remaining == 1 or order.time_in_force == "fok"
        if chance == 0 or whole or self._random.random() >= chance:
            return order.remaining
        return self._random.randint(1, order.remaining - 1)
