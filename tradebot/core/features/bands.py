"""Bands around the price: where the close c stands in them, and how wide they are.

    zscore_20 = (c - sma20) / std20, sample std of closes, 0 for a constant price
    bollinger_percent_b_20 = (c - lower) / (upper - lower), bands sma20 +- 2 population std, 1/2 for a constant price
    bollinger_width_20 = (upper - lower) / sma20
    squeeze_20 = 1 where the Bollinger bands lie inside Keltner's of the same middle: 2 std < 1.5 mean20(true range), else 0
    squeeze_release_20 = 1 where the bar before was squeezed and this one is not, else 0
    keltner_position_20 = (c - ema20) / (2 atr), 0 where atr is below 1e-7 c;  keltner_width_20 = 4 atr / c, atr = Wilder's of 10 bars
    standard_error_position_21 = (c - line) / se of the least-squares line of 21 closes, at its newest end, se = sqrt(residuals^2 / 19);
        0 where the line leaves less than 1e-9 of the variance;  standard_error_width_21 = 4 se / c, 0 there

Source: Bollinger (2001), TA-Lib BBANDS; Carter (2005) for the squeeze; Keltner (1960) as Raschke draws it; Andersen (1996).
"""

from __future__ import annotations

import math

import numpy as np

from tradebot.core.features.feature import CLOSE, Feature
from tradebot.core.features.feature import Feature as F
from tradebot.core.features.window import CLOSE_AT, TRUE_RANGE_AT
from tradebot.core.kernels.ewm import ewm_step
from tradebot.core.kernels.kernel import kernel
from tradebot.core.kernels.rolling import window_sum
from tradebot.core.kernels.spans import span_line_sums
from tradebot.core.kernels.wilder import wilder_step

_C, _HLC = ("close",), ("high", "low", "close")
FEATURES: tuple[Feature, ...] = (
    F("zscore_20", "(c - sma20) / sample std20, 0 for a constant", "standard deviations", _C, 20, True, -4.25, 4.25, "seeds"),
    F("bollinger_percent_b_20", "(c - lower) / (upper - lower), 1/2 for a constant", "share", _C, 20, True, -0.6, 1.6, "TA-Lib BBANDS"),
    F("bollinger_width_20", "4 population std20 / sma20", "fraction", _C, 20, True, 0.0, 18.0, "TA-Lib BBANDS"),
    F("squeeze_20", "1 where 2 std20 < 1.5 mean20(true range)", "flag", _HLC, 21, True, 0.0, 1.0, "Carter 2005"),
    F("squeeze_release_20", "1 where squeeze_20 was 1 and is 0", "flag", _HLC, 22, True, 0.0, 1.0, "Carter 2005"),
    F("keltner_position_20", "(c - ema20) / (2 atr10), 0 where that is 0", "half widths", _HLC, 390, True, source="Keltner"),
    F("keltner_width_20", "4 atr10 / c", "fraction", _HLC, 390, True, 0.0, source="Keltner"),
    F("standard_error_position_21", "(c - line21) / se, 0 where that is 0", "standard errors", _C, 21, True, -4.0, 4.0, "Andersen 1996"),
    F("standard_error_width_21", "4 se / c", "fraction", _C, 21, True, 0.0, source="Andersen 1996"),
)
_SEEDED, _EMA_20, _ATR_10, _SQUEEZED = range(4)
STATE_WIDTH = 4

_RESIDUE, _EQUAL, _STRAIGHT = 1e-7, 1e-12, 1e-9
_LINE_BARS = 21
_LINE_MIDDLE, _LINE_SPREAD = 0.5 * (_LINE_BARS - 1), _LINE_BARS * (_LINE_BARS**2 - 1) / 12


@kernel
def step(state: np.ndarray, s: int, end: int, row: np.ndarray, out: np.ndarray, f: int) -> None:
    """One bar. `state[s:]` is this family's memory, `out[f:]` its columns."""
    close = row[CLOSE]
    newest, ranges = end + CLOSE_AT, end + TRUE_RANGE_AT
    total, squares, aged = span_line_sums(state, newest, 0, 19, close)
    _bollinger(state, s, close, total, squares, window_sum(state, ranges, 20) / 20.0, out, f)

    if state[s + _SEEDED] == 0.0:
        state[s + _SEEDED] = 1.0
        state[s + _EMA_20] = close
        state[s + _ATR_10] = state[ranges]
    ema = ewm_step(state[s + _EMA_20], close, 20.0)
    atr = wilder_step(state[s + _ATR_10], state[ranges], 10.0)
    state[s + _EMA_20], state[s + _ATR_10] = ema, atr
    out[f + 5] = (close - ema) / (2.0 * atr) if atr > _RESIDUE * close else 0.0
    out[f + 6] = 4.0 * atr / close

    oldest = state[newest - 20] - close
    _standard_error(close, total + oldest, squares + oldest * oldest, aged + 20.0 * oldest, out, f + 7)


@kernel
def _bollinger(state: np.ndarray, s: int, close: float, total: float, squares: float, true_range: float, out: np.ndarray, f: int) -> None:
    mean = total / 20.0  # of the closes' differences from this one
    variation = max(0.0, squares - total * total / 20.0)
    std = math.sqrt(variation / 20.0)
    out[f] = -mean / math.sqrt(variation / 19.0) if variation > 0.0 else 0.0
    out[f + 1] = 0.5 - 0.25 * mean / std if variation > 0.0 else 0.5
    out[f + 2] = 4.0 * std / (close + mean)
    squeezed = 1.0 if 2.0 * std < 1.5 * true_range - _EQUAL * close else 0.0
    out[f + 3] = squeezed
    out[f + 4] = 1.0 if state[s + _SQUEEZED] > squeezed else 0.0
    state[s + _SQUEEZED] = squeezed


@kernel
def _standard_error(close: float, total: float, squares: float, aged: float, out: np.ndarray, f: int) -> None:
    """From the sums about the close; the line is taken over ages, so its newest end is age 0."""
    mean = total / _LINE_BARS
    variation = squares - total * mean
    slope = (aged - _LINE_MIDDLE * total) / _LINE_SPREAD
    residual = variation - slope * slope * _LINE_SPREAD
    if residual <= _STRAIGHT * variation:
        out[f] = 0.0
        out[f + 1] = 0.0
        return
    se = math.sqrt(residual / (_LINE_BARS - 2.0))
    out[f] = (slope * _LINE_MIDDLE - mean) / se
    out[f + 1] = 4.0 * se / close
