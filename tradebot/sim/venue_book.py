"""Every order that the venue ever saw, and the small sets that matching looks at."""

from __future__ import annotations

import uuid
from bisect import insort

from tradebot.core.domain.orders import OrderStatus
from tradebot.sim.venue_orders import BRACKET, OCO, OTO, VenueOrder


def _by_seq(order: VenueOrder) -> int:
    return order.seq


def _take(orders: list[VenueOrder], order: VenueOrder) -> bool:
    """Take an order out of a list by what it is, not by what it is like; False where it is not there."""
    for place, other in enumerate(orders):
        if other is order:
            del orders[place]
            return True
    return False


class Book:
    """Orders by id and client id in order of arrival; `resting` are those that can fill, by symbol, `waiting` those queued for an open."""

    def __init__(self, seed: int) -> None:
        self._space = str(uuid.uuid5(uuid.NAMESPACE_URL, f"tradebot-venue:{seed}"))[:24]
        self._ids = 0
        self._open: dict[str, VenueOrder] = {}
        self.orders: dict[str, VenueOrder] = {}
        self.by_client: dict[str, VenueOrder] = {}
        self.resting: dict[str, list[VenueOrder]] = {}
        self.waiting: list[VenueOrder] = []

    def unique(self) -> str:
        """The next id, in the form of a UUID: the same ones in the same order for the same seed, counted in its last group."""
        self._ids += 1
        return f"{self._space}{self._ids:012x}"

    def add(self, order: VenueOrder) -> None:
        self.orders[order.id] = order
        self.by_client[order.client_order_id] = order
        self._open[order.id] = order

    @property
    def open_orders(self) -> tuple[VenueOrder, ...]:
        """Orders that are not in a terminal state, oldest first."""
        return tuple(self._open.values())

    @property
    def has_open(self) -> bool:
        return bool(self._open)

    def rest(self, order: VenueOrder) -> None:
        """The order can fill from now on."""
        insort(self.resting.setdefault(order.symbol, []), order, key=_by_seq)

    def settle(self, order: VenueOrder, status: OrderStatus) -> None:
        """The order reaches a terminal state and leaves the working sets."""
        order.status = status
        self._open.pop(order.id, None)
        here = self.resting.get(order.symbol)
        if here and _take(here, order) and not here:
            del self.resting[order.symbol]
        _take(self.waiting, order)

    def legs(self, order: VenueOrder) -> tuple[VenueOrder, ...]:
        return tuple(self.orders[i] for i in order.leg_ids)

    def siblings(self, order: VenueOrder) -> tuple[VenueOrder, ...]:
        """Open orders of which only one may fill: the two legs of a bracket, the two halves of an OCO."""
        if order.order_class == BRACKET and order.parent_id:
            members = self.legs(self.orders[order.parent_id])
        elif order.order_class == OCO:
            parent = self.orders[order.parent_id] if order.parent_id else order
            members = (parent, *self.legs(parent))
        else:
            members = ()
        return tuple(m for m in members if m.id != order.id and m.is_open)

    def cancelled_with(self, order: VenueOrder) -> tuple[VenueOrder, ...]:
        """The open orders that go when `order` is cancelled, itself first: the whole complex order (the leg alone in an OTO)."""
        if order.order_class == OTO and order.parent_id:
            return (order,)
        parent = self.orders[order.parent_id] if order.parent_id else order
        others = (parent, *self.legs(parent))
        return (order, *(m for m in others if m.id != order.id and m.is_open))

    def swap(self, old: VenueOrder, new: VenueOrder) -> None:
        """`new` takes the place of `old` in its complex order."""
        for leg in self.legs(old):
            leg.parent_id = new.id
        if old.parent_id:
            parent = self.orders[old.parent_id]
            parent.leg_ids = tuple(new.id if i == old.id else i for i in parent.leg_ids)
