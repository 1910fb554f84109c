"""Volatility family: deviations of one-bar returns, their own history, and the deviation of the deviation.

With r the simple return of a bar, std the sample standard deviation and v20 short for volatility_20:

    volatility_3m, _5m, _15m, volatility_20, _50, _60 = std of the last 3, 5, 15, 20, 50, 60 r
    vol_of_vol = std of the last 10 volatility_5m;  volatility_ratio_5_20 = volatility_5m / v20, 1 where v20 is 0
    volatility_50_mean = mean of the last 240 volatility_50;  volatility_mean_240, volatility_std_240 = mean and std of the last 240 v20
    volatility_percentile = 100 * share of the last 240 v20 that are <= the newest, which counts itself
    volatility_zscore_240 = (v20 - volatility_mean_240) / volatility_std_240, 0 where that is 0
    volatility_ratio_20_240 = v20 / volatility_mean_240, 1 where that is 0
    trend_strength_20 = |mean of the last 20 r| / v20, 0 where v20 is 0
    mean_absolute_return_20 = mean of the last 20 |r|
    downside_deviation_20, upside_deviation_20 = sqrt(mean of the last 20 min(r, 0)^2), with max (Sortino and Price 1994, target 0)
    ulcer_index_14 = sqrt(mean of the last 14 d^2), d = 100 (c / highest of the last 14 closes - 1) (Martin 1987)

Source: seeds/000 `create_advanced_features` and its regime rule (SYSTEMS.md section 1), seeds/004 for the percentile; else as named.
"""

from __future__ import annotations

import math

import numpy as np

from tradebot.core.features.feature import Feature
from tradebot.core.features.feature import Feature as F
from tradebot.core.features.window import CHANGE_AT, CLOSE_AT
from tradebot.core.kernels.deviations import count_at_most, deviation, sliding_moments, span_moments
from tradebot.core.kernels.high_low import window_range
from tradebot.core.kernels.kernel import kernel
from tradebot.core.kernels.rolling import ratio
from tradebot.core.kernels.sliding import TOTALS, sliding_sums, sums_width

_C = ("close",)
_LONG = 240
_MARTIN = 14
_WARM_240, _WARM_50_240 = 21 + _LONG - 1, 51 + _LONG - 1
FEATURES: tuple[Feature, ...] = (
    F("volatility_3m", "std3 r", "fraction per bar", _C, 4, True, 0.0),
    F("volatility_5m", "std5 r", "fraction per bar", _C, 6, True, 0.0),
    F("volatility_15m", "std15 r", "fraction per bar", _C, 16, True, 0.0),
    F("volatility_20", "std20 r", "fraction per bar", _C, 21, True, 0.0),
    F("volatility_50", "std50 r", "fraction per bar", _C, 51, True, 0.0),
    F("volatility_60", "std60 r", "fraction per bar", _C, 61, True, 0.0),
    F("vol_of_vol", "std10 volatility_5m", "fraction per bar", _C, 15, True, 0.0),
    F("volatility_ratio_5_20", "volatility_5m / volatility_20, 1 where 0", "ratio", _C, 21, True, 0.0),
    F("volatility_50_mean", "mean240 volatility_50", "fraction per bar", _C, _WARM_50_240, True, 0.0),
    F("volatility_mean_240", "mean240 volatility_20", "fraction per bar", _C, _WARM_240, True, 0.0),
    F("volatility_std_240", "std240 volatility_20", "fraction per bar", _C, _WARM_240, True, 0.0),
    F("volatility_percentile", "100 share240(volatility_20 <= newest)", "percent", _C, _WARM_240, True, 0.0, 100.0),
    F("volatility_zscore_240", "(volatility_20 - mean240) / std240, 0 where 0", "deviations", _C, _WARM_240, True, -16.0, 16.0),
    F("volatility_ratio_20_240", "volatility_20 / mean240, 1 where 0", "ratio", _C, _WARM_240, True, 0.0, 240.0),
    F("trend_strength_20", "|mean20 r| / volatility_20, 0 where 0", "ratio", _C, 21, True, 0.0),
    F("mean_absolute_return_20", "mean20 |r|", "fraction per bar", _C, 21, True, 0.0),
    F("downside_deviation_20", "sqrt(mean20 min(r, 0)^2)", "fraction per bar", _C, 21, True, 0.0, 1.0),
    F("upside_deviation_20", "sqrt(mean20 max(r, 0)^2)", "fraction per bar", _C, 21, True, 0.0),
    F("ulcer_index_14", "sqrt(mean14 (100 (c / max14 c - 1))^2)", "percent", _C, 27, True, 0.0, 100.0),
)
# Bars so far and the last 240 volatility_20; moments of those and of 10 volatility_5m; sliding sums of 240 volatility_50, of 20 |r|,
# r-^2, r+^2 and of 14 squared drawdowns.
_VOL_20 = 1
_VOL_20_MOMENTS = _VOL_20 + _LONG
_VOL_5 = _VOL_20_MOMENTS + 3 + 2 * _LONG
_VOL_50 = _VOL_5 + 3 + 2 * 10
_SIDES = _VOL_50 + sums_width(_LONG, 1)
_DRAWDOWN = _SIDES + sums_width(20, 3)
STATE_WIDTH = _DRAWDOWN + sums_width(_MARTIN, 1)


@kernel
def step(state: np.ndarray, s: int, end: int, row: np.ndarray, out: np.ndarray, f: int) -> None:
    """One bar. `state[s:]` is this family's memory, `out[f:]` its columns."""
    bar = int(state[s])
    state[s] = bar + 1
    _deviations(state, end, out, f)
    vol_5, vol_20 = out[f + 1], out[f + 3]

    _, squares = sliding_moments(state, s + _VOL_5, 10, vol_5)
    out[f + 6] = math.sqrt(squares / 9.0)
    out[f + 7] = ratio(vol_5, vol_20, 1.0)
    sliding_sums(state, s + _VOL_50, _LONG, (out[f + 4],))
    out[f + 8] = state[s + _VOL_50 + TOTALS] / _LONG

    state[s + _VOL_20 + bar % _LONG] = vol_20
    mean, squares = sliding_moments(state, s + _VOL_20_MOMENTS, _LONG, vol_20)
    std = math.sqrt(squares / (_LONG - 1))
    out[f + 9] = mean
    out[f + 10] = std
    out[f + 11] = 100.0 * count_at_most(state, s + _VOL_20, _LONG, vol_20) / _LONG
    out[f + 12] = ratio(vol_20 - mean, std, 0.0)
    out[f + 13] = min(ratio(vol_20, mean, 1.0), float(_LONG))
    _sides(state, s, end, out, f + 15)


@kernel
def _deviations(state: np.ndarray, end: int, out: np.ndarray, f: int) -> None:
    """The nested windows in one pass, about the newest return; and trend_strength_20 from the same sums."""
    r = end + CHANGE_AT
    pivot = state[r]
    a, aa = span_moments(state, r, 0, 2, pivot)
    out[f] = deviation(a, aa, 3)
    more, squares = span_moments(state, r, 3, 4, pivot)
    a, aa = a + more, aa + squares
    out[f + 1] = deviation(a, aa, 5)
    more, squares = span_moments(state, r, 5, 14, pivot)
    a, aa = a + more, aa + squares
    out[f + 2] = deviation(a, aa, 15)
    more, squares = span_moments(state, r, 15, 19, pivot)
    a, aa = a + more, aa + squares
    out[f + 3] = deviation(a, aa, 20)
    out[f + 14] = ratio(abs(pivot + a / 20.0), out[f + 3], 0.0)
    more, squares = span_moments(state, r, 20, 49, pivot)
    a, aa = a + more, aa + squares
    out[f + 4] = deviation(a, aa, 50)
    more, squares = span_moments(state, r, 50, 59, pivot)
    out[f + 5] = deviation(a + more, aa + squares, 60)


@kernel
def _sides(state: np.ndarray, s: int, end: int, out: np.ndarray, f: int) -> None:
    r, close = state[end + CHANGE_AT], state[end + CLOSE_AT]
    down, up = min(r, 0.0), max(r, 0.0)
    sliding_sums(state, s + _SIDES, 20, (up - down, down * down, up * up))
    t = s + _SIDES + TOTALS
    out[f] = state[t] / 20.0
    out[f + 1] = math.sqrt(state[t + 1] / 20.0)
    out[f + 2] = math.sqrt(state[t + 2] / 20.0)
    highest, _ = window_range(state, end + CLOSE_AT, end + CLOSE_AT, _MARTIN)
    drawdown = 100.0 * (close / highest - 1.0)
    sliding_sums(state, s + _DRAWDOWN, _MARTIN, (drawdown * drawdown,))
    out[f + 3] = math.sqrt(state[s + _DRAWDOWN + TOTALS] / _MARTIN)
