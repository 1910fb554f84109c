"""Volume family: how much trades, beside what traded before.

    volume_ratio_ema20 = volume / EMA20(volume), the mean including this bar; 1 while no share has traded
    volume_ratio = v / mean10 v, 1 where that is 0;  volume_imbalance = (v - mean20 v) / mean20 v, 0 where that is 0
    volume_change = v / v[-1] - 1, 0 where v[-1] is 0;  volume_ratio_10_50 = mean10 v / mean50 v, 1 where that is 0
    volume_zscore_20 = (v - mean20 v) / std20 v, 0 where that is 0;  volume_variation_20 = std20 v / mean20 v, 0 where that is 0
    volume_slope_20 = least-squares slope per bar of the last 20 v / mean20 v, 0 where that is 0
    volume_percentile_60 = 100 * share of the last 60 v that are <= the newest, which counts itself
    zero_volume_share_20 = share of the last 20 bars in which nothing traded
    dollar_volume_log = ln(1 + typical price * v)
    relative_volume_session = v / mean v of the session so far, 1 where that is 0
    price_volume_correlation_20, return_volume_correlation_20 = Pearson correlation of the last 20 v with the closes, with the simple
        returns; 0 where either is constant

Means and samples end at this bar and include it; std is the sample standard deviation.
Source: the ruling in SYSTEMS.md section 2 (raw levels don't transfer between symbols); seeds/000 `create_advanced_features` for
volume_ratio, volume_imbalance and volume_change, and its regime rule for volume_ratio_10_50.
"""

from __future__ import annotations

import math

import numpy as np

from tradebot.core.features.feature import SESSION, VOLUME, Feature
from tradebot.core.features.feature import Feature as F
from tradebot.core.features.window import CHANGE_AT, CLOSE_AT, TYPICAL_AT, VOLUME_AT
from tradebot.core.kernels.deviations import count_at_most
from tradebot.core.kernels.ewm import ewm_step
from tradebot.core.kernels.kernel import kernel
from tradebot.core.kernels.lanes import lanes, load, total
from tradebot.core.kernels.rolling import ratio, window_slope, window_sum
from tradebot.core.kernels.sliding import TOTALS, sliding_sums, sums_width

_V, _CV = ("volume",), ("close", "volume")
_Z = 4.25  # (n - 1) / sqrt(n) bounds a z-score within its own sample, n = 20
FEATURES: tuple[Feature, ...] = (
    F("volume_ratio_ema20", "v / ema20(v)", "ratio", ("volume",), 300, True),
    F("volume_ratio", "v / mean10 v, 1 where 0", "ratio", _V, 10, True, 0.0, 10.0 + 1e-9),
    F("volume_imbalance", "(v - mean20 v) / mean20 v, 0 where 0", "fraction", _V, 20, True, -1.0, 19.0 + 1e-9),
    F("volume_change", "v / v[-1] - 1, 0 where v[-1] = 0", "fraction", _V, 2, True, -1.0),
    F("volume_ratio_10_50", "mean10 v / mean50 v, 1 where 0", "ratio", _V, 50, True, 0.0, 5.0 + 1e-9),
    F("volume_zscore_20", "(v - mean20 v) / std20 v, 0 where 0", "deviations", _V, 20, True, -_Z, _Z),
    F("volume_variation_20", "std20 v / mean20 v, 0 where 0", "ratio", _V, 20, True, 0.0, 4.5),
    F("volume_slope_20", "slope20 v / mean20 v, 0 where 0", "fraction per bar", _V, 20, True, -0.3, 0.3),
    F("volume_percentile_60", "100 share60(v <= newest)", "percent", _V, 60, True, 0.0, 100.0),
    F("zero_volume_share_20", "share20(v = 0)", "share", _V, 20, True, 0.0, 1.0),
    F("dollar_volume_log", "ln(1 + typical * v)", "log usd", ("high", "low", "close", "volume"), 1, False, 0.0),
    F("relative_volume_session", "v / session mean v, 1 where 0", "ratio", ("volume", "session"), 1, True, 0.0),
    F("price_volume_correlation_20", "corr20(c, v), 0 where constant", "share", _CV, 20, True, -1.0, 1.0),
    F("return_volume_correlation_20", "corr20(r, v), 0 where constant", "share", _CV, 21, True, -1.0, 1.0),
)
_ROUNDING = 1e-12  # squares about the mean below this share of the plain squares are none
_SUMS = 5  # after: seeded, mean; session, its volume, its bars
STATE_WIDTH = _SUMS + sums_width(20, 5)


@kernel
def step(state: np.ndarray, s: int, end: int, row: np.ndarray, out: np.ndarray, f: int) -> None:
    """One bar. `state[s:]` is this family's memory, `out[f:]` its columns."""
    v = row[VOLUME]
    if state[s] == 0.0:
        state[s] = 1.0
        state[s + 1] = v
    else:
        state[s + 1] = ewm_step(state[s + 1], v, 20.0)
    out[f] = v / state[s + 1] if state[s + 1] > 0.0 else 1.0

    sums = _sums(state, s + _SUMS, state[end + CHANGE_AT], v)
    _windows(state, end + VOLUME_AT, v, sums, out, f)
    out[f + 10] = math.log(1.0 + state[end + TYPICAL_AT] * v)
    if state[s + 2] != row[SESSION]:
        state[s + 2] = row[SESSION]
        state[s + 3] = 0.0
        state[s + 4] = 0.0
    state[s + 3] += v
    state[s + 4] += 1.0
    out[f + 11] = ratio(v * state[s + 4], state[s + 3], 1.0)
    out[f + 12] = _price_correlation(state, end, sums[0], sums[1])
    out[f + 13] = sums[2]


@kernel
def _sums(state: np.ndarray, s: int, r: float, v: float) -> tuple[float, float, float]:
    """(mean of 20 volumes, sum of their squared deviations, their correlation with the returns)."""
    sliding_sums(state, s, 20, (v, v * v, r, r * r, r * v))
    t = s + TOTALS
    mean = state[t] / 20.0
    spread = _about_mean(state[t], state[t + 1])
    product = state[t + 4] - state[t + 2] * mean
    return mean, spread, _correlation(product, _about_mean(state[t + 2], state[t + 3]), spread)


@kernel
def _about_mean(summed: float, squares: float) -> float:
    spread = squares - summed * summed / 20.0
    return spread if spread > _ROUNDING * squares else 0.0


@kernel
def _windows(state: np.ndarray, at: int, v: float, sums: tuple[float, float, float], out: np.ndarray, f: int) -> None:
    """Sums of volume are whole numbers, so exact."""
    mean_10, mean_20 = window_sum(state, at, 10) / 10.0, sums[0]
    mean_50 = (20.0 * mean_20 + window_sum(state, at - 20, 30)) / 50.0
    above, std_20 = v - mean_20, math.sqrt(sums[1] / 19.0)
    out[f + 1] = ratio(v, mean_10, 1.0)
    out[f + 2] = ratio(above, mean_20, 0.0)
    out[f + 3] = ratio(v - state[at - 1], state[at - 1], 0.0)
    out[f + 4] = ratio(mean_10, mean_50, 1.0)
    out[f + 5] = ratio(above, std_20, 0.0)
    out[f + 6] = ratio(std_20, mean_20, 0.0)
    out[f + 7] = ratio(window_slope(state, at, 20), mean_20, 0.0)
    out[f + 8] = count_at_most(state, at - 59, 60, v) / 0.6
    out[f + 9] = count_at_most(state, at - 19, 20, 0.0) / 20.0


@kernel
def _price_correlation(state: np.ndarray, end: int, mean: float, spread: float) -> float:
    """Closes are taken about the newest, so that a price that stands still has no deviation."""
    c, v = end + CLOSE_AT, end + VOLUME_AT
    close, average, one, two, both = lanes(state[c]), lanes(mean), lanes(0.0), lanes(0.0), lanes(0.0)
    for i in range(0, 20, 4):
        d = load(state, c - 19 + i) - close
        one = one + d
        two = two + d * d
        both = both + d * (load(state, v - 19 + i) - average)
    return _correlation(total(both), total(two) - total(one) * total(one) / 20.0, spread)


@kernel
def _correlation(product: float, a: float, b: float) -> float:
    if a <= 0.0 or b <= 0.0:
        return 0.0
    return min(max(product / math.sqrt(a * b), -1.0), 1.0)
