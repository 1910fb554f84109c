"""What doing next to nothing would have earned over the same minutes: the lines beside every result.

    cash           nothing is bought
    buy and hold   equal weights in every symbol at the first open, left alone
    equal weight   the same, set back to equal weights at each session's first minute

All before cost, which for the first two is none or one purchase.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from tradebot.core.domain.bars import Float, Int, MarketGrid


@dataclass(frozen=True, slots=True)
class Benchmark:
    """`equity_units` (T,) after each of the outcome's minutes."""

    name: str
    equity_units: Int


def benchmarks_of(grid: MarketGrid, minute_ns: Int, start_units: int) -> tuple[Benchmark, ...]:
    """Benchmarks at `minute_ns` (T,), which are minutes of the grid from a session's first on. One symbol has no equal weight."""
    if not len(minute_ns):
        return ()
    rows = grid.minute_ns.searchsorted(minute_ns)
    price = _known_prices(grid, rows)
    growth = price[1:] / price[:-1]
    hold = np.cumprod(growth, axis=0).mean(axis=1)
    made = [
        Benchmark("cash", np.full(len(rows), start_units, np.int64)),
        Benchmark("buy and hold", np.rint(start_units * hold).astype(np.int64)),
    ]
    if len(grid.symbols) > 1:
        made.append(Benchmark("equal weight", np.rint(start_units * _rebalanced(growth, grid.session_of[rows])).astype(np.int64)))
    return tuple(made)


def _known_prices(grid: MarketGrid, rows: Int) -> Float:
    """(T + 1, N): the first known open, then each minute's last close; a symbol without any bar stays at 1."""
    present, close = grid.present[rows], grid.close[rows].astype(np.float64)
    prices = np.ones((len(rows) + 1, len(grid.symbols)))
    for n in range(len(grid.symbols)):
        seen = np.flatnonzero(present[:, n])
        if not len(seen):
            continue
        last = np.maximum.accumulate(np.where(present[:, n], np.arange(len(rows)), -1))
        first_open = float(grid.open[rows[seen[0]], n])
        prices[0, n] = first_open
        prices[1:, n] = np.where(last >= 0, close[np.maximum(last, 0), n], first_open)
    return prices


def _rebalanced(growth: Float, session_of: Int) -> Float:
    """Growth (T, N) of symbols to that of a portfolio (T,) that has equal weights at each session's start."""
    out, money = np.empty(len(growth)), 1.0
    edges = [0, *(np.flatnonzero(np.diff(session_of)) + 1).tolist(), len(growth)]
    for start, stop in pairwise(edges):
        out[start:stop] = money * np.cumprod(growth[start:stop], axis=0).mean(axis=1)
        money = float(out[stop - 1])
    return out
