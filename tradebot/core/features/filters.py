"""GARCH, Kalman and EWMA states of the log return r, carried from bar to bar.

V = mean of r^2 over the trailing 240 bars. With v the GARCH(1,1) forecast made one bar ago and v' the one made now,
v' = 0.04 V + 0.06 r^2 + 0.90 v:
    garch_volatility_1 = sqrt(v');  garch_volatility_n = sqrt of the mean of V + 0.96^(k-1) (v' - V) over k = 1..n
    garch_ratio = sqrt(v' / V) up to 10, 1 where V is 0;  garch_surprise = r / sqrt(v), clipped to -20..20, 0 where r is 0

Kalman, local level on y = 100 ln(c), so variances are in squared percent: observation variance R = 0.01 (SYSTEMS.md: observation_covariance
0.01), a noise of 0.1% in each close; process variance Q = the trailing variance of returns, V in squared percent, at least 0.0001.
A quiet price is smoothed (gain 0.1 at a volatility of 1 basis point a minute), an agitated one is followed (0.4 at 5, 0.6 at 10): an
adaptive moving average, whose innovation is the surprise after what the level knew and whose slope is where the level has gone.
    P' = P + Q;  S = P' + R;  K = P' / S;  innovation = y - level[-1];  level += K innovation;  P = (1 - K) P'
    kalman_level = exp(level / 100);  kalman_level_deviation = c / kalman_level - 1;  kalman_innovation = innovation / sqrt(S)
    kalman_slope = mean change of ln(kalman_level) per bar over 5 bars;  kalman_gain = K

EWMA of log prices: ewma_trend_8_32 = (ema8(ln c) - ema32(ln c)) / sqrt(V), clipped to -20..20, 0 where V is 0

Warm-up: V needs 241 bars; from then on two starts differ by less than 0.91^300 of what they differed by, also after a split.
Source: Bollerslev (1986); Harvey (1989); the trend is Carver's EWMAC, "Systematic Trading" (2015).
"""

from __future__ import annotations

import math

import numpy as np

from tradebot.core.features.feature import CLOSE, Feature
from tradebot.core.features.feature import Feature as F
from tradebot.core.features.window import LOG_RETURN_AT
from tradebot.core.kernels.kernel import kernel
from tradebot.core.kernels.ring import shift_in
from tradebot.core.kernels.sliding import TOTALS, sliding_sums, sums_width
from tradebot.core.kernels.volatility import garch_step, mean_decay

_C = ("close",)
_WARM_UP = 541
_BOLLERSLEV, _HARVEY, _CARVER = "Bollerslev (1986)", "Harvey (1989), 4.1.2", "Carver (2015), EWMAC"
FEATURES: tuple[Feature, ...] = (
    F("garch_volatility_1", "sqrt(v')", "log return", _C, _WARM_UP, True, 0.0, source=_BOLLERSLEV),
    F("garch_volatility_5", "sqrt(mean of v' forecasts, 5 bars)", "log return", _C, _WARM_UP, True, 0.0, source=_BOLLERSLEV),
    F("garch_volatility_60", "sqrt(mean of v' forecasts, 60 bars)", "log return", _C, _WARM_UP, True, 0.0, source=_BOLLERSLEV),
    F("garch_ratio", "sqrt(v' / V) <= 10, 1 where V is 0", "ratio", _C, _WARM_UP, True, 0.0, 10.0, _BOLLERSLEV),
    F("garch_surprise", "clip(r / sqrt(v), -20, 20), 0 where r is 0", "ratio", _C, _WARM_UP, True, -20.0, 20.0, _BOLLERSLEV),
    F("kalman_level", "exp(level / 100), Q = max(V, 1e-4), R = 0.01", "usd", _C, _WARM_UP, False, 0.0, source=_HARVEY),
    F("kalman_level_deviation", "c / kalman_level - 1", "fraction", _C, _WARM_UP, True, -1.0, source=_HARVEY),
    F("kalman_innovation", "innovation / sqrt(S)", "ratio", _C, _WARM_UP, True, source=_HARVEY),
    F("kalman_slope", "mean(diff(ln kalman_level), 5)", "log return", _C, _WARM_UP, True, source=_HARVEY),
    F("kalman_gain", "P' / S", "fraction", _C, _WARM_UP, True, 0.0, 1.0, _HARVEY),
    F(
        "ewma_trend_8_32",
        "clip((ema8(ln c) - ema32(ln c)) / sqrt(V), -20, 20), 0 where V is 0",
        "ratio",
        _C,
        _WARM_UP,
        True,
        -20.0,
        20.0,
        _CARVER,
    ),
)
_LONG_RUN = 240
OBSERVATION, QUIETEST = 0.01 * 1e-4, 1e-4 * 1e-4  # squared percent as squared log price
_SLOPE_BARS = 5
# v', P, gap of price and level, gaps of price and EMAs, then the level's last changes, then the sum of squares.
_P, _GAP, _FAST, _SLOW, _CHANGES, _SQUARES = 1, 2, 3, 4, 5, 5 + _SLOPE_BARS
STATE_WIDTH = _SQUARES + sums_width(_LONG_RUN, 1)
_DECAY_5, _DECAY_60 = mean_decay(5), mean_decay(60)
_KEEP_FAST, _KEEP_SLOW = 1.0 - 2.0 / 9.0, 1.0 - 2.0 / 33.0


@kernel
def step(state: np.ndarray, s: int, end: int, row: np.ndarray, out: np.ndarray, f: int) -> None:
    """One bar. `state[s:]` is this family's memory, `out[f:]` its columns."""
    r = state[end + LOG_RETURN_AT]
    sliding_sums(state, s + _SQUARES, _LONG_RUN, (r * r,))
    long_run = state[s + _SQUARES + TOTALS] / _LONG_RUN

    forecast = state[s]
    variance = garch_step(forecast, long_run, r)
    state[s] = variance
    out[f] = math.sqrt(variance)
    out[f + 1] = math.sqrt(long_run + _DECAY_5 * (variance - long_run))
    out[f + 2] = math.sqrt(long_run + _DECAY_60 * (variance - long_run))
    out[f + 3] = min(math.sqrt(variance / long_run), 10.0) if long_run > 0.0 else 1.0
    out[f + 4] = _clip_20(r / math.sqrt(forecast)) if r != 0.0 else 0.0

    predicted = state[s + _P] + (long_run if long_run > QUIETEST else QUIETEST)
    innovation = state[s + _GAP] + r
    spread = predicted + OBSERVATION
    gain = predicted / spread
    gap = innovation * (OBSERVATION / spread)
    state[s + _P] = predicted * (OBSERVATION / spread)
    state[s + _GAP] = gap
    shift_in(state, s + _CHANGES, _SLOPE_BARS, gain * innovation)
    above = math.expm1(gap)
    out[f + 5] = row[CLOSE] / (1.0 + above)
    out[f + 6] = above
    out[f + 7] = innovation / math.sqrt(spread)
    changes = s + _CHANGES
    out[f + 8] = (state[changes] + state[changes + 1] + state[changes + 2] + state[changes + 3] + state[changes + 4]) / _SLOPE_BARS
    out[f + 9] = gain

    state[s + _FAST] = _KEEP_FAST * (state[s + _FAST] + r)  # price less its average
    state[s + _SLOW] = _KEEP_SLOW * (state[s + _SLOW] + r)
    out[f + 10] = _clip_20((state[s + _SLOW] - state[s + _FAST]) / math.sqrt(long_run)) if long_run > 0.0 else 0.0


@kernel
def _clip_20(x: float) -> float:
    if x > 20.0:
        return 20.0
    return x if x > -20.0 else -20.0
