"""Weights of the strategies in each mode, from the regime's pool and what is known of each. Elementwise and row by row.

`pool` (N, K) in [0, 1] is the regime's weight of each strategy; `exposure` = min(1, its sum), 0 in a crisis. Weights never sum to more
than 1; what is missing to 1 is weight on nothing.

    regime       pool / max(1, sum pool)
    performance  pool * score / max(1, sum pool, sum pool * score)            a proven loser's share goes to nothing, not to the others
    ensemble     exposure * pool * v / sum(pool * v)                          v = volatility weights
    bandit       1 for the hour's arm while its pool weight is above 0
    meta         q / (P(flat) + sum q),  q = P * pool / max(pool) * score     P = the selector's probabilities of the hour
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from tradebot.core.selection.weights import row_sum

Float = npt.NDArray[np.float64]
Int = npt.NDArray[np.int64]


def regime_pool(regime_weights: Float) -> Float:
    """Regime weights (N, K) within [0, 1]; what is no number weighs nothing."""
    return np.clip(np.where(np.isfinite(regime_weights), regime_weights, 0.0), 0.0, 1.0)


def by_regime(pool: Float) -> Float:
    return pool / np.maximum(row_sum(pool), 1.0)[:, None]


def by_performance(pool: Float, scores: Float) -> Float:
    weighed = pool * scores
    return weighed / np.maximum(np.maximum(row_sum(pool), row_sum(weighed)), 1.0)[:, None]


def by_volatility(pool: Float, volatility_weights: Float) -> Float:
    weighed = pool * volatility_weights
    total, exposure = row_sum(weighed), np.minimum(row_sum(pool), 1.0)
    return weighed * np.where(total > 0.0, exposure / np.where(total > 0.0, total, 1.0), 0.0)[:, None]


def by_arm(pool: Float, chosen: Int) -> Float:
    """`chosen` (N,) is a strategy, K for flat, or -1 for none."""
    arms = np.arange(pool.shape[1])
    return np.where((arms == chosen[:, None]) & (pool > 0.0), 1.0, 0.0)


def by_selector(pool: Float, scores: Float, probabilities: Float) -> Float:
    """`probabilities` (N, K + 1), the last for flat; a row of zeros is no opinion and weighs nothing."""
    favourite = np.max(pool, axis=1, initial=0.0)
    relative = pool / np.where(favourite > 0.0, favourite, 1.0)[:, None]
    weighed = probabilities[:, :-1] * relative * scores
    total = probabilities[:, -1] + row_sum(weighed)
    return weighed / np.where(total > 0.0, total, 1.0)[:, None]
