"""Bars whose prices lie on no grid, for oracles that compare sums: nothing is equal but for rounding, so no tie hides a difference."""

from __future__ import annotations

import numpy as np

from tests.unit.features.hostile import Bars, walk
from tradebot.core.features.feature import CLOSE, HIGH, LOW, OPEN


def unrounded(seed: int = 1, sessions: int = 4, minutes: int = 390, sigma: float = 1e-3) -> Bars:
    """`hostile.walk` with a nudge of a few millionths on every price; volume is never 0."""
    bars = walk("unrounded walk", seed, sessions, minutes, sigma=sigma)
    rng = np.random.default_rng(seed + 50)
    rows = bars.rows
    rows[:, OPEN] *= np.exp(rng.normal(0, 3e-6, len(rows)))
    rows[:, CLOSE] *= np.exp(rng.normal(0, 3e-6, len(rows)))
    rows[:, HIGH] = np.maximum(rows[:, HIGH], rows[:, [OPEN, CLOSE]].max(axis=1)) * np.exp(rng.uniform(0, 3e-6, len(rows)))
    rows[:, LOW] = np.minimum(rows[:, LOW], rows[:, [OPEN, CLOSE]].min(axis=1)) * np.exp(-rng.uniform(0, 3e-6, len(rows)))
    rows[:, 4] += 1.0
    return bars


def prices(bars: Bars) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Open, high, low, close, volume, each contiguous, as TA-Lib wants them."""
    return tuple(np.ascontiguousarray(bars.rows[:, i]) for i in range(5))  # type: ignore[return-value]
