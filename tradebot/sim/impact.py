"""Square-root market impact, from what past sessions say of a symbol.

    impact = price * Y * sigma * min(sqrt(x), x / sqrt(X)),   x = qty / ADV,   X = 1e-3

`sigma` is the symbol's daily volatility as a fraction, ADV its average daily volume in shares, Y a number of order one. Below the
crossover X impact is linear in the quantity, so a small order costs less than the square root alone would say; both meet at X.

Sources: Toth et al., "Anomalous price impact and the critical nature of liquidity in financial markets" (2011), the square root;
Bucci et al., "Crossover from linear to square-root market impact" (2019), the linear part and where it ends.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

import numpy as np

from tradebot.core.domain.bars import BarColumns, Float, MarketGrid
from tradebot.core.domain.session import Session
from tradebot.core.kernels.kernel import kernel

LOOK_BACK_SESSIONS: Final = 20
CROSSOVER: Final = 1e-3  # share of the daily volume below which impact is linear


class ImpactTables(NamedTuple):
    """What a session's impact is reckoned with: nothing of the session itself. 0 where the past says nothing, and then there is none."""

    sigma_day_fraction: Float  # (S, N)
    adv_shares: Float  # (S, N)


@kernel
def impact_units(price_units: int, qty: int, sigma_day_fraction: float, adv_shares: float, y: float) -> int:
    """Units a share by which an order of `qty` shares moves the price against itself, rounded up; 0 where volatility or volume is 0.

    Example: 10,000 shares of a 50-dollar stock that trades a million a day and moves by 2 percent, at Y = 0.7, pay
    50 * 0.7 * 0.02 * sqrt(0.01) = 0.07 dollars a share: `impact_units(500_000, 10_000, 0.02, 1e6, 0.7) == 700`.
    """
    if not (adv_shares > 0.0 and sigma_day_fraction > 0.0 and y > 0.0 and qty > 0):
        return 0
    share = qty / adv_shares
    reach = min(math.sqrt(share), share / math.sqrt(CROSSOVER))
    exact = price_units * y * sigma_day_fraction * reach
    return math.ceil(exact - 1e-6)  # what is a whole number of units but for the last bits is that number


def impact_tables(histories: Mapping[str, BarColumns], sessions: Sequence[Session]) -> ImpactTables:
    """Tables of `sessions` in their order by the symbols of `histories` in theirs. Give every session that there is: the past is in it."""
    shape = (len(sessions), len(histories))
    closes, volumes = np.full(shape, np.nan), np.full(shape, np.nan)
    opens_ns = np.array([s.open_ns for s in sessions], np.int64)
    closes_ns = np.array([s.close_ns for s in sessions], np.int64)
    for n, bars in enumerate(histories.values()):
        first, end = np.searchsorted(bars.minute_ns, opens_ns), np.searchsorted(bars.minute_ns, closes_ns)
        total = np.concatenate(([0], np.cumsum(bars.volume)))
        traded = end > first
        closes[traded, n] = bars.close[end[traded] - 1]
        volumes[traded, n] = (total[end] - total[first])[traded]
    return _tables(closes, volumes)


def impact_tables_of(grid: MarketGrid) -> ImpactTables:
    """The same by the sessions of a grid, whose first ones have no past."""
    edges = np.searchsorted(grid.session_of, np.arange(len(grid.sessions) + 1))
    shape = (len(grid.sessions), len(grid.symbols))
    closes, volumes = np.full(shape, np.nan), np.full(shape, np.nan)
    for s, (start, stop) in enumerate(zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True)):
        present = grid.present[start:stop]
        traded = np.flatnonzero(present.any(axis=0))
        last = stop - 1 - np.argmax(present[::-1], axis=0)
        closes[s, traded] = grid.close[last[traded], traded]
        volumes[s, traded] = grid.volume[start:stop].sum(axis=0)[traded]
    return _tables(closes, volumes)


def _tables(closes: Float, volumes: Float) -> ImpactTables:
    """From each session's last close and volume (S, N), NaN where a symbol had no bar.

    Volatility is the root mean square of close-to-close returns: the mean of twenty days is too uncertain to be taken off.
    """
    sigma, adv = np.zeros(closes.shape), np.zeros(closes.shape)
    returns = np.full(closes.shape, np.nan)
    known = np.full(closes.shape[1], np.nan)
    for s in range(len(closes)):
        past = slice(max(0, s - LOOK_BACK_SESSIONS), s)
        sigma[s] = np.sqrt(_mean(np.square(returns[past])))
        adv[s] = _mean(volumes[past])
        here = np.isfinite(closes[s])
        returns[s] = np.where(here, closes[s] / known - 1.0, np.nan)
        known = np.where(here, closes[s], known)
    return ImpactTables(sigma, adv)


def _mean(values: Float) -> Float:
    """Mean over the first axis of what is finite, 0 where nothing is."""
    finite = np.isfinite(values)
    count = finite.sum(axis=0)
    mean: Float = np.where(finite, values, 0.0).sum(axis=0) / np.maximum(count, 1)
    return mean
