"""The weights of `pool.py` and the scores of `weights.py` and `ensemble.py` for one symbol, compiled: the same operations, one order.

Tests hold each mode to `selector.select`, bit for bit. Arrays are one symbol's: `pool`, `out` (K,), `book` (K, W), `chances` (K + 1,).
"""

from __future__ import annotations

import math
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from tradebot.core.kernels.kernel import kernel
from tradebot.core.selection.config import SelectionConfig
from tradebot.core.selection.ensemble import PRIOR_BARS
from tradebot.core.selection.performance import M2, MEAN, N2, TRADES, N

Float = npt.NDArray[np.float64]

MODES: Final = ("regime", "performance", "ensemble", "bandit", "meta")
REGIME, PERFORMANCE, ENSEMBLE, BANDIT, META = range(5)


class Weighing(NamedTuple):
    """What the modes read of a profile."""

    mode: int
    bars_min: float
    trades_min: float
    t_scale: float
    score_max: float

    @staticmethod
    def of(config: SelectionConfig) -> Weighing:
        evidence = config.evidence
        return Weighing(MODES.index(config.mode), evidence.bars_min, evidence.trades_min, evidence.t_scale, evidence.score_max)


@kernel
def variance(book: Float) -> float:
    """`weights.variance` of one strategy's book (W,)."""
    n, n2 = book[N], book[N2]
    freedom = n - n2 / n
    return float(max(book[M2], 0.0) / freedom) if freedom > 1e-9 else 0.0


@kernel
def bars_effective(book: Float) -> float:
    return float(book[N] * book[N] / book[N2]) if book[N2] > 0.0 else 0.0


@kernel
def score(book: Float, rules: Weighing) -> float:
    """`weights.performance_scores`."""
    error = variance(book) * book[N2] / (book[N] * book[N])
    t = book[MEAN] / math.sqrt(error) if error > 0.0 else 0.0
    faith = min(bars_effective(book) / rules.bars_min, book[TRADES] / rules.trades_min, 1.0)
    return float(min(max(1.0 + faith * t / rules.t_scale, 0.0), rules.score_max))


@kernel
def total(values: Float) -> float:
    """From left to right, as `weights.row_sum`."""
    out = 0.0
    for k in range(len(values)):
        out = out + values[k]
    return out


@kernel
def weigh(pool: Float, book: Float, chosen: int, chances: Float, rules: Weighing, out: Float) -> None:
    """Weights of one symbol's strategies in the profile's mode."""
    if rules.mode == REGIME:
        exposure = max(total(pool), 1.0)
        for k in range(len(pool)):
            out[k] = pool[k] / exposure
    elif rules.mode == PERFORMANCE:
        for k in range(len(pool)):
            out[k] = pool[k] * score(book[k], rules)
        exposure = max(total(pool), total(out), 1.0)
        for k in range(len(pool)):
            out[k] = out[k] / exposure
    elif rules.mode == ENSEMBLE:
        by_volatility(pool, book, out)
    elif rules.mode == BANDIT:
        for k in range(len(pool)):
            out[k] = 1.0 if k == chosen and pool[k] > 0.0 else 0.0
    else:
        by_selector(pool, book, chances, rules, out)


@kernel
def by_selector(pool: Float, book: Float, chances: Float, rules: Weighing, out: Float) -> None:
    favourite = 0.0
    for k in range(len(pool)):
        favourite = max(favourite, pool[k])
    favourite = favourite if favourite > 0.0 else 1.0
    for k in range(len(pool)):
        out[k] = chances[k] * (pool[k] / favourite) * score(book[k], rules)
    whole = chances[len(pool)] + total(out)
    whole = whole if whole > 0.0 else 1.0
    for k in range(len(pool)):
        out[k] = out[k] / whole


@kernel
def by_volatility(pool: Float, book: Float, out: Float) -> None:
    """`ensemble.volatility_weights` and `pool.by_volatility`; `out` holds the volatilities, then the inverses, on the way."""
    count = 0.0
    for k in range(len(pool)):
        out[k] = math.sqrt(variance(book[k]))
        count = count + (1.0 if out[k] > 0.0 else 0.0)
    average = total(out) / (count if count > 0.0 else 1.0)
    for k in range(len(pool)):
        bars = bars_effective(book[k])
        faith = bars / (bars + PRIOR_BARS) if out[k] > 0.0 else 0.0
        out[k] = 1.0 / (faith * out[k] + (1.0 - faith) * average if average > 0.0 else 1.0)
    inverse = total(out)
    for k in range(len(pool)):
        out[k] = pool[k] * (out[k] / inverse)
    whole, exposure = total(out), min(total(pool), 1.0)
    share = exposure / whole if whole > 0.0 else 0.0
    for k in range(len(pool)):
        out[k] = out[k] * share
