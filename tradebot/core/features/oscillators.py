"""Oscillators over finite windows of prices and flows.

    cci_20 = (t - mean20(t)) / (0.015 mean20 |t - mean20(t)|) of typical prices t, 0 where they are one
    mfi_14 = 100 up / (up + down): sums of t v over 14 bars where t rose and where it fell, 50 where nothing flowed
    cmo_14 = 100 (up - down) / (up + down): sums of close changes over 14 bars, 0 where nothing moved
    awesome_rel = (sma5(m) - sma34(m)) / c of m = (h + l) / 2
    balance_of_power_14 = mean of 14 (c - o) / (h - l), 0 where h = l
    detrended_price_20 = (c[-11] - sma20(c)) / c;  coppock_rel = wma10(c / c[-14] + c / c[-11] - 2)

Typical prices that differ by less than 1e-12 of themselves are the same price.

Source: Lambert (1980), TA-Lib CCI; Quong and Soudack (1989), TA-Lib MFI; Chande and Kroll (1994), with plain sums (TA-Lib's CMO smooths as
Wilder); Williams (1995); Livshin (2001), TA-Lib BOP; Coppock (1962), here on bars.
"""

from __future__ import annotations

import numpy as np

from tradebot.core.features.feature import CLOSE, HIGH, LOW, OPEN, VOLUME, Feature
from tradebot.core.features.feature import Feature as F
from tradebot.core.features.window import CLOSE_AT, TYPICAL_AT
from tradebot.core.kernels.kernel import kernel
from tradebot.core.kernels.ring import shift_in
from tradebot.core.kernels.rolling import ratio, window_sum
from tradebot.core.kernels.spans import span_dot, span_path, span_sum

_C, _HLC = ("close",), ("high", "low", "close")
_CCI_MAX = 20 / 2 / 0.015  # one of 20 prices differs
FEATURES: tuple[Feature, ...] = (
    F("cci_20", "(t - sma20(t)) / (0.015 mean |t - sma20(t)|), 0 where that is 0", "points", _HLC, 20, True, -_CCI_MAX, _CCI_MAX, "TA-Lib"),
    F("mfi_14", "100 up / (up + down) of flows t v, 50 where that is 0", "0-100", (*_HLC, "volume"), 15, True, 0.0, 100.0, "TA-Lib MFI"),
    F(
        "cmo_14",
        "100 (up - down) / (up + down) of 14 changes, 0 where that is 0",
        "points",
        _C,
        15,
        True,
        -100.0,
        100.0,
        "Chande 1994",
    ),
    F("awesome_rel", "(sma5(m) - sma34(m)) / c, m = (h + l) / 2", "fraction", _HLC, 34, True, source="Williams 1995"),
    F("balance_of_power_14", "sma14((c - o) / (h - l)), 0 where h = l", "share", ("open", *_HLC), 14, True, -1.0, 1.0, "Livshin 2001"),
    F("detrended_price_20", "(c[-11] - sma20(c)) / c", "fraction", _C, 20, True, source="DPO"),
    F("coppock_rel", "wma10(c / c[-14] + c / c[-11] - 2)", "fraction", _C, 24, True, -2.0, source="Coppock 1962"),
)
_BARS, _RATE_BARS, _MIDDLE_BARS = 14, 10, 34
_FLOW, _POWER, _RATE, _MIDDLE = 0, 14, 28, 38
STATE_WIDTH = _MIDDLE + _MIDDLE_BARS  # the last signed flows, balances of power, rates of change and middles, oldest first

_EQUAL = 1e-12
_RATE_WEIGHTS = np.arange(1.0, 11.0) / 55.0


@kernel
def step(state: np.ndarray, s: int, end: int, row: np.ndarray, out: np.ndarray, f: int) -> None:
    """One bar. `state[s:]` is this family's memory, `out[f:]` its columns."""
    close, high, low = row[CLOSE], row[HIGH], row[LOW]
    per_c = 1.0 / close
    close_at, typical_at = end + CLOSE_AT, end + TYPICAL_AT
    out[f] = _cci(state, typical_at)

    typical, rise = state[typical_at], state[typical_at] - state[typical_at - 1]
    same = abs(rise) <= _EQUAL * typical
    flow = 0.0 if same else typical * row[VOLUME]
    shift_in(state, s + _FLOW, _BARS, flow if rise > 0.0 else -flow)
    up, flows = _rises(state, s + _FLOW)
    out[f + 1] = 100.0 * (up / flows) if flows > 0.0 else 50.0

    moved = span_path(state, close_at, _BARS)
    out[f + 2] = max(-100.0, min(100.0, 100.0 * ratio(close - state[close_at - _BARS], moved, 0.0)))
    middle = 0.5 * (high + low)
    shift_in(state, s + _MIDDLE, _MIDDLE_BARS, middle)
    middle_at = s + _MIDDLE + _MIDDLE_BARS - 1
    of_5 = span_sum(state, middle_at, 1, 4, middle)
    of_34 = of_5 + span_sum(state, middle_at, 5, 33, middle)
    out[f + 3] = (of_5 / 5.0 - of_34 / 34.0) * per_c
    shift_in(state, s + _POWER, _BARS, ratio(close - row[OPEN], high - low, 0.0))
    out[f + 4] = window_sum(state, s + _POWER + _BARS - 1, _BARS) / _BARS
    out[f + 5] = ((state[close_at - 11] - close) - span_sum(state, close_at, 1, 19, close) / 20.0) * per_c
    shift_in(state, s + _RATE, _RATE_BARS, close / state[close_at - 14] + close / state[close_at - 11] - 2.0)
    out[f + 6] = span_dot(state, _RATE_WEIGHTS, s + _RATE + _RATE_BARS - 1, _RATE_BARS - 1, _RATE_BARS, 0.0)


@kernel
def _cci(state: np.ndarray, end: int) -> float:
    newest = state[end]
    mean = span_sum(state, end, 1, 19, newest) / 20.0  # of the differences from the newest
    w, pivot = state[end - 19 : end + 1], newest + mean
    a = b = 0.0
    for i in range(10):
        a += abs(w[2 * i] - pivot)
        b += abs(w[2 * i + 1] - pivot)
    deviation = (a + b) / 20.0
    if deviation <= _EQUAL * newest:
        return 0.0
    return max(-_CCI_MAX, min(_CCI_MAX, -mean / (0.015 * deviation)))


@kernel
def _rises(x: np.ndarray, first: int) -> tuple[float, float]:
    """(sum of the positive ones, sum of the sizes) of the 14 values from `x[first]` on, each summed in the same order."""
    up = both = 0.0
    w = x[first : first + _BARS]
    for i in range(_BARS):
        up += max(w[i], 0.0)
        both += abs(w[i])
    return up, both
