"""Session VWAP family, and volume-weighted prices of the last bars.

    vwap = sum(typical_price * volume) / sum(volume), both since the session's open; typical_price while no share has traded
    vwap_deviation = (close - vwap) / vwap
    vwap_zscore = (close - vwap) / band, 0 where that is 0, band = sqrt(sum(volume * (typical_price - vwap)^2) / sum(volume))
    vwap_band_rel = band / vwap
    vwap_slope_15 = vwap / vwap 15 bars ago - 1, or / the session's first vwap in its first 15 bars
    vwap_deviation_20, vwap_deviation_60 = close / the vwap of the last 20, 60 bars - 1, of the bar's typical price where nothing traded
    vwap_spread_20_60 = vwap of the last 20 bars / vwap of the last 60 - 1
    twap_deviation = close / mean of the session's closes so far - 1;  vwap_twap_spread = vwap / that mean - 1
    above_vwap_share = share of the session's bars that closed above the vwap of their time, a bar at it counts half

The sums restart with each session, so the session's columns need no warm-up. From vwap_zscore on the mean is kept by West's increments
(1979): a price that stands still deviates by exactly 0.
Source: seeds/001 "Feature Engineering Pipeline" for vwap and vwap_deviation; Berkowitz, Logue and Noser (1988).
"""

from __future__ import annotations

import math

import numpy as np

from tradebot.core.features.feature import CLOSE, HIGH, LOW, SESSION, VOLUME, Feature
from tradebot.core.features.feature import Feature as F
from tradebot.core.features.window import TYPICAL_AT, VOLUME_AT
from tradebot.core.kernels.kernel import kernel
from tradebot.core.kernels.lanes import lanes, load, total
from tradebot.core.kernels.rolling import ratio

_INPUTS = ("high", "low", "close", "volume", "session")
_HLCV = ("high", "low", "close", "volume")
_BACK = 15
FEATURES: tuple[Feature, ...] = (
    F("vwap", "cumsum(typical * v) / cumsum(v)", "usd", _INPUTS, 1, False),
    F("vwap_deviation", "(c - vwap) / vwap", "fraction", _INPUTS, 1, True),
    F("vwap_zscore", "(c - vwap) / band, 0 where 0", "deviations", _INPUTS, 1, True),
    F("vwap_band_rel", "sqrt(cumsum(v (typical - vwap)^2) / cumsum(v)) / vwap", "fraction", _INPUTS, 1, True, 0.0),
    F("vwap_slope_15", "vwap / vwap[-15] - 1, within the session", "fraction", _INPUTS, 1, True, -1.0),
    F("vwap_deviation_20", "c / vwap20 - 1", "fraction", _HLCV, 20, True, -1.0),
    F("vwap_deviation_60", "c / vwap60 - 1", "fraction", _HLCV, 60, True, -1.0),
    F("vwap_spread_20_60", "vwap20 / vwap60 - 1", "fraction", _HLCV, 60, True, -1.0),
    F("twap_deviation", "c / session mean c - 1", "fraction", ("close", "session"), 1, True, -1.0),
    F("vwap_twap_spread", "vwap / session mean c - 1", "fraction", _INPUTS, 1, True, -1.0),
    F("above_vwap_share", "session mean((1 + sign(c - vwap)) / 2)", "share", _INPUTS, 1, True, 0.0, 1.0),
)
# Session, sums of typical * volume and of volume; mean, sum of weighted squares about it, bars, mean close, closes above less below; ring
# of the last 16 means.
_MEAN, _RING = 3, 8
STATE_WIDTH = _RING + _BACK + 1


@kernel
def step(state: np.ndarray, s: int, end: int, row: np.ndarray, out: np.ndarray, f: int) -> None:
    """One bar. `state[s:]` is this family's memory, `out[f:]` its columns."""
    close = row[CLOSE]
    typical = (row[HIGH] + row[LOW] + close) / 3.0
    opened = state[s] != row[SESSION]
    if opened:
        state[s] = row[SESSION]
        for i in range(1, _RING):
            state[s + i] = 0.0
    state[s + 1] += typical * row[VOLUME]
    state[s + 2] += row[VOLUME]
    vwap = state[s + 1] / state[s + 2] if state[s + 2] > 0.0 else typical
    out[f] = vwap
    out[f + 1] = (close - vwap) / vwap

    mean = _mean(state, s, typical, row[VOLUME])
    band = math.sqrt(ratio(state[s + _MEAN + 1], state[s + 2], 0.0))
    out[f + 2] = ratio(close - mean, band, 0.0)
    out[f + 3] = band / mean
    out[f + 4] = mean / _mean_before(state, s, mean, opened) - 1.0
    _windows(state, end, close, typical, out, f + 5)
    _bars(state, s, close, mean, out, f + 8)


@kernel
def _mean(state: np.ndarray, s: int, typical: float, volume: float) -> float:
    """The vwap by increments; its weighted squares with it. The bar's typical price while nothing has traded."""
    if state[s + 2] == 0.0:
        return typical
    mean: float = state[s + _MEAN] if state[s + 2] > volume else typical
    d = typical - mean
    mean += d * (volume / state[s + 2])
    state[s + _MEAN] = mean
    state[s + _MEAN + 1] += volume * d * (typical - mean)
    return mean


@kernel
def _mean_before(state: np.ndarray, s: int, mean: float, opened: bool) -> float:
    """The mean 15 bars ago, the session's first before that; `state[s + _MEAN + 2]` counts the session's bars."""
    if opened:
        for i in range(_BACK + 1):
            state[s + _RING + i] = mean
    bar = int(state[s + _MEAN + 2])
    state[s + _RING + bar % (_BACK + 1)] = mean
    before: float = state[s + _RING + (bar + 1) % (_BACK + 1)]
    return before


@kernel
def _windows(state: np.ndarray, end: int, close: float, typical: float, out: np.ndarray, f: int) -> None:
    """About the close: exactly 0 while the price stands still."""
    above, volume = _weighted(state, end, 0, 20, close)
    older, more = _weighted(state, end, 20, 40, close)
    above_20, above_60 = ratio(above, volume, typical - close), ratio(above + older, volume + more, typical - close)
    vwap_20, vwap_60 = close + above_20, close + above_60
    out[f] = close / vwap_20 - 1.0
    out[f + 1] = close / vwap_60 - 1.0
    out[f + 2] = vwap_20 / vwap_60 - 1.0


@kernel
def _weighted(state: np.ndarray, end: int, age: int, n: int, pivot: float) -> tuple[float, float]:
    """(sum of volume * (typical price - pivot), sum of volume) of the `n` bars that end `age` bars ago; `n` a multiple of 4."""
    p, v = end + TYPICAL_AT - age - n + 1, end + VOLUME_AT - age - n + 1
    centre, prices, volumes = lanes(pivot), lanes(0.0), lanes(0.0)
    for i in range(0, n, 4):
        volume = load(state, v + i)
        prices = prices + volume * (load(state, p + i) - centre)
        volumes = volumes + volume
    return total(prices), total(volumes)


@kernel
def _bars(state: np.ndarray, s: int, close: float, mean: float, out: np.ndarray, f: int) -> None:
    at = s + _MEAN + 2
    bars = state[at] + 1.0
    twap = state[at + 1] + (close - state[at + 1]) / bars
    state[at] = bars
    state[at + 1] = twap
    state[at + 2] += 1.0 * (close > mean) - 1.0 * (close < mean)
    out[f] = close / twap - 1.0
    out[f + 1] = mean / twap - 1.0
    out[f + 2] = 0.5 + 0.5 * state[at + 2] / bars
