"""The trade behind a label: bought at the next bar's open, sold where the label ends, and what the round trip costs.

    cost(bought, sold) = 2 max(bought * half_spread, half_spread_min) + sold * sec_fee + taf        units a share

Nothing is known after the data's end, the last minute with a bar of any symbol: a label that needs more than that does not exist.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numba import njit

from tradebot.core.domain.bars import Bool, Float, Int, MarketGrid
from tradebot.core.domain.units import NS_PER_MINUTE, UNITS_PER_USD
from tradebot.learning.config import RoundTripCost

_MILLION: Final = 1e6
_BPS: Final = 1e4


@dataclass(frozen=True, slots=True)
class Charges:
    """A round trip's cost in the units of prices."""

    half_fraction: float
    half_units_min: float
    sale_fraction: float
    share_units: float

    @staticmethod
    def of(cost: RoundTripCost) -> Charges:
        return Charges(
            cost.half_spread_bps / _BPS,
            cost.half_spread_usd_min * UNITS_PER_USD,
            cost.sec_fee_usd_per_million / _MILLION,
            cost.taf_usd_per_share * UNITS_PER_USD,
        )

    def round_trip(self, bought: Float, sold: Float) -> Float:
        """Units a share for buying at `bought` and selling at `sold`."""
        return 2.0 * np.maximum(bought * self.half_fraction, self.half_units_min) + sold * self.sale_fraction + self.share_units


def cost_parameters(cost: RoundTripCost) -> dict[str, float]:
    """The cost as a label's parameters."""
    return {
        "half_spread_bps": cost.half_spread_bps,
        "half_spread_usd_min": cost.half_spread_usd_min,
        "sec_fee_usd_per_million": cost.sec_fee_usd_per_million,
        "taf_usd_per_share": cost.taf_usd_per_share,
    }


@dataclass(frozen=True, slots=True)
class Trades:
    """One purchase for each bar: prices in units, NaN where there is none."""

    bought: Float  # (T, N)
    sold: Float  # (T, N)
    valid: Bool  # (T, N)
    end_ns: Int  # (T, N)

    @staticmethod
    def none(grid: MarketGrid) -> Trades:
        shape = grid.present.shape
        return Trades(np.full(shape, np.nan), np.full(shape, np.nan), np.zeros(shape, np.bool_), np.zeros(shape, np.int64))

    def gross(self) -> Float:
        """(T, N) as a fraction of the price paid."""
        with np.errstate(divide="ignore", invalid="ignore"):  # a price of 0 gives no number, and a data set refuses it
            return (self.sold - self.bought) / self.bought

    def net(self, cost: RoundTripCost) -> tuple[Float, Float]:
        """(T, N) net result and cost as fractions of the price paid."""
        paid = Charges.of(cost).round_trip(self.bought, self.sold)
        with np.errstate(divide="ignore", invalid="ignore"):
            return (self.sold - self.bought - paid) / self.bought, paid / self.bought


def data_end(grid: MarketGrid) -> int:
    """The row of the last minute with any bar, -1 where there is none."""
    rows = np.flatnonzero(grid.present.any(axis=1))
    return int(rows[-1]) if len(rows) else -1


def session_last(grid: MarketGrid) -> Int:
    """(T,) the last row of each row's session, or -1 where the data ends before the session does."""
    last = np.searchsorted(grid.session_of, grid.session_of, side="right") - 1
    closes_ns = np.array([s.close_ns for s in grid.sessions], np.int64)[grid.session_of]
    whole = (last <= data_end(grid)) & (grid.minute_ns[last] + NS_PER_MINUTE == closes_ns)
    return np.where(whole, last, -1).astype(np.int64)


@njit(cache=True, error_model="numpy")
def next_bar(session_of: Int, present: Bool, t: int, n: int) -> int:
    """The symbol's next bar in the session of t, or -1."""
    for u in range(t + 1, len(session_of)):
        if session_of[u] != session_of[t]:
            return -1
        if present[u, n]:
            return u
    return -1
