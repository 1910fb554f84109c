"""Recursive oscillators, carried across sessions.

    rsi_n = 100 g / (g + b), g and b Wilder's means over n bars of rises and falls of the close
    stochrsi_14 = 100 (r - min14(r)) / (max14(r) - min14(r)) of r = rsi_14, 50 where the range is below 0.001
    tsi_25_13 = 100 ema13(ema25(x)) / ema13(ema25(|x|)) of close changes x
    elder_bull_13 = (h - ema13(c)) / c;  elder_bear_13 = (l - ema13(c)) / c
    fisher_10 = ln((1 + x) / (1 - x)) / 2 + fisher[-1] / 2,  x = 0.66 (p - 1/2) + 0.67 x[-1] within +-0.999,
        p = place of m = (h + l) / 2 between the extremes of m over 10 bars, 1/2 where the range is 0

Means are seeded with the first bar (no change). Where g + b, or the smoothed |x|, is below 1e-9 c nothing has moved for some hundred bars
and what is left is residue: the RSI is 50, the TSI 0.

Source: Wilder (1978), TA-Lib RSI; Chande and Kroll (1994), TA-Lib STOCHRSI(14, 14); Blau (1995); Elder (1993); Ehlers (2002).
"""

from __future__ import annotations

import math

import numpy as np

from tradebot.core.features.feature import CLOSE, HIGH, LOW, Feature
from tradebot.core.features.feature import Feature as F
from tradebot.core.features.window import CLOSE_AT
from tradebot.core.kernels.ages import span_max, span_min
from tradebot.core.kernels.ewm import ewm_step
from tradebot.core.kernels.kernel import kernel
from tradebot.core.kernels.ring import ring_push
from tradebot.core.kernels.wilder import wilder_step

_C, _HL, _HLC = ("close",), ("high", "low"), ("high", "low", "close")
_FISHER_MAX = math.log(1.999 / 0.001)
FEATURES: tuple[Feature, ...] = (
    F("rsi_7", "100 g / (g + b), Wilder means of 7 bars, 50 where nothing moved", "0-100", _C, 260, True, 0.0, 100.0, "TA-Lib RSI"),
    F("rsi_14", "100 g / (g + b), Wilder means of 14 bars, 50 where nothing moved", "0-100", _C, 520, True, 0.0, 100.0, "TA-Lib RSI"),
    F("stochrsi_14", "place of rsi_14 in its range of 14 bars, 50 where that is 0", "0-100", _C, 600, True, 0.0, 100.0, "TA-Lib STOCHRSI"),
    F("tsi_25_13", "100 ema13(ema25(x)) / ema13(ema25(|x|)), 0 where nothing moved", "points", _C, 520, True, -100.0, 100.0, "Blau 1995"),
    F("elder_bull_13", "(h - ema13(c)) / c", "fraction", _HLC, 260, True, source="Elder 1993"),
    F("elder_bear_13", "(l - ema13(c)) / c", "fraction", _HLC, 260, True, high=1.0, source="Elder 1993"),
    F(
        "fisher_10",
        "fisher transform of the place of (h + l) / 2 in 10 bars",
        "points",
        _HL,
        120,
        True,
        -_FISHER_MAX,
        _FISHER_MAX,
        "Ehlers",
    ),
)
_SEEDED, _GAIN_7, _LOSS_7, _GAIN_14, _LOSS_14, _X_25, _X_25_13, _ABS_25, _ABS_25_13, _EMA_13, _PLACE, _FISHER = range(12)
_RSI, _RSI_BARS = 12, 14
_MIDDLE, _MIDDLE_BARS = _RSI + 1 + 2 * _RSI_BARS, 10
STATE_WIDTH = _MIDDLE + 1 + 2 * _MIDDLE_BARS  # the means, then rings of the last RSI and middles

_RESIDUE, _EQUAL = 1e-9, 1e-12
_RSI_RANGE_MIN = 1e-3
_PLACE_MAX = 0.999


@kernel
def step(state: np.ndarray, s: int, end: int, row: np.ndarray, out: np.ndarray, f: int) -> None:
    """One bar. `state[s:]` is this family's memory, `out[f:]` its columns."""
    close = row[CLOSE]
    change = close - state[end + CLOSE_AT - 1]
    if state[s + _SEEDED] == 0.0:
        state[s + _SEEDED] = 1.0
        state[s + _EMA_13] = close
        state[s + _MIDDLE + 1 : s + STATE_WIDTH] = 0.5 * (row[HIGH] + row[LOW])
    out[f] = _rsi(state, s + _GAIN_7, change, close, 7.0)
    rsi = _rsi(state, s + _GAIN_14, change, close, 14.0)
    out[f + 1] = rsi
    newest = ring_push(state, s + _RSI, _RSI_BARS, rsi)
    low = span_min(state, newest, 0, _RSI_BARS - 1)
    spread = span_max(state, newest, 0, _RSI_BARS - 1) - low
    out[f + 2] = 100.0 * ((rsi - low) / spread) if spread >= _RSI_RANGE_MIN else 50.0
    out[f + 3] = _tsi(state, s, change, close)
    ema = ewm_step(state[s + _EMA_13], close, 13.0)
    state[s + _EMA_13] = ema
    out[f + 4] = (row[HIGH] - ema) / close
    out[f + 5] = (row[LOW] - ema) / close
    out[f + 6] = _fisher(state, s, 0.5 * (row[HIGH] + row[LOW]))


@kernel
def _rsi(state: np.ndarray, at: int, change: float, close: float, bars: float) -> float:
    gain = wilder_step(state[at], change if change > 0.0 else 0.0, bars)
    loss = wilder_step(state[at + 1], -change if change < 0.0 else 0.0, bars)
    state[at], state[at + 1] = gain, loss
    return 100.0 * (gain / (gain + loss)) if gain + loss > _RESIDUE * close else 50.0


@kernel
def _tsi(state: np.ndarray, s: int, change: float, close: float) -> float:
    x = ewm_step(state[s + _X_25], change, 25.0)
    x_13 = ewm_step(state[s + _X_25_13], x, 13.0)
    size = ewm_step(state[s + _ABS_25], abs(change), 25.0)
    size_13 = ewm_step(state[s + _ABS_25_13], size, 13.0)
    state[s + _X_25], state[s + _X_25_13], state[s + _ABS_25], state[s + _ABS_25_13] = x, x_13, size, size_13
    return max(-100.0, min(100.0, 100.0 * x_13 / size_13)) if size_13 > _RESIDUE * close else 0.0


@kernel
def _fisher(state: np.ndarray, s: int, middle: float) -> float:
    newest = ring_push(state, s + _MIDDLE, _MIDDLE_BARS, middle)
    low = span_min(state, newest, 0, _MIDDLE_BARS - 1)
    spread = span_max(state, newest, 0, _MIDDLE_BARS - 1) - low
    place = (middle - low) / spread if spread > _EQUAL * middle else 0.5
    x = 0.66 * (place - 0.5) + 0.67 * state[s + _PLACE]
    x = max(-_PLACE_MAX, min(_PLACE_MAX, x))
    fisher = 0.5 * math.log((1.0 + x) / (1.0 - x)) + 0.5 * state[s + _FISHER]
    state[s + _PLACE], state[s + _FISHER] = x, fisher
    return float(fisher)
