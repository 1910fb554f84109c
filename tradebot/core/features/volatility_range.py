"""Volatility from whole bars (range estimators) and from squared returns (realised variance and its parts).

With u = ln(h / o), d = ln(l / o), x = ln(c / o), g = ln(o / c[-1]) of a bar, q = ln(c / c[-1]) and means over the last 20 bars:

    parkinson_20 = sqrt(mean((u - d)^2) / (4 ln 2)) (Parkinson 1980);  parkinson_60 over 60
    garman_klass_20 = sqrt(mean(0.5 (u - d)^2 - (2 ln 2 - 1) x^2)) (Garman and Klass 1980)
    rogers_satchell_20 = sqrt(mean(u (u - x) + d (d - x))) (Rogers and Satchell 1991)
    yang_zhang_20 = sqrt(var(g) + k var(x) + (1 - k) rogers_satchell_20^2), sample variances, k = 0.34 / (1.34 + 21 / 19) (Yang and
        Zhang 2000)
    range_body_ratio_20 = parkinson_20 / sqrt(mean(x^2)), 1 where no bar moved from open to close: above 1 the moves reverse within the bar
    range_mean_20 = mean((h - l) / c);  range_ratio_20 = (h - l) / c / range_mean_20, 1 where that is 0
    realized_variance_15, _60 = sum of the last 15, 60 q^2 (Andersen and Bollerslev 1998)
    bipower_variation_60 = pi / 2 * sum of the last 60 |q| |q[-1]| (Barndorff-Nielsen and Shephard 2004)
    jump_share_60 = max(0, 1 - bipower_variation_60 / realized_variance_60), 0 where that is 0
    ewma_volatility = sqrt(m), m = 0.94 m[-1] + 0.06 q^2, 0 at first (RiskMetrics 1996)
    session_volatility = sqrt(mean of q^2 since the session's open), x in place of q at its first bar

Source: as named. The gap g is taken between any two bars of the symbol, so it includes the night and missing minutes.
"""

from __future__ import annotations

import math

import numpy as np

from tradebot.core.features.feature import CLOSE, HIGH, LOW, OPEN, SESSION, Feature
from tradebot.core.features.feature import Feature as F
from tradebot.core.features.window import LOG_RETURN_AT
from tradebot.core.kernels.kernel import kernel
from tradebot.core.kernels.rolling import ratio
from tradebot.core.kernels.sliding import TOTALS, sliding_sums, sums_width

_N = 20
_HL, _C, _HLC, _OHLC = ("high", "low"), ("close",), ("high", "low", "close"), ("open", "high", "low", "close")
_PER = "log return per bar"
FEATURES: tuple[Feature, ...] = (
    F("parkinson_20", "sqrt(mean20(ln(h/l)^2) / (4 ln 2))", _PER, _HL, 20, True, 0.0),
    F("parkinson_60", "sqrt(mean60(ln(h/l)^2) / (4 ln 2))", _PER, _HL, 60, True, 0.0),
    F("garman_klass_20", "sqrt(mean20(0.5 ln(h/l)^2 - (2 ln 2 - 1) ln(c/o)^2))", _PER, _OHLC, 20, True, 0.0),
    F("rogers_satchell_20", "sqrt(mean20(ln(h/o) ln(h/c) + ln(l/o) ln(l/c)))", _PER, _OHLC, 20, True, 0.0),
    F("yang_zhang_20", "sqrt(var20 ln(o/c[-1]) + k var20 ln(c/o) + (1 - k) rogers_satchell_20^2)", _PER, _OHLC, 21, True, 0.0),
    F("range_body_ratio_20", "parkinson_20 / sqrt(mean20(ln(c/o)^2)), 1 where 0", "ratio", _OHLC, 20, True, 0.0),
    F("range_mean_20", "mean20((h - l) / c)", "fraction", _HLC, 20, True, 0.0),
    F("range_ratio_20", "(h - l) / c / range_mean_20, 1 where 0", "ratio", _HLC, 20, True, 0.0, 20.0 + 1e-9),
    F("realized_variance_15", "sum15 ln(c/c[-1])^2", "log return^2", _C, 16, True, 0.0),
    F("realized_variance_60", "sum60 ln(c/c[-1])^2", "log return^2", _C, 61, True, 0.0),
    F("bipower_variation_60", "pi/2 sum60 |q| |q[-1]|", "log return^2", _C, 62, True, 0.0),
    F("jump_share_60", "max(0, 1 - bipower_variation_60 / realized_variance_60), 0 where 0", "share", _C, 62, True, 0.0, 1.0),
    F("ewma_volatility", "sqrt(ewm(ln(c/c[-1])^2, lambda 0.94))", _PER, _C, 900, True, 0.0),
    F("session_volatility", "sqrt(mean of ln(c/c[-1])^2 since the open)", _PER, ("open", "close", "session"), 1, True, 0.0),
)
_PARKINSON, _SHARE = 1.0 / (4.0 * math.log(2.0)), 2.0 * math.log(2.0) - 1.0
_K = 0.34 / (1.34 + (_N + 1.0) / (_N - 1.0))
_HALF_PI = 0.5 * math.pi
_LAMBDA = 0.94
_ROUNDING = 1e-13  # a variance below this share of its mean square is none
# Sums over 20 of (u - d)^2, the Garman-Klass and Rogers-Satchell terms, (h - l) / c, g, g^2, x, x^2; over 60 of (u - d)^2, q^2, |q q[-1]|;
# over 15 of q^2; the weighted mean; session, its sum of squares, its bars.
_SUMS_60 = sums_width(_N, 8)
_SUM_15 = _SUMS_60 + sums_width(60, 3)
_EWMA = _SUM_15 + sums_width(15, 1)
_SESSION = _EWMA + 1
STATE_WIDTH = _SESSION + 3


@kernel
def step(state: np.ndarray, s: int, end: int, row: np.ndarray, out: np.ndarray, f: int) -> None:
    """One bar. `state[s:]` is this family's memory, `out[f:]` its columns."""
    x = math.log(row[CLOSE] / row[OPEN])
    u, d = math.log(row[HIGH] / row[OPEN]), math.log(row[LOW] / row[OPEN])
    q, before = state[end + LOG_RETURN_AT], state[end + LOG_RETURN_AT - 1]
    _bars_of_20(state, s, row, (u, d, x, q - x), out, f)
    _bars_of_60(state, s + _SUMS_60, (u - d) * (u - d), q, before, out, f)
    sliding_sums(state, s + _SUM_15, 15, (q * q,))
    out[f + 8] = state[s + _SUM_15 + TOTALS]
    mean = _LAMBDA * state[s + _EWMA] + (1.0 - _LAMBDA) * q * q
    state[s + _EWMA] = mean
    out[f + 12] = math.sqrt(mean)
    out[f + 13] = _session_volatility(state, s + _SESSION, row[SESSION], q, x)


@kernel
def _bars_of_20(state: np.ndarray, s: int, row: np.ndarray, logs: tuple[float, float, float, float], out: np.ndarray, f: int) -> None:
    u, d, x, g = logs
    hl2, x2, size = (u - d) * (u - d), x * x, (row[HIGH] - row[LOW]) / row[CLOSE]
    klass, satchell = max(0.5 * hl2 - _SHARE * x2, 0.0), max(u * (u - x) + d * (d - x), 0.0)
    sliding_sums(state, s, _N, (hl2, klass, satchell, size, g, g * g, x, x2))
    t = s + TOTALS
    parkinson, body, satchell = _PARKINSON * state[t] / _N, state[t + 7] / _N, state[t + 2] / _N
    out[f] = math.sqrt(parkinson)
    out[f + 2] = math.sqrt(state[t + 1] / _N)
    out[f + 3] = math.sqrt(satchell)
    out[f + 4] = math.sqrt(_variance(state[t + 4], state[t + 5]) + _K * _variance(state[t + 6], state[t + 7]) + (1.0 - _K) * satchell)
    out[f + 5] = math.sqrt(ratio(parkinson, body, 1.0))
    out[f + 6] = state[t + 3] / _N
    out[f + 7] = ratio(size, out[f + 6], 1.0)


@kernel
def _variance(total: float, squares: float) -> float:
    spread = squares - total * total / _N
    return spread / (_N - 1.0) if spread > _ROUNDING * squares else 0.0


@kernel
def _bars_of_60(state: np.ndarray, s: int, hl2: float, q: float, before: float, out: np.ndarray, f: int) -> None:
    sliding_sums(state, s, 60, (hl2, q * q, abs(q * before)))
    realized, bipower = state[s + TOTALS + 1], _HALF_PI * state[s + TOTALS + 2]
    out[f + 1] = math.sqrt(_PARKINSON * state[s + TOTALS] / 60.0)
    out[f + 9] = realized
    out[f + 10] = bipower
    out[f + 11] = max(0.0, 1.0 - ratio(bipower, realized, 1.0))


@kernel
def _session_volatility(state: np.ndarray, s: int, session: float, q: float, x: float) -> float:
    if state[s] != session:
        state[s] = session
        state[s + 1] = x * x
        state[s + 2] = 1.0
    else:
        state[s + 1] += q * q
        state[s + 2] += 1.0
    return math.sqrt(state[s + 1] / state[s + 2])
