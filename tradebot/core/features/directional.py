"""Wilder's range and direction over 14 bars, carried across sessions.

    true range t = max(h, c[-1]) - min(l, c[-1]);  atr_14 = W(t);  atr_rel_14 = atr_14 / c;  range_expansion_14 = t / atr_14
    plus_dm = h - h[-1] where that exceeds l[-1] - l and 0, else 0;  minus_dm = l[-1] - l where that exceeds h - h[-1] and 0, else 0
    plus_di_14 = 100 W(plus_dm) / W(t);  minus_di_14 = 100 W(minus_dm) / W(t)
    dx_14 = 100 |plus_di - minus_di| / (plus_di + minus_di);  adx_14 = W(dx_14);  adxr_14 = (adx_14 + adx_14[-13]) / 2

W is Wilder's mean over 14 bars, seeded with the first bar. Where W(t) is below 1e-9 c nothing has moved for some hundred bars and what is
left of it is residue: range_expansion_14 is then 1 and the indexes are 0; likewise dx_14 is 0 where W(plus_dm) + W(minus_dm) is.
An advance that equals the decline (to 1e-12 of the price) counts for neither.

Source: Wilder (1978), New Concepts in Technical Trading Systems; TA-Lib ATR, NATR, PLUS_DI, MINUS_DI, DX, ADX, ADXR.
"""

from __future__ import annotations

import numpy as np

from tradebot.core.features.feature import CLOSE, Feature
from tradebot.core.features.feature import Feature as F
from tradebot.core.features.window import HIGH_AT, LOW_AT, TRUE_RANGE_AT
from tradebot.core.kernels.kernel import kernel
from tradebot.core.kernels.ring import shift_in
from tradebot.core.kernels.wilder import wilder_step

_HLC = ("high", "low", "close")
_WARM_UP = 520  # (13/14)^520 < 2e-17: even after a tenfold jump nothing of the start is left in a quiet market's ratios
FEATURES: tuple[Feature, ...] = (
    F("atr_14", "wilder14(true range)", "usd", _HLC, 390, False, 0.0, source="TA-Lib ATR"),
    F("atr_rel_14", "atr_14 / c", "fraction", _HLC, 390, True, 0.0, source="TA-Lib NATR / 100"),
    F("range_expansion_14", "true range / atr_14, 1 where atr_14 is 0", "ratio", _HLC, _WARM_UP, True, 0.0, 14.0, "seeds"),
    F("plus_di_14", "100 wilder14(plus_dm) / wilder14(true range), 0 where that is 0", "0-100", _HLC, _WARM_UP, True, 0.0, 100.0, "TA-Lib"),
    F(
        "minus_di_14",
        "100 wilder14(minus_dm) / wilder14(true range), 0 where that is 0",
        "0-100",
        _HLC,
        _WARM_UP,
        True,
        0.0,
        100.0,
        "TA-Lib",
    ),
    F(
        "dx_14",
        "100 |plus_di - minus_di| / (plus_di + minus_di), 0 where that is 0",
        "0-100",
        _HLC,
        _WARM_UP,
        True,
        0.0,
        100.0,
        "TA-Lib DX",
    ),
    F("adx_14", "wilder14(dx_14)", "0-100", _HLC, _WARM_UP, True, 0.0, 100.0, "TA-Lib ADX"),
    F("adxr_14", "(adx_14 + adx_14[-13]) / 2", "0-100", _HLC, _WARM_UP + 13, True, 0.0, 100.0, "TA-Lib ADXR"),
)
_BARS = 14.0
_SEEDED, _ATR, _PLUS, _MINUS, _ADX = range(5)  # the last 14 ADX, oldest first
_ADX_BARS = 14
STATE_WIDTH = _ADX + _ADX_BARS

_RESIDUE, _EQUAL = 1e-9, 1e-12


@kernel
def step(state: np.ndarray, s: int, end: int, row: np.ndarray, out: np.ndarray, f: int) -> None:
    """One bar. `state[s:]` is this family's memory, `out[f:]` its columns."""
    close, true_range = row[CLOSE], state[end + TRUE_RANGE_AT]
    high, low = end + HIGH_AT, end + LOW_AT
    up, down = state[high] - state[high - 1], state[low - 1] - state[low]
    equal = _EQUAL * (state[high] + state[high - 1])
    plus_dm = up if up > 0.0 and up > down + equal else 0.0
    minus_dm = down if down > 0.0 and down > up + equal else 0.0
    if state[s + _SEEDED] == 0.0:
        state[s + _SEEDED] = 1.0
        state[s + _ATR] = true_range
    atr = wilder_step(state[s + _ATR], true_range, _BARS)
    plus = wilder_step(state[s + _PLUS], plus_dm, _BARS)
    minus = wilder_step(state[s + _MINUS], minus_dm, _BARS)
    state[s + _ATR], state[s + _PLUS], state[s + _MINUS] = atr, plus, minus
    moved = atr > _RESIDUE * close
    directed = moved and plus + minus > _RESIDUE * close
    dx = 100.0 * (abs(plus - minus) / (plus + minus)) if directed else 0.0
    adx = wilder_step(state[s + _ADX + _ADX_BARS - 1], dx, _BARS)
    shift_in(state, s + _ADX, _ADX_BARS, adx)
    out[f] = atr
    out[f + 1] = atr / close
    out[f + 2] = true_range / atr if moved else 1.0
    out[f + 3] = min(100.0, 100.0 * plus / atr) if moved else 0.0
    out[f + 4] = min(100.0, 100.0 * minus / atr) if moved else 0.0
    out[f + 5] = dx
    out[f + 6] = adx
    out[f + 7] = 0.5 * (adx + state[s + _ADX])
