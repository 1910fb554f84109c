"""What a strategy's own record says of it: scores from discounted net performance, and from its volatility.

    t      = mean / sqrt(var * n2 / n^2)           var = m2 / (n - n2 / n), the unbiased weighted variance; 0 where it is 0
    faith  = min(1, n_eff / bars_min, trades / trades_min)           n_eff = n^2 / n2 (Kish 1965)
    score  = clip(1 + faith * t / t_scale, 0, score_max)

A strategy without evidence scores 1, as all others; one proven to lose (t <= -t_scale with full faith) scores 0; one proven to earn scores
more, up to `score_max`. It is the positive part of the t-statistic, moved so that ignorance is neutral and not zero.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from tradebot.core.selection.config import EvidenceConfig
from tradebot.core.selection.performance import M2, MEAN, N2, TRADES, N

Float = npt.NDArray[np.float64]


def t_statistic(ledger: Float) -> Float:
    """t of the discounted mean net P&L a bar against 0, (..., K) for a ledger (..., K, W). 0 where there is no variance."""
    n = ledger[..., N]
    with np.errstate(divide="ignore", invalid="ignore"):
        error = variance(ledger) * ledger[..., N2] / (n * n)
        return np.where(error > 0.0, ledger[..., MEAN] / np.sqrt(error), 0.0)


def variance(ledger: Float) -> Float:
    """Unbiased weighted variance of net P&L a bar, (..., K); 0 before two bars."""
    n, n2, m2 = ledger[..., N], ledger[..., N2], ledger[..., M2]
    with np.errstate(divide="ignore", invalid="ignore"):
        freedom = n - n2 / n
        return np.where(freedom > 1e-9, np.maximum(m2, 0.0) / freedom, 0.0)


def bars_effective(ledger: Float) -> Float:
    """n^2 / n2: how many bars of equal weight the discounted ones are worth, (..., K)."""
    n, n2 = ledger[..., N], ledger[..., N2]
    return np.where(n2 > 0.0, n * n / np.where(n2 > 0.0, n2, 1.0), 0.0)


def performance_scores(ledger: Float, config: EvidenceConfig) -> Float:
    """Scores (..., K) in [0, score_max], 1 = nothing is known."""
    faith = np.minimum(np.minimum(bars_effective(ledger) / config.bars_min, ledger[..., TRADES] / config.trades_min), 1.0)
    return np.clip(1.0 + faith * t_statistic(ledger) / config.t_scale, 0.0, config.score_max)


def row_sum(values: Float) -> Float:
    """The sum over the last axis, always from left to right: one row and many agree bit for bit, in any memory layout."""
    total = np.zeros(values.shape[:-1])
    for k in range(values.shape[-1]):
        total = total + values[..., k]
    return total
