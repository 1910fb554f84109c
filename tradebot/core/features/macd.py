"""MACD(12, 26, 9) family, carried across sessions.

    macd = EMA12(close) - EMA26(close);  macd_signal = EMA9(macd);  macd_hist = macd - macd_signal
    *_rel = x / close

EMAs are recursive and seeded with the first close. Warm-up: (25/27)^390 < 1e-13, so any two starts agree to float32
after 390 bars. Source: Appel's MACD as in seeds/001; equals pandas `ewm(adjust=False)`.
"""

from __future__ import annotations

import numpy as np

from tradebot.core.features.feature import CLOSE, Feature
from tradebot.core.features.feature import Feature as F
from tradebot.core.kernels.ewm import ewm_step
from tradebot.core.kernels.kernel import kernel

_WARM_UP = 390
FEATURES: tuple[Feature, ...] = (
    F("macd", "ema12(c) - ema26(c)", "usd", ("close",), _WARM_UP, False),
    F("macd_signal", "ema9(macd)", "usd", ("close",), _WARM_UP, False),
    F("macd_hist", "macd - macd_signal", "usd", ("close",), _WARM_UP, False),
    F("macd_rel", "macd / c", "fraction", ("close",), _WARM_UP, True),
    F("macd_signal_rel", "macd_signal / c", "fraction", ("close",), _WARM_UP, True),
    F("macd_hist_rel", "macd_hist / c", "fraction", ("close",), _WARM_UP, True),
)
STATE_WIDTH = 4  # seeded, ema12, ema26, signal


@kernel
def step(state: np.ndarray, s: int, end: int, row: np.ndarray, out: np.ndarray, f: int) -> None:
    """One bar. `state[s:]` is this family's memory, `out[f:]` its columns."""
    close = row[CLOSE]
    if state[s] == 0.0:
        state[s] = 1.0
        state[s + 1] = close
        state[s + 2] = close
        state[s + 3] = 0.0
    else:
        state[s + 1] = ewm_step(state[s + 1], close, 12.0)
        state[s + 2] = ewm_step(state[s + 2], close, 26.0)
        state[s + 3] = ewm_step(state[s + 3], state[s + 1] - state[s + 2], 9.0)
    macd = state[s + 1] - state[s + 2]
    signal = state[s + 3]
    out[f] = macd
    out[f + 1] = signal
    out[f + 2] = macd - signal
    out[f + 3] = macd / close
    out[f + 4] = signal / close
    out[f + 5] = (macd - signal) / close
