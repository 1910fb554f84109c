"""Time and matching: when something happens, and which order meets the price path where. What a fill sets off stands in `venue_floor`.

At one instant things happen in this order: a session boundary ends what it ends (expiry, fees), the price points of that instant are
matched symbol by symbol, a boundary starts what it starts (queued orders), and late arrivals reach the book.
"""

from __future__ import annotations

import heapq
from collections.abc import Mapping

from tradebot.core.domain.bars import BarColumns
from tradebot.core.domain.orders import OrderStatus
from tradebot.core.domain.session import SessionTable
from tradebot.core.domain.units import NS_PER_MS, units_nearest
from tradebot.sim.venue_account import Account, EquityPoint
from tradebot.sim.venue_config import VenueConfig
from tradebot.sim.venue_floor import Floor
from tradebot.sim.venue_impact import Impact
from tradebot.sim.venue_market import Market
from tradebot.sim.venue_matching import acting_price, band, fill_at_moment, is_through, trail
from tradebot.sim.venue_orders import MARKET, STOP_LIMIT, TRAILING_STOP, VenueOrder
from tradebot.sim.venue_phases import FAR_NS, Phase, Phases
from tradebot.sim.venue_tape import OPEN_POINT, POINT_NS, POINTS, Tape


class Exchange:
    """The moving part of the venue: `advance` to an instant, and the orders meet the price path on the way."""

    def __init__(
        self, histories: Mapping[str, BarColumns], sessions: SessionTable, start_ns: int, config: VenueConfig, impact: Impact | None = None
    ) -> None:
        self.config = config
        self.phases = Phases(sessions, start_ns)
        self.account = Account(units_nearest(config.cash_usd), config.costs)
        self.market = Market(histories, self.account, start_ns, config.half_spread_bps)
        self.floor = Floor(self.market, self.account, config, impact or Impact(histories, sessions.sessions, config.impact_y))
        self.book = self.floor.book
        self._late: list[tuple[int, int, str, VenueOrder]] = []  # what is still on its way: (due_ns, count, what, order)
        self._late_count = 0
        self._due: dict[str, int] = {}  # cached next instant of each symbol with resting orders
        self._soonest_ns: int | None = None  # the least of them, while nothing has changed

    # ---- time

    @property
    def now_ns(self) -> int:
        return self.market.now_ns

    def advance(self, to_ns: int) -> None:
        """Everything due at or before `to_ns` happens. Raises AssertionError when time would run backwards."""
        assert to_ns >= self.now_ns, f"time runs backwards: {to_ns} < {self.now_ns}"
        while (due_ns := self._next_work()) <= to_ns:
            self.market.now_ns = due_ns
            self._happen()
        self.market.now_ns = to_ns

    def next_instant(self) -> int | None:
        """The next instant after now at which an order may change or a fee is posted; None while nothing is open. Early, never late."""
        if self.book.has_open or self.account.sold_shares or (self.account.costs.borrow_bps_per_year and self.account.is_short):
            due_ns = self._next_work()
            return None if due_ns == FAR_NS else due_ns
        return None

    def _next_work(self) -> int:
        if self.floor.stale:
            for symbol in self.floor.stale:
                self._due.pop(symbol, None)
            self.floor.stale.clear()
            self._soonest_ns = None
        if self._soonest_ns is None:
            self._soonest_ns = min(map(self._symbol_due, self.book.resting), default=FAR_NS)
        due_ns = min(self.phases.next_ns, self._soonest_ns)
        return min(due_ns, self._late[0][0]) if self._late else due_ns

    def _happen(self) -> None:
        now_ns, self._soonest_ns = self.now_ns, None
        crossed = now_ns == self.phases.next_ns
        opened = crossed and self._cross()
        for symbol in sorted(self.book.resting):
            if crossed or self._due.get(symbol, FAR_NS) <= now_ns:
                self._match(symbol)
        if opened:
            for order in tuple(self.book.waiting):
                if order.is_open and self.eligible(order):  # an earlier one may have filled and cancelled it
                    self.book.waiting.remove(order)
                    self.floor.arrive(order, self.market.moment(order.symbol))
        while self._late and self._late[0][0] <= now_ns:
            _, _, what, order = heapq.heappop(self._late)
            if order.is_open:
                self._arrive_late(what, order)

    def _cross(self) -> bool:
        """Step over a session boundary; True where queued orders may start."""
        self._due.clear()
        phase = self.phases.step()
        if phase in (Phase.POST, Phase.CLOSED):
            for order in self.book.open_orders:
                if self._ends_now(order, phase):
                    self.floor.end(order, OrderStatus.CANCELED if order.status is OrderStatus.HELD else OrderStatus.EXPIRED)
        if phase is Phase.POST:
            self.account.post_fees(self.now_ns, self.book.unique())
            if self.account.costs.borrow_bps_per_year and self.account.is_short:
                self.account.post_borrow(self.now_ns, self.market.short_units(), self.phases.nights(), self.book.unique)
            self.account.closes.append(EquityPoint(self.now_ns, self.market.equity_units()))
        return phase in (Phase.PRE, Phase.REGULAR)

    def _ends_now(self, order: VenueOrder, phase: Phase) -> bool:
        if not order.is_open:
            return False
        if order.time_in_force == "gtc":
            return phase is Phase.POST and 0 < order.expires_ns <= self.now_ns
        return order.expires_ns <= self.now_ns

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
        tape, now_ns = self.market.tapes[symbol], self.now_ns
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
        low_first = self.market.low_first(tape.symbol, i)
        price = tape.price(i, k, low_first)
        if k != OPEN_POINT:
            return acting_price(order, tape.price(i, k - 1, low_first), price) is not None
        if order.kind == STOP_LIMIT and not order.triggered:
            return is_through(order, price)
        return fill_at_moment(order, self.market.moment_at(tape, i, k, price), resting=True) > 0

    def _match(self, symbol: str) -> None:
        """Match the resting orders of a symbol at the price point that is now, if it has one."""
        self._due.pop(symbol, None)
        tape = self.market.tapes[symbol]
        i = tape.bar_at(self.now_ns)
        if i < 0 or (self.now_ns - tape.minute[i]) % POINT_NS:
            return
        k = int((self.now_ns - tape.minute[i]) // POINT_NS)
        low_first = self.market.low_first(symbol, i) if k else True
        end = tape.price(i, k, low_first)
        if k == OPEN_POINT:
            at = self.market.moment_at(tape, i, k, end)
            for order in tuple(self.book.resting[symbol]):
                if order.is_resting and self.eligible(order):
                    self.floor.judge(order, at, resting=True)
        else:
            self._move(symbol, i, k, tape.price(i, k - 1, low_first), end)

    def _move(self, symbol: str, i: int, k: int, start: int, end: int) -> None:
        """Walk the path from `start` to `end`; orders act in the order in which the path meets them, each at most once."""
        acted: set[str] = set()
        self._trail(symbol, start)
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
            self.floor.judge(order, self.market.moment_at(self.market.tapes[symbol], i, k, start), resting=True)
        self._trail(symbol, end)

    def _trail(self, symbol: str, price_units: int) -> None:
        for order in self.book.resting.get(symbol, ()):
            if self.eligible(order):
                trail(order, price_units)

    # ---- what is on its way

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
            self.floor.cancel(order)
        elif self.eligible(order):
            self.floor.arrive(order, self.market.moment(order.symbol))
        else:
            self.book.waiting.append(order)
            order.status = OrderStatus.ACCEPTED
            self.floor.restate(order, "accepted")
