"""Volume family: the scale-free form of volume.

    volume_ratio_ema20 = volume / EMA20(volume), the mean including this bar; 1 while no share has traded

Source: the ruling in SYSTEMS.md section 2 (raw levels don't transfer between symbols).
"""

from __future__ import annotations

import numpy as np
from numba import njit

from tradebot.core.features.feature import VOLUME, Feature
from tradebot.core.features.feature import Feature as F
from tradebot.core.kernels.ewm import ewm_step

FEATURES: tuple[Feature, ...] = (F("volume_ratio_ema20", "v / ema20(v)", "ratio", ("volume",), 300, True),)
STATE_WIDTH = 2  # seeded, mean


@njit(cache=True, error_model="numpy")
def step(state: np.ndarray, s: int, end: int, row: np.ndarray, out: np.ndarray, f: int) -> None:
    """One bar. `state[s:]` is this family's memory, `out[f:]` its column."""
    if state[s] == 0.0:
        state[s] = 1.0
        state[s + 1] = row[VOLUME]
    else:
        state[s + 1] = ewm_step(state[s + 1], row[VOLUME], 20.0)
    out[f] = row[VOLUME] / state[s + 1] if state[s + 1] > 0.0 else 1.0
