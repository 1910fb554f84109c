"""Trailing stops that turn: Wilder's parabolic SAR and Supertrend. Both start anew at each session.

    psar_direction = 1 long, -1 short, 0 at the session's first bar;  psar_distance = (c - sar) / c, 0 at the session's first bar
        second bar: short where the low fell by more than the high rose, else long; sar = the first bar's low (long) or high (short),
        extreme = the second bar's high (long) or low (short). Each bar: it turns where the low (long) or the high (short) reaches the
        sar, which becomes the old extreme (never inside this bar or the one before); then sar += af (extreme - sar), never inside the
        last two bars; af = 0.02, + 0.02 at each new extreme, at most 0.2
    supertrend_direction = 1 up, -1 down;  supertrend_distance = (c - line) / c
        a = Wilder's mean over 10 bars of the true range within the session (its first bar: h - l)
        upper = (h + l) / 2 + 3 a, kept at its last value where that is lower and the last close was not above it
        lower = (h + l) / 2 - 3 a, kept at its last value where that is higher and the last close was not below it
        the direction turns up where c > upper, down where c < lower, else stays; it starts up; line = lower when up, upper when down

Where such a stop stands depends on where it started, at times for ever: a session's first bar is a start that live and history share.
After 390 bars any start lies in an earlier session.

Source: Wilder (1978), TA-Lib SAR(0.02, 0.2); Seban's Supertrend(10, 3) with its usual final bands.
"""

from __future__ import annotations

import numpy as np

from tradebot.core.features.feature import CLOSE, HIGH, LOW, SESSION, Feature
from tradebot.core.features.feature import Feature as F
from tradebot.core.kernels.kernel import kernel
from tradebot.core.kernels.wilder import wilder_step

_INPUTS = ("high", "low", "close", "session")
_WARM_UP = 390
FEATURES: tuple[Feature, ...] = (
    F("psar_distance", "(c - sar) / c, anew at each session", "fraction", _INPUTS, _WARM_UP, True, source="TA-Lib SAR"),
    F("psar_direction", "1 long, -1 short, 0 at the session's first bar", "sign", _INPUTS, _WARM_UP, True, -1.0, 1.0, "TA-Lib SAR"),
    F("supertrend_distance", "(c - line) / c, anew at each session", "fraction", _INPUTS, _WARM_UP, True, source="Seban"),
    F("supertrend_direction", "1 up, -1 down", "sign", _INPUTS, _WARM_UP, True, -1.0, 1.0, "Seban"),
)
_SESSION, _HIGH, _LOW, _CLOSE, _LONG, _SAR, _EXTREME, _AF, _UP, _ATR, _UPPER, _LOWER = range(12)
STATE_WIDTH = 12  # session; last bar; the SAR's side, next value, extreme and speed; the Supertrend's side, range and bands

_AF_STEP, _AF_MAX = 0.02, 0.2
_ATR_BARS, _ATRS = 10.0, 3.0
_EQUAL = 1e-12  # of the price: computed levels that meet a price to rounding count as touching it


@kernel
def step(state: np.ndarray, s: int, end: int, row: np.ndarray, out: np.ndarray, f: int) -> None:
    """One bar. `state[s:]` is this family's memory, `out[f:]` its columns."""
    high, low, close = row[HIGH], row[LOW], row[CLOSE]
    if state[s + _SESSION] != row[SESSION]:
        state[s + _SESSION] = row[SESSION]
        state[s + _LONG] = 0.0
        state[s + _UP] = 0.0
        out[f] = 0.0
        out[f + 1] = 0.0
    else:
        sar = _sar(state, s, high, low)
        out[f] = (close - sar) / close
        out[f + 1] = state[s + _LONG]
    out[f + 2] = (close - _supertrend(state, s, high, low, close)) / close
    out[f + 3] = state[s + _UP]
    state[s + _HIGH], state[s + _LOW], state[s + _CLOSE] = high, low, close


@kernel
def _sar(state: np.ndarray, s: int, high: float, low: float) -> float:
    """The stop in force at this bar, in dollars. A short is a long with prices mirrored at zero: the rule stands here for a long."""
    last_high, last_low = state[s + _HIGH], state[s + _LOW]
    if state[s + _LONG] == 0.0:
        fall, rise = last_low - low, high - last_high
        side = -1.0 if fall > 0.0 and fall > rise + _EQUAL * high else 1.0
        state[s + _SAR] = last_low if side > 0.0 else last_high
        state[s + _EXTREME] = high if side > 0.0 else low
        state[s + _AF] = _AF_STEP
        last_high, last_low = high, low  # as TA-Lib: the second bar is its own predecessor
    else:
        side = state[s + _LONG]
    sar, extreme, af = side * state[s + _SAR], side * state[s + _EXTREME], state[s + _AF]
    top, last_top = (high, last_high) if side > 0.0 else (-low, -last_low)
    bottom, last_bottom = (low, last_low) if side > 0.0 else (-high, -last_high)
    if bottom <= sar + _EQUAL * high:
        in_force = max(extreme, top, last_top)
        usd = side * in_force
        # From here on a long of the other side, whose bottoms are the tops of this one.
        side, sar, extreme, af = -side, -in_force, -bottom, _AF_STEP
        bottom, last_bottom = -top, -last_top
    else:
        usd = side * sar
        if top > extreme:
            extreme = top
            af = min(_AF_MAX, af + _AF_STEP)
    state[s + _LONG] = side
    state[s + _SAR] = side * min(sar + af * (extreme - sar), bottom, last_bottom)
    state[s + _EXTREME] = side * extreme
    state[s + _AF] = af
    return float(usd)


@kernel
def _supertrend(state: np.ndarray, s: int, high: float, low: float, close: float) -> float:
    """The line after this bar, in dollars; the direction is left in the memory."""
    middle, equal = 0.5 * (high + low), _EQUAL * close
    if state[s + _UP] == 0.0:
        atr = high - low
        upper, lower, up = middle + _ATRS * atr, middle - _ATRS * atr, 1.0
    else:
        last = state[s + _CLOSE]
        atr = wilder_step(state[s + _ATR], max(high, last) - min(low, last), _ATR_BARS)
        upper, lower, up = middle + _ATRS * atr, middle - _ATRS * atr, state[s + _UP]
        if state[s + _UPPER] < upper and last <= state[s + _UPPER] + equal:
            upper = state[s + _UPPER]
        if state[s + _LOWER] > lower and last >= state[s + _LOWER] - equal:
            lower = state[s + _LOWER]
    if close > upper + equal:
        up = 1.0
    elif close < lower - equal:
        up = -1.0
    state[s + _ATR], state[s + _UPPER], state[s + _LOWER], state[s + _UP] = atr, upper, lower, up
    return lower if up > 0.0 else upper
