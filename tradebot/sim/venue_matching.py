"""When and at what price an order fills on a price path. Pure functions of an order and prices.

A *moment* is one price with what a market order would pay or get there; a *move* is the continuous stretch from one price to the next.
On a move a stop or limit acts at its own price; at a moment (an arrival, or the jump to a minute's open) at the price that is there.
"""

from __future__ import annotations

from fractions import Fraction

import msgspec

from tradebot.core.domain.orders import Side
from tradebot.sim.venue_orders import LIMIT, MARKET, STOP_LIMIT, TRAILING_STOP, VenueOrder

ALWAYS_LOW = 1 << 62  # a band that every bar reaches


class Moment(msgspec.Struct, frozen=True, gc=False):
    """A path price and the prices at which a market order buys and sells there, in units."""

    price_units: int
    buy_units: int
    sell_units: int

    def market_units(self, side: Side) -> int:
        return self.buy_units if side is Side.BUY else self.sell_units


def is_through(order: VenueOrder, price_units: int) -> bool:
    """The stop price of the order has been reached."""
    return price_units >= order.stop_units if order.side is Side.BUY else price_units <= order.stop_units


def limit_fill(order: VenueOrder, at: Moment, *, touch: bool) -> int:
    """Fill price of a limit order at a moment, or 0.

    It takes the market price where that is within its limit. `touch` (it was resting already) fills it at its own limit as well when the
    path merely reached that price.
    """
    market, limit = at.market_units(order.side), order.limit_units
    if order.side is Side.BUY:
        return market if market <= limit else limit if touch and at.price_units <= limit else 0
    return market if market >= limit else limit if touch and at.price_units >= limit else 0


def fill_at_moment(order: VenueOrder, at: Moment, *, resting: bool) -> int:
    """Fill price of an order at a moment, or 0. A stop-limit whose stop is reached acts as a limit order (the caller sets `triggered`)."""
    if order.kind == MARKET:
        return at.market_units(order.side)
    if order.kind == LIMIT or order.triggered:
        return limit_fill(order, at, touch=resting)
    if not is_through(order, at.price_units):
        return 0
    if order.kind == STOP_LIMIT:
        return limit_fill(order, at, touch=True)
    return at.market_units(order.side)


def acting_price(order: VenueOrder, start_units: int, end_units: int) -> int | None:
    """The price on the move from `start` to `end` at which the order acts first, or None. A market order acts at the end."""
    if order.kind == MARKET:
        return end_units
    if order.kind == LIMIT or order.triggered:
        trigger, rising = order.limit_units, order.side is Side.SELL
    else:
        trigger, rising = order.stop_units, order.side is Side.BUY
    if rising:
        if start_units >= trigger:
            return start_units
        return trigger if end_units >= trigger else None
    if start_units <= trigger:
        return start_units
    return trigger if end_units <= trigger else None


def band(orders: list[VenueOrder]) -> tuple[int, int]:
    """(low, high): no resting order can act in a minute that stays strictly between. Trailing and market orders act in every minute."""
    low, high = 0, ALWAYS_LOW
    for order in orders:
        if order.kind in (MARKET, TRAILING_STOP):
            return ALWAYS_LOW, 0
        if order.kind == LIMIT or order.triggered:
            level, rising = order.limit_units, order.side is Side.SELL
        else:
            level, rising = order.stop_units, order.side is Side.BUY
        if rising:
            high = min(high, level)
        else:
            low = max(low, level)
    return low, high


def trailed_stop(order: VenueOrder, hwm_units: int) -> int:
    """Stop price of a trailing stop whose best price so far is `hwm_units`: the trail away from it, rounded outwards to a unit."""
    trail = order.trail_units
    if not trail:
        exact = Fraction(str(order.trail_percent)) * hwm_units / 100
        trail = -(-exact.numerator // exact.denominator)
    return max(hwm_units - trail, 1) if order.side is Side.SELL else hwm_units + trail


def trail(order: VenueOrder, price_units: int) -> bool:
    """Move the best price and the stop of a trailing stop with the market; True if they moved."""
    better = price_units > order.hwm_units if order.side is Side.SELL else price_units < order.hwm_units
    if order.kind != TRAILING_STOP or not (better or order.hwm_units == 0):
        return False
    order.hwm_units = price_units
    order.stop_units = trailed_stop(order, price_units)
    return True
