"""Moving averages and lines over finite windows of closes. Everything is relative to the close c.

    sma_n_rel = mean of the last n closes / c - 1;  wma_20_rel: weights 20 (newest) .. 1;  hull_16_rel: wma4(2 wma8 - wma16)
    vwma_20_rel = sum(v c) / sum(v) / c - 1 over 20 bars, 0 where no share has traded
    ma_spread_2_8 = sma2 / sma8 - 1;  ma_spread_2_8_prev is that of one bar ago;  mean_deviation_8 = c / sma8 - 1
    linreg_slope_n = least-squares slope of the last n closes / c
    linreg_r2_14 = share of their variance that the line explains, 0 for a constant price
    trend_direction_50 = Pearson correlation of the last 50 closes with time, 0 for a constant price
    vam_n = sum(w_i r_i) / std(r) of the last n log returns, w_i = exp(-0.1 i) / sum(exp(-0.1 j)), i = 0 the newest, sample std;
            0 where the std is below 1e-12 (volatility-adjusted momentum)

Source: TA-Lib SMA, WMA, LINEARREG_SLOPE; Hull (2005); spreads, trend direction and vam of the seeds, SYSTEMS.md.
"""

from __future__ import annotations

import math

import numpy as np

from tradebot.core.features.feature import Feature
from tradebot.core.features.feature import Feature as F
from tradebot.core.features.window import CLOSE_AT, LOG_RETURN_AT, VOLUME_AT
from tradebot.core.kernels.kernel import kernel
from tradebot.core.kernels.ring import shift_in
from tradebot.core.kernels.rolling import window_sum
from tradebot.core.kernels.spans import span_dot, span_line_sums, span_moments, span_sum

_C = ("close",)
FEATURES: tuple[Feature, ...] = (
    F("sma_5_rel", "sma5(c) / c - 1", "fraction", _C, 5, True, -1.0, source="TA-Lib SMA"),
    F("sma_10_rel", "sma10(c) / c - 1", "fraction", _C, 10, True, -1.0, source="TA-Lib SMA"),
    F("sma_20_rel", "sma20(c) / c - 1", "fraction", _C, 20, True, -1.0, source="TA-Lib SMA"),
    F("sma_50_rel", "sma50(c) / c - 1", "fraction", _C, 50, True, -1.0, source="TA-Lib SMA"),
    F("wma_20_rel", "wma20(c) / c - 1", "fraction", _C, 20, True, -1.0, source="TA-Lib WMA"),
    F("hull_16_rel", "wma4(2 wma8(c) - wma16(c)) / c - 1", "fraction", _C, 19, True, source="Hull 2005"),
    F("vwma_20_rel", "sum20(v c) / sum20(v) / c - 1, 0 where sum20(v) is 0", "fraction", ("close", "volume"), 20, True, -1.0),
    F("ma_spread_2_8", "sma2(c) / sma8(c) - 1", "fraction", _C, 8, True, -1.0, 3.0, source="seeds"),
    F("ma_spread_2_8_prev", "ma_spread_2_8 one bar ago", "fraction", _C, 9, True, -1.0, 3.0, source="seeds"),
    F("mean_deviation_8", "c / sma8(c) - 1", "fraction", _C, 8, True, -1.0, 7.0, source="seeds"),
    F("linreg_slope_14", "least-squares slope of c over 14 bars / c", "fraction per bar", _C, 14, True, source="TA-Lib LINEARREG_SLOPE"),
    F("linreg_slope_50", "least-squares slope of c over 50 bars / c", "fraction per bar", _C, 50, True, source="TA-Lib LINEARREG_SLOPE"),
    F("linreg_r2_14", "squared correlation of c with time over 14 bars, 0 for a constant", "share", _C, 14, True, 0.0, 1.0),
    F("trend_direction_50", "correlation of c with time over 50 bars, 0 for a constant", "correlation", _C, 50, True, -1.0, 1.0, "seeds"),
    F("vam_5", "sum(exp(-0.1 i) r_i) / sum(exp(-0.1 i)) / std(r) of 5 log returns, 0 where std is 0", "ratio", _C, 6, True, source="seeds"),
    F("vam_10", "as vam_5 over 10 log returns", "ratio", _C, 11, True, source="seeds"),
    F("vam_20", "as vam_5 over 20 log returns", "ratio", _C, 21, True, source="seeds"),
    F("vam_60", "as vam_5 over 60 log returns", "ratio", _C, 61, True, source="seeds"),
)
STATE_WIDTH = 8  # the last 4 of 2 wma8 - wma16 in usd; the decayed sums of the last 5, 10, 20 and 60 log returns

_HULL, _HULL_BARS, _DECAYED = 0, 4, 4
_HULL_WEIGHTS = np.arange(1.0, 5.0) / 10.0
_DECAY = math.exp(-0.1)
_NO_STD = 1e-12
_VAM_BARS = (5, 10, 20, 60)
_LEAVING = tuple(_DECAY**n for n in _VAM_BARS)
_PER_WEIGHTS = tuple((1.0 - _DECAY) / (1.0 - _DECAY**n) for n in _VAM_BARS)


@kernel
def step(state: np.ndarray, s: int, end: int, row: np.ndarray, out: np.ndarray, f: int) -> None:
    """One bar. `state[s:]` is this family's memory, `out[f:]` its columns."""
    newest = end + CLOSE_AT
    c, c1 = state[newest], state[newest - 1]
    per_c = 1.0 / c
    # The newest close is the pivot, so age 0 adds nothing to any sum.
    total_8, squares_8, aged_8 = span_line_sums(state, newest, 0, 7, c)
    total, squares, aged = span_line_sums(state, newest, 8, 13, c)
    total_14, squares_14, aged_14 = total_8 + total, squares_8 + squares, aged_8 + aged
    total, squares, aged = span_line_sums(state, newest, 14, 19, c)
    total_20, squares_20, aged_20 = total_14 + total, squares_14 + squares, aged_14 + aged
    total, squares, aged = span_line_sums(state, newest, 20, 49, c)
    total_50, squares_50, aged_50 = total_20 + total, squares_20 + squares, aged_20 + aged

    d8, d9 = state[newest - 8] - c, state[newest - 9] - c
    out[f] = (span_sum(state, newest, 1, 4, c) / 5.0) * per_c
    out[f + 1] = ((total_8 + d8 + d9) / 10.0) * per_c
    out[f + 2] = (total_20 / 20.0) * per_c
    out[f + 3] = (total_50 / 50.0) * per_c
    out[f + 4] = ((20.0 * total_20 - aged_20) / 210.0) * per_c
    total_16 = total_14 + (state[newest - 14] - c) + (state[newest - 15] - c)
    aged_16 = aged_14 + 14.0 * (state[newest - 14] - c) + 15.0 * (state[newest - 15] - c)
    lead = 2.0 * (8.0 * total_8 - aged_8) / 36.0 - (16.0 * total_16 - aged_16) / 136.0
    shift_in(state, s + _HULL, _HULL_BARS, c + lead)
    out[f + 5] = span_dot(state, _HULL_WEIGHTS, s + _HULL + 3, 3, _HULL_BARS, c) * per_c
    volume = window_sum(state, end + VOLUME_AT, 20)
    traded = span_dot(state, state, newest, end + VOLUME_AT, 20, c)
    out[f + 6] = traded / volume * per_c if volume > 0.0 else 0.0

    sma8 = c + total_8 / 8.0
    # Both about c1: the newest close is not part of the average of one bar ago.
    sma8_prev = c1 + (total_8 + d8 - 8.0 * (c1 - c)) / 8.0
    out[f + 7] = (c + 0.5 * (c1 - c) - sma8) / sma8
    out[f + 8] = (c1 + 0.5 * (state[newest - 2] - c1) - sma8_prev) / sma8_prev
    out[f + 9] = (c - sma8) / sma8

    out[f + 10] = _slope(total_14, aged_14, 14) * per_c
    out[f + 11] = _slope(total_50, aged_50, 50) * per_c
    out[f + 12] = _fit(total_14, squares_14, aged_14, 14)
    fit = _fit(total_50, squares_50, aged_50, 50)
    out[f + 13] = math.sqrt(fit) if _slope(total_50, aged_50, 50) >= 0.0 else -math.sqrt(fit)
    _momentum(state, s + _DECAYED, end + LOG_RETURN_AT, out, f + 14)


@kernel
def _slope(total: float, aged: float, n: int) -> float:
    """Per bar, from the sums about a pivot; they are weighted by age, so the sign turns."""
    return -(aged - 0.5 * (n - 1) * total) * (12.0 / (n * (n * n - 1.0)))


@kernel
def _fit(total: float, squares: float, aged: float, n: int) -> float:
    """Squared correlation with time."""
    variation = squares - total * total * (1.0 / n)
    along = aged - 0.5 * (n - 1) * total
    return min(1.0, along * along * (12.0 / (n * (n * n - 1.0))) / variation) if variation > 0.0 else 0.0


@kernel
def _momentum(state: np.ndarray, s: int, newest: int, out: np.ndarray, f: int) -> None:
    r = state[newest]
    total, squares = span_moments(state, newest, 0, 4, r)
    out[f] = _vam(state, s, newest, total, squares, 0)
    a, b = span_moments(state, newest, 5, 9, r)
    total, squares = total + a, squares + b
    out[f + 1] = _vam(state, s, newest, total, squares, 1)
    a, b = span_moments(state, newest, 10, 19, r)
    total, squares = total + a, squares + b
    out[f + 2] = _vam(state, s, newest, total, squares, 2)
    a, b = span_moments(state, newest, 20, 59, r)
    out[f + 3] = _vam(state, s, newest, total + a, squares + b, 3)


@kernel
def _vam(state: np.ndarray, s: int, newest: int, total: float, squares: float, which: int) -> float:
    """The decayed sum S = r + q S[-1] - q^n r[-n] forgets its rounding as fast as its returns; the first bar's window is all 0."""
    n = _VAM_BARS[which]
    decayed = state[newest] + _DECAY * state[s + which] - _LEAVING[which] * state[newest - n]
    state[s + which] = decayed
    variation = squares - total * total / n
    enough = _NO_STD * _NO_STD * (n - 1)
    return decayed * _PER_WEIGHTS[which] * math.sqrt((n - 1) / variation) if variation > enough else 0.0
