"""The simulated venue: a broker and its market as one deterministic object, without I/O and without a clock of its own.

Orders come in through `place`, `cancel` and `replace`; time comes in through `advance`; what happened goes out through `drain`. Two venues
that are given the same calls give the same answers, ids included. The same venue stands behind the simulated Alpaca server and behind the
in-process driver, so both trade the same market.

    venue = Venue(histories, sessions, start_ns=sessions.sessions[0].open_ns, config=VenueConfig())
    report = venue.submit(NewOrder("SPY", Side.BUY, 10))
    venue.advance(venue.now_ns + NS_PER_MINUTE)
    fills = [u for u in venue.drain() if u.event == "fill"]
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping

from tradebot.core.domain.bars import BarColumns
from tradebot.core.domain.orders import OrderReport, OrderStatus
from tradebot.core.domain.session import SessionTable
from tradebot.core.domain.units import NS_PER_MINUTE
from tradebot.sim import venue_limits as limits
from tradebot.sim import venue_making, venue_replace, venue_rules
from tradebot.sim.venue_account import EquityPoint, Holding
from tradebot.sim.venue_config import VenueConfig
from tradebot.sim.venue_exchange import Exchange
from tradebot.sim.venue_impact import Impact
from tradebot.sim.venue_orders import (
    BRACKET,
    OCO,
    Activity,
    NewOrder,
    Refusal,
    Replacement,
    VenueOrder,
    VenueUpdate,
    report_of,
)
from tradebot.sim.venue_phases import FAR_NS
from tradebot.sim.venue_rules import AccountRules

_POST_MARKET_NS = 240 * NS_PER_MINUTE
_GTC_NS = 90 * 24 * 60 * NS_PER_MINUTE


class Venue:
    """See the module. Refusals are values, never exceptions; `order` and `report` raise KeyError for an id that was never given.

    `impact` is reckoned from the histories unless somebody has done it before.
    """

    def __init__(
        self,
        histories: Mapping[str, BarColumns],
        sessions: SessionTable,
        start_ns: int,
        config: VenueConfig | None = None,
        impact: Impact | None = None,
    ) -> None:
        self.config = config or VenueConfig()
        self.sessions = sessions
        self.rules = AccountRules(multiplier_max=self.config.margin_multiplier)
        self._closes_ns = [session.close_ns for session in sessions.sessions]
        self._exchange = Exchange(histories, sessions, start_ns, self.config, impact)

    # ---- time

    @property
    def now_ns(self) -> int:
        return self._exchange.now_ns

    def advance(self, to_ns: int) -> None:
        """Everything due at or before `to_ns` happens, in order."""
        self._exchange.advance(to_ns)

    def next_instant(self) -> int | None:
        """The next instant at which an order may change or a fee is posted; None while nothing is open. May be early, never late."""
        return self._exchange.next_instant()

    def drain(self) -> list[VenueUpdate]:
        """What happened since the last call, oldest first."""
        updates, self._exchange.floor.updates = self._exchange.floor.updates, []
        return updates

    # ---- orders

    def submit(self, request: NewOrder) -> OrderReport | Refusal:
        """Send an order. The report acknowledges it, before any fill; fills come out of `drain`, even those of this instant."""
        entered = self._enter(request)
        if isinstance(entered, Refusal):
            return entered
        order, legs = entered
        report = report_of(order, tuple(map(report_of, legs)))
        self._send(order, legs)
        return report

    def place(self, request: NewOrder) -> tuple[VenueOrder, ...] | Refusal:
        """As `submit`; gives the order and its legs as they were when they were acknowledged."""
        entered = self._enter(request)
        if isinstance(entered, Refusal):
            return entered
        order, legs = entered
        acknowledged = (order.snapshot(), *(leg.snapshot() for leg in legs))
        self._send(order, legs)
        return acknowledged

    def _enter(self, request: NewOrder) -> tuple[VenueOrder, list[VenueOrder]] | Refusal:
        """The order and its legs, in the book and not on their way yet; or why not."""
        refused = venue_rules.refusal(request, self._exchange, self.rules)
        if refused is not None:
            return refused
        exchange = self._exchange
        order = venue_making.entry(request, exchange.book, self.now_ns, self._expiry_ns(request.time_in_force, request.extended_hours))
        exchange.book.add(order)
        legs = venue_making.legs(request, order, exchange.book)
        order.leg_ids = tuple(leg.id for leg in legs)
        for leg in legs:
            exchange.book.add(leg)
        order.status = OrderStatus.PENDING_NEW if exchange.eligible(order) else OrderStatus.ACCEPTED
        return order, legs

    def _send(self, order: VenueOrder, legs: list[VenueOrder]) -> None:
        self._exchange.send(order)
        if order.order_class == OCO:
            for leg in legs:
                if leg.is_open:  # the target may have filled as it came, and taken its stop along
                    self._exchange.send(leg)

    def cancel(self, broker_id: str, *, lost: bool = False) -> Refusal | None:
        """Cancel an order and what goes with it. `lost`: the request is taken and never carried out (a fault that brokers have had)."""
        order = self._exchange.book.orders.get(broker_id)
        if order is None:
            return not_found(broker_id)
        if order.status.is_terminal:
            return venue_rules.invalid(f'order is already in "{order.status}" state')
        if order.status is OrderStatus.PENDING_CANCEL:
            return venue_rules.invalid("order is already pending cancel")
        if lost or self.config.latency_ms:
            order.status = OrderStatus.PENDING_CANCEL
            self._exchange.floor.restate(order, "pending_cancel")
        if not lost:
            self._exchange.send(order, "cancel")
        return None

    def release(self, broker_id: str) -> None:
        """Carry out at last a cancel that was taken and lost; nothing where the order has ended otherwise."""
        order = self._exchange.book.orders[broker_id]
        if order.status is OrderStatus.PENDING_CANCEL:
            self._exchange.send(order, "cancel")

    def replace(self, broker_id: str, change: Replacement, *, lost: bool = False) -> VenueOrder | Refusal:
        """A new order in place of an open one, as acknowledged. `lost`: the old one fills first and the new one is rejected (a fault)."""
        exchange = self._exchange
        order = exchange.book.orders.get(broker_id)
        if order is None:
            return not_found(broker_id)
        refused = venue_replace.refusal(order, change, exchange, self.rules)
        if refused is not None:
            return refused
        expires_ns = self._expiry_ns(change.time_in_force or order.time_in_force, order.extended_hours)
        new = venue_replace.successor(order, change, exchange, expires_ns)
        acknowledged = new.snapshot()
        if lost:
            venue_replace.lose(order, new, exchange)
            return acknowledged
        venue_replace.install(order, new, exchange)
        if new.status is OrderStatus.PENDING_NEW:
            exchange.send(new)
        return acknowledged

    def order(self, broker_id: str) -> VenueOrder:
        """The live order (read it, don't change it)."""
        return self._exchange.book.orders[broker_id]

    def order_by_client_id(self, client_order_id: str) -> VenueOrder | None:
        return self._exchange.book.by_client.get(client_order_id)

    def legs(self, order: VenueOrder) -> tuple[VenueOrder, ...]:
        return self._exchange.book.legs(order)

    @property
    def orders(self) -> Mapping[str, VenueOrder]:
        """All orders by broker id, oldest first."""
        return self._exchange.book.orders

    @property
    def open_orders(self) -> tuple[VenueOrder, ...]:
        return self._exchange.book.open_orders

    def report(self, broker_id: str) -> OrderReport:
        """The cumulative word about an order, with its legs."""
        order = self.order(broker_id)
        return report_of(order, tuple(report_of(leg) for leg in self.legs(order)))

    # ---- account

    @property
    def cash_units(self) -> int:
        return self._exchange.account.cash_units

    @property
    def positions(self) -> Mapping[str, Holding]:
        """What is held, by symbol; no entry is flat."""
        return self._exchange.account.positions

    @property
    def activities(self) -> list[Activity]:
        """Executions and fees, oldest first; only ever grows."""
        return self._exchange.account.activities

    @property
    def closes(self) -> list[EquityPoint]:
        """Equity at the close of each session so far."""
        return self._exchange.account.closes

    @property
    def accrued_fee_units(self) -> int:
        return self._exchange.account.accrued_fee_units

    @property
    def spread_units(self) -> int:
        """What executions cost beside the price path so far, half-spreads above all."""
        return self._exchange.account.spread_units

    @property
    def impact_units(self) -> int:
        """What orders moved the price against themselves so far."""
        return self._exchange.account.impact_units

    @property
    def equity_units(self) -> int:
        return self._exchange.market.equity_units()

    @property
    def multiplier(self) -> int:
        return limits.multiplier(self._exchange, self.rules.multiplier_max)

    @property
    def buying_power_units(self) -> int:
        return limits.buying_power_units(self._exchange, self.rules.multiplier_max)

    def price_units(self, symbol: str) -> int:
        """The price path now; 0 before the first bar."""
        return self._exchange.market.price_units(symbol)

    def open_units(self, symbol: str) -> int:
        """The open of the last bar that has begun; 0 before the first."""
        tape = self._exchange.market.tapes[symbol]
        i = tape.last_bar(self.now_ns)
        return tape.open[i] if i >= 0 else 0

    def available_qty(self, symbol: str) -> int:
        """Shares of a position that no open order holds."""
        return limits.available_qty(self._exchange, symbol)

    def _expiry_ns(self, time_in_force: str, extended_hours: bool) -> int:
        """When the order ends by itself: the close of the session that it is for, or 90 days for gtc."""
        if time_in_force == "gtc":
            return self.now_ns + _GTC_NS
        after = _POST_MARKET_NS if extended_hours else 0
        i = bisect_right(self._closes_ns, self.now_ns - after)
        return self._closes_ns[i] + after if i < len(self._closes_ns) else FAR_NS


def not_found(broker_id: str) -> Refusal:
    return Refusal(404, venue_rules.NOT_FOUND, f"order not found for {broker_id}")


__all__ = ["BRACKET", "NewOrder", "Refusal", "Replacement", "Venue", "VenueConfig", "VenueOrder", "VenueUpdate"]
