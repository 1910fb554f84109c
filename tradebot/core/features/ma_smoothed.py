"""Recursive moving averages of the close c: exponential ones run across sessions, Kaufman's starts anew at each open.

    ema_n_rel = ema_n(c) / c - 1;  ema_spread_9_21 = ema9 / ema21 - 1
    dema_20_rel = (2 e1 - e2) / c - 1,  tema_20_rel = (3 e1 - 3 e2 + e3) / c - 1,  e1 = ema20(c), e2 = ema20(e1), e3 = ema20(e2)
    trix_15 = e / e[-1] - 1 of e = ema15(ema15(ema15(c)))
    efficiency_ratio_10 = |c - c[-10]| / sum of |steps| over 10 bars, 0 where nothing moved
    kama_10_rel = kama / c - 1:  kama += a^2 (c - kama),  a = er (2/3 - 2/31) + 2/31, kama = c at the session's first bar;
        er is the efficiency ratio of the last 10 bars, in the session's first 10 of those since its first bar

EMAs are seeded with the first close. Warm-up: what the first close left behind is below 1e-10 of it (the chained ones: below 1e-11).
Kaufman's average in a quiet market never forgets its start, hence the sessions; 390 bars after any start another session has begun.

Source: TA-Lib EMA, DEMA, TEMA, TRIX (ours is a fraction, theirs percent), KAMA; Mulloy (1994); Kaufman (1995), Smarter Trading.
"""

from __future__ import annotations

import numpy as np

from tradebot.core.features.feature import CLOSE, SESSION, Feature
from tradebot.core.features.feature import Feature as F
from tradebot.core.features.window import CLOSE_AT
from tradebot.core.kernels.ewm import ewm_step
from tradebot.core.kernels.kernel import kernel
from tradebot.core.kernels.spans import span_path

_C = ("close",)
FEATURES: tuple[Feature, ...] = (
    F("ema_9_rel", "ema9(c) / c - 1", "fraction", _C, 130, True, -1.0, source="TA-Lib EMA"),
    F("ema_21_rel", "ema21(c) / c - 1", "fraction", _C, 300, True, -1.0, source="TA-Lib EMA"),
    F("ema_50_rel", "ema50(c) / c - 1", "fraction", _C, 600, True, -1.0, source="TA-Lib EMA"),
    F("ema_spread_9_21", "ema9(c) / ema21(c) - 1", "fraction", _C, 300, True, -1.0),
    F("dema_20_rel", "(2 e1 - e2) / c - 1 of ema20s", "fraction", _C, 390, True, source="TA-Lib DEMA"),
    F("tema_20_rel", "(3 e1 - 3 e2 + e3) / c - 1 of ema20s", "fraction", _C, 390, True, source="TA-Lib TEMA"),
    F("trix_15", "e / e[-1] - 1 of e = ema15(ema15(ema15(c)))", "fraction", _C, 390, True, -1.0, source="TA-Lib TRIX"),
    F("efficiency_ratio_10", "|c - c[-10]| / sum10 |c - c[-1]|, 0 where that is 0", "share", _C, 11, True, 0.0, 1.0, "Kaufman 1995"),
    F("kama_10_rel", "kama10(c) / c - 1, anew at each session", "fraction", ("close", "session"), 390, True, -1.0, source="TA-Lib KAMA"),
)
STATE_WIDTH = 13
_SEEDED, _EMA_9, _EMA_21, _EMA_50, _E1, _E2, _E3, _T1, _T2, _T3, _KAMA, _SESSION, _SESSION_BARS = range(STATE_WIDTH)

_ER_BARS = 10
_FASTEST, _SLOWEST = 2.0 / 3.0, 2.0 / 31.0


@kernel
def _efficiency(state: np.ndarray, newest: int, bars: int) -> float:
    path = span_path(state, newest, bars)
    return min(1.0, abs(state[newest] - state[newest - bars]) / path) if path > 0.0 else 0.0


@kernel
def _kama(state: np.ndarray, s: int, newest: int, session: float, efficiency: float) -> float:
    c = state[newest]
    if state[s + _SESSION] != session:
        state[s + _SESSION] = session
        state[s + _SESSION_BARS] = 0.0
        state[s + _KAMA] = c
        return float(c)
    state[s + _SESSION_BARS] += 1.0
    bars = int(state[s + _SESSION_BARS])
    er = efficiency if bars >= _ER_BARS else _efficiency(state, newest, bars)
    a = er * (_FASTEST - _SLOWEST) + _SLOWEST
    state[s + _KAMA] += a * a * (c - state[s + _KAMA])
    return float(state[s + _KAMA])


@kernel
def step(state: np.ndarray, s: int, end: int, row: np.ndarray, out: np.ndarray, f: int) -> None:
    """One bar. `state[s:]` is this family's memory, `out[f:]` its columns."""
    c = row[CLOSE]
    if state[s + _SEEDED] == 0.0:
        state[s + _SEEDED] = 1.0
        state[s + _EMA_9 : s + _T3 + 1] = c
    ema_9 = ewm_step(state[s + _EMA_9], c, 9.0)
    ema_21 = ewm_step(state[s + _EMA_21], c, 21.0)
    ema_50 = ewm_step(state[s + _EMA_50], c, 50.0)
    e1 = ewm_step(state[s + _E1], c, 20.0)
    e2 = ewm_step(state[s + _E2], e1, 20.0)
    e3 = ewm_step(state[s + _E3], e2, 20.0)
    t1 = ewm_step(state[s + _T1], c, 15.0)
    t2 = ewm_step(state[s + _T2], t1, 15.0)
    t3 = ewm_step(state[s + _T3], t2, 15.0)
    efficiency = _efficiency(state, end + CLOSE_AT, _ER_BARS)
    per_c = 1.0 / c
    out[f] = (ema_9 - c) * per_c
    out[f + 1] = (ema_21 - c) * per_c
    out[f + 2] = (ema_50 - c) * per_c
    out[f + 3] = (ema_9 - ema_21) / ema_21
    out[f + 4] = (2.0 * e1 - e2 - c) * per_c
    out[f + 5] = (3.0 * (e1 - e2) + e3 - c) * per_c
    out[f + 6] = (t3 - state[s + _T3]) / state[s + _T3]
    out[f + 7] = efficiency
    out[f + 8] = (_kama(state, s, end + CLOSE_AT, row[SESSION], efficiency) - c) * per_c
    state[s + _EMA_9], state[s + _EMA_21], state[s + _EMA_50] = ema_9, ema_21, ema_50
    state[s + _E1], state[s + _E2], state[s + _E3] = e1, e2, e3
    state[s + _T1], state[s + _T2], state[s + _T3] = t1, t2, t3
