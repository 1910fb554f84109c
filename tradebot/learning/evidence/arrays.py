"""Arrays of daily returns: their types, and the stationary bootstrap over them."""

from __future__ import annotations

import math
from typing import Final

import numpy as np
import numpy.typing as npt

Float = npt.NDArray[np.float64]
Int = npt.NDArray[np.int64]
SESSIONS_A_YEAR: Final = 252


def is_constant(returns: Float) -> bool:
    """Whether nothing varies beyond what rounding makes of equal numbers: then no Sharpe ratio is defined. (n,) or (n, K), over all."""
    if not returns.size:
        return True
    return bool(np.ptp(returns) <= 1e-12 * max(1e-12, float(np.abs(returns).max())))


def block_length(sessions: int) -> int:
    """Mean length of a bootstrap block: n^(1/3), the rate that is optimal for the stationary bootstrap (Politis and White 2004)."""
    return max(1, round(math.pow(sessions, 1.0 / 3.0)))


def stationary_rows(sessions: int, draws: int, seed: int, mean_block: int = 0) -> Int:
    """Row numbers of `draws` resamples, (draws, sessions): blocks of geometric length, wrapped at the end (Politis and Romano 1994).

    `mean_block` 0 is `block_length`.
    """
    rng = np.random.default_rng(seed)
    fresh = rng.random((draws, sessions)) < 1.0 / (mean_block or block_length(sessions))
    fresh[:, 0] = True
    starts = rng.integers(0, sessions, (draws, sessions))
    at = np.broadcast_to(np.arange(sessions), fresh.shape)
    began = np.maximum.accumulate(np.where(fresh, at, 0), axis=1)
    rows: Int = (np.take_along_axis(starts, began, axis=1) + at - began) % sessions
    return rows


def sharpe_of(returns: Float, axis: int = -1) -> Float:
    """Daily Sharpe ratios along an axis, 0 where nothing varies."""
    mean, std = returns.mean(axis=axis), returns.std(axis=axis, ddof=1)
    flat = std <= 1e-12 * np.maximum(np.abs(returns).max(axis=axis), 1e-12)
    ratios: Float = np.where(flat, 0.0, mean / np.where(flat, 1.0, std))
    return ratios
