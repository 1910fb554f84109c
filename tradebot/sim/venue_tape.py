"""One symbol's price path: four price points a minute, made from its bar (contract of `sim.venue`).

In a minute with a bar the points are the open at +0 s, the first extreme at +15 s, the second extreme at +30 s and the close at +45 s;
between two points of one minute the path is continuous, between minutes it jumps. Which extreme comes first is the caller's
`low_first`. Prices in units of 1e-4 dollars, times in UTC nanoseconds.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from typing import Final

import numpy as np

from tradebot.core.domain.bars import BarColumns, Int
from tradebot.core.domain.units import NS_PER_MINUTE, NS_PER_S
from tradebot.core.kernels.kernel import kernel

POINT_NS: Final = 15 * NS_PER_S
POINTS: Final = 4
OPEN_POINT: Final = 0

_BPS_SCALE = 1_000_000  # half-spreads are kept in 1e-6 of a basis point
_PER_PRICE = _BPS_SCALE * 10_000


def _view(column: Int) -> memoryview[int]:
    """The column without a copy; an index gives a Python int."""
    return np.ascontiguousarray(column).data


class Tape:
    """Bars of one symbol with the venue's reading of them."""

    def __init__(self, bars: BarColumns, half_spread_bps: float) -> None:
        self.symbol = bars.symbol
        self.bars = bars
        self._minute_ns: Int = np.ascontiguousarray(bars.minute_ns)
        self.minute = _view(bars.minute_ns)
        self.open = _view(bars.open)
        self.high = _view(bars.high)
        self.low = _view(bars.low)
        self.close = _view(bars.close)
        zeros = np.zeros(len(bars), np.int64)
        # The lowest and highest price at which anything can trade in a minute, quotes at its start included.
        self._bid: Int = zeros if bars.bid is None else np.ascontiguousarray(bars.bid)
        self._ask: Int = zeros if bars.ask is None else np.ascontiguousarray(bars.ask)
        self.bid, self.ask = _view(self._bid), _view(self._ask)
        self._reach_low: Int = np.where((self._ask > 0) & (self._ask < bars.low), self._ask, bars.low)
        self._reach_high: Int = np.maximum(self._bid, bars.high)
        self._last = -1  # where the last look ended
        self._half_spread = round(half_spread_bps * _BPS_SCALE)

    def __len__(self) -> int:
        return len(self.minute)

    def bar_at(self, ts_ns: int) -> int:
        """Index of the bar whose minute contains `ts_ns`, or -1."""
        i = self.last_bar(ts_ns)
        return i if i >= 0 and ts_ns - self.minute[i] < NS_PER_MINUTE else -1

    def last_bar(self, ts_ns: int) -> int:
        """Index of the last bar that began at or before `ts_ns`, or -1. Time mostly stands still or goes on by a bar: looked at first."""
        i, minute = self._last, self.minute
        if i >= 0 and minute[i] <= ts_ns:
            if ts_ns < minute[i + 1] if i + 1 < len(minute) else True:
                return i
            if ts_ns < minute[i + 2] if i + 2 < len(minute) else True:
                self._last = i + 1
                return i + 1
        self._last = bisect_right(minute, ts_ns) - 1
        return self._last

    def first_bar(self, ts_ns: int) -> int:
        """Index of the first bar that begins at or after `ts_ns` (len(self) if none)."""
        return bisect_left(self.minute, ts_ns)

    def flat_low_first(self, i: int) -> bool:
        """The order of the extremes when nothing is held."""
        return self.close[i] >= self.open[i]

    def price(self, i: int, k: int, low_first: bool) -> int:
        """The price of point k (0..3) of bar i."""
        if k == OPEN_POINT:
            return self.open[i]
        if k == POINTS - 1:
            return self.close[i]
        return self.low[i] if (k == 1) == low_first else self.high[i]

    def half_spread(self, i: int, price_units: int) -> int:
        """Half the minute's quoted spread, or the assumed one of the price; rounded up to a unit."""
        bid, ask = self.bid[i], self.ask[i]
        if bid > 0 and ask >= bid:
            return (ask - bid + 1) // 2
        return -(-price_units * self._half_spread // _PER_PRICE)

    def market_prices(self, i: int, k: int, price_units: int) -> tuple[int, int]:
        """What a market order (buys, sells) at while the path is at `price_units` at or after point k of bar i.

        At the open point the quote itself counts, elsewhere the path plus or minus the half-spread. A sale brings at least one unit.
        """
        half = self.half_spread(i, price_units)
        buy, sell = price_units + half, price_units - half
        if k == OPEN_POINT:
            buy, sell = self.ask[i] or buy, self.bid[i] or sell
        return buy, max(sell, 1)

    def next_reach(self, first: int, end_ns: int, low_units: int, high_units: int) -> int:
        """First bar from index `first` on, begun before `end_ns`, that reaches down to `low_units` or up to `high_units`; or -1."""
        return _reaches(self._minute_ns, self._reach_low, self._reach_high, first, end_ns, low_units, high_units)


@kernel
def _reaches(minute_ns: Int, reach_low: Int, reach_high: Int, first: int, end_ns: int, low: int, high: int) -> int:
    """See `Tape.next_reach`."""
    for i in range(first, len(minute_ns)):
        if minute_ns[i] >= end_ns:
            break
        if reach_low[i] <= low or reach_high[i] >= high:
            return i
    return -1
