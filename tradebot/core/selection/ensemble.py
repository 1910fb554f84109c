"""Volatility-weighted ensemble: each strategy gets the capital at which it moves as much as every other.

    volatility  = sqrt(discounted variance of net P&L a bar)
    shrunk      = faith * volatility + (1 - faith) * average        faith = n_eff / (n_eff + prior_bars)
    weight      = (1 / shrunk) / sum of (1 / shrunk)

`average` is the mean over the strategies that have traded; one that has not is taken to be as volatile as that. Shrinking keeps a
strategy that happened to stand still for a day from drawing all capital. Uniform while none has traded.
Source: inverse-volatility weights, the diagonal case of risk parity (Maillard, Roncalli, Teiletche 2010); SYSTEMS.md section 5.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from tradebot.core.selection.weights import bars_effective, row_sum, variance

Float = npt.NDArray[np.float64]

PRIOR_BARS: Final = 390.0


def volatility_weights(ledger: Float, prior_bars: float = PRIOR_BARS) -> Float:
    """Weights (..., K) > 0 that sum to 1, from a ledger (..., K, W)."""
    volatility = np.sqrt(variance(ledger))
    moved = volatility > 0.0
    count = row_sum(moved.astype(np.float64))[..., None]
    average = row_sum(volatility)[..., None] / np.where(count > 0.0, count, 1.0)
    bars = bars_effective(ledger)
    faith = np.where(moved, bars / (bars + prior_bars), 0.0)
    shrunk = np.where(average > 0.0, faith * volatility + (1.0 - faith) * average, 1.0)
    inverse = 1.0 / shrunk
    return inverse / row_sum(inverse)[..., None]
