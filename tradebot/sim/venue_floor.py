"""What happens to an order once it is on the floor: it rests, fills, ends, and takes along what belongs to it."""

from __future__ import annotations

import random

from tradebot.core.domain.orders import OrderStatus
from tradebot.sim.venue_account import Account
from tradebot.sim.venue_book import Book
from tradebot.sim.venue_config import VenueConfig
from tradebot.sim.venue_impact import Impact
from tradebot.sim.venue_market import Market
from tradebot.sim.venue_matching import Moment, fill_at_moment, is_through, trail
from tradebot.sim.venue_orders import STOP_LIMIT, VenueOrder, VenueUpdate


class Floor:
    """Book, account and the updates to tell. `stale` names the symbols whose orders changed since somebody last looked."""

    def __init__(self, market: Market, account: Account, config: VenueConfig, impact: Impact) -> None:
        self.market = market
        self.account = account
        self.book = Book(config.seed)
        self.updates: list[VenueUpdate] = []
        self.stale: set[str] = set()
        self._impact = impact
        self._partial_chance = config.partial_fill_probability
        self._seed = config.seed

    def judge(self, order: VenueOrder, at: Moment, *, resting: bool) -> None:
        """Let an order act on a moment: trail, trigger, fill."""
        trail(order, at.price_units)
        price = fill_at_moment(order, at, resting=resting)
        if order.kind == STOP_LIMIT and is_through(order, at.price_units):
            order.triggered = True
            self.stale.add(order.symbol)
        if price:
            self._fill(order, self._impact.moved(order, price, at, self.market.now_ns), at, before_units=price)

    def arrive(self, order: VenueOrder, at: Moment | None) -> None:
        """The order is in the book from now on and meets the market as it stands. An ioc or fok order does not stay."""
        self.book.rest(order)
        self._set(order, OrderStatus.NEW, "new")
        if at is not None:
            self.judge(order, at, resting=False)
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
            order.expired_ns = self.market.now_ns
        else:
            order.canceled_ns = self.market.now_ns
        self._set(order, status, str(status))
        for leg in self.book.legs(order):
            if leg.status is OrderStatus.HELD:
                self.end(leg, OrderStatus.CANCELED)

    def reject(self, order: VenueOrder) -> None:
        """The order ends without ever having rested."""
        self.book.settle(order, OrderStatus.REJECTED)
        order.failed_ns = self.market.now_ns
        self._set(order, OrderStatus.REJECTED, "rejected")

    def fill_now(self, order: VenueOrder) -> None:
        """Fill the whole order at its own limit, or at the market (a fault; the price path has no say)."""
        price = self.market.price_units(order.symbol)
        at = self.market.moment(order.symbol) or Moment(price, price, price)
        price = order.limit_units or at.market_units(order.side)
        self._fill(order, price, at, before_units=price, whole=True)

    def restate(self, order: VenueOrder, event: str) -> None:
        """Tell that an order changed without an execution."""
        self._set(order, order.status, event)

    def _set(self, order: VenueOrder, status: OrderStatus, event: str) -> None:
        order.status = status
        order.updated_ns = self.market.now_ns
        self.stale.add(order.symbol)
        self.updates.append(VenueUpdate(event, self.market.now_ns, order.snapshot()))

    def _fill(self, order: VenueOrder, price_units: int, at: Moment, *, before_units: int, whole: bool = False) -> None:
        """An execution at `price_units`, which were `before_units` before the order moved them."""
        qty = order.remaining if whole else self._fill_qty(order)
        order.filled_qty += qty
        order.filled_units += qty * price_units
        order.filled_ns = order.updated_ns = self.market.now_ns
        order.status = OrderStatus.PARTIALLY_FILLED
        done = order.remaining == 0
        if done:
            self.book.settle(order, OrderStatus.FILLED)
        self.stale.add(order.symbol)
        self.account.spread_units += order.side.sign * qty * (before_units - at.price_units)
        self.account.impact_units += order.side.sign * qty * (price_units - before_units)
        execution = self.book.unique()
        stands = order.snapshot()
        self.account.trade(stands, qty, price_units, self.market.now_ns, execution)
        held = self.account.qty(order.symbol)
        event = "fill" if done else "partial_fill"
        self.updates.append(VenueUpdate(event, self.market.now_ns, stands, execution, price_units, qty, held))
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
        chance = self._partial_chance
        whole = order.remaining == 1 or order.time_in_force == "fok"
        if chance == 0 or whole:
            return order.remaining
        # Drawn by the order's own name, not in the order of arrival: requests that are sent at the same time may change places.
        parent = self.book.orders.get(order.parent_id)
        name = order.client_order_id if parent is None else f"{parent.client_order_id}/{order.leg}"
        draw = random.Random(f"{self._seed}:{name}:{order.filled_qty}")
        return order.remaining if draw.random() >= chance else draw.randint(1, order.remaining - 1)
