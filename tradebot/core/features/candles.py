"""Candlestick patterns as TA-Lib defines them: 1 bullish, -1 bearish, 0 not there; a doji is 1 where it is there.

What is long or short is relative to the bars before the one judged: with B the mean body |c - o| and R the mean range h - l of the 10
bars before it, a body is long above B, short below B, a doji up to R / 10; a shadow is very short below R / 10, long above its own body.
Near is 0.2, far 0.6 of the mean range of the 5 bars before. A bar is white where c >= o. The ends of a body are its top and bottom.

    doji          body <= R/10
    doji_lean     1 dragonfly: doji, upper shadow very short, lower not;  -1 gravestone: the mirror
    marubozu      long body, both shadows very short; its colour
    belt_hold     long body, no shadow (very short) at its opening end; its colour
    spinning_top  short body, both shadows longer than it; its colour
    hammer        short body, long lower shadow, upper very short, bottom at most near above the low before: 1
    hanging_man   the same with the bottom at least the high before less near: -1
    inverted_hammer  short body, long upper shadow, lower very short, top below the bottom before: 1
    shooting_star    the same with the bottom above the top before: -1
    engulfing     the body covers the opposite one before; its colour
    harami        a short (at most B) body within the long body before; against its colour
    star          1 morning: long black, short black that gaps below it, a longer than B white that closes more than 30 % into the first;
                  -1 evening: long white, short white that gaps above it, a black one
    soldiers_crows  1 three white soldiers, -1 three black crows: candle_shapes.py, with very short shadows at their closing ends
    piercing_cloud  1 piercing line (both bodies long), -1 dark cloud cover (the first long): candle_shapes.py
    three_inside  a long body, a short one strictly within, a third of the opposite colour that closes beyond the first's open; its colour
    three_outside an engulfing whose next close goes on; its colour
    inside_bar    1 where h < h[-1] and l > l[-1];  outside_bar  the colour where h > h[-1] and l < l[-1]

Sums that differ by less than 1e-11 of the price are equal. Source: Nison (1991); TA-Lib's CDL functions with their default settings; the
last line is Crabel (1990).
"""

from __future__ import annotations

import numpy as np

from tradebot.core.features.candle_shapes import (
    body,
    body_bottom,
    body_top,
    colour,
    crows,
    engulfing,
    harami,
    inside_body,
    lower_shadow,
    piercing,
    reach,
    soldiers,
    star,
    upper_shadow,
)
from tradebot.core.features.feature import CLOSE, Feature
from tradebot.core.features.window import CLOSE_AT, HIGH_AT, LOW_AT, OPEN_AT
from tradebot.core.kernels.kernel import kernel


def _pattern(name: str, formula: str, warm_up_bars: int, low: float, high: float, source: str) -> Feature:
    return Feature(f"candle_{name}", formula, "flag", ("open", "high", "low", "close"), warm_up_bars, True, low, high, source)


FEATURES: tuple[Feature, ...] = (
    _pattern("doji", "body <= mean range / 10", 11, 0.0, 1.0, "TA-Lib CDLDOJI"),
    _pattern("doji_lean", "1 dragonfly doji, -1 gravestone doji", 11, -1.0, 1.0, "TA-Lib CDLDRAGONFLYDOJI, CDLGRAVESTONEDOJI"),
    _pattern("marubozu", "colour of a long body without shadows", 11, -1.0, 1.0, "TA-Lib CDLMARUBOZU"),
    _pattern("belt_hold", "colour of a long body without a shadow at its opening end", 11, -1.0, 1.0, "TA-Lib CDLBELTHOLD"),
    _pattern("spinning_top", "colour of a short body with both shadows longer", 11, -1.0, 1.0, "TA-Lib CDLSPINNINGTOP"),
    _pattern("hammer", "1 hammer", 12, 0.0, 1.0, "TA-Lib CDLHAMMER"),
    _pattern("hanging_man", "-1 hanging man", 12, -1.0, 0.0, "TA-Lib CDLHANGINGMAN"),
    _pattern("inverted_hammer", "1 inverted hammer", 11, 0.0, 1.0, "TA-Lib CDLINVERTEDHAMMER"),
    _pattern("shooting_star", "-1 shooting star", 11, -1.0, 0.0, "TA-Lib CDLSHOOTINGSTAR"),
    _pattern("engulfing", "colour of a body that covers the opposite one before", 2, -1.0, 1.0, "TA-Lib CDLENGULFING"),
    _pattern("harami", "against the colour of a long body that holds this short one", 12, -1.0, 1.0, "TA-Lib CDLHARAMI"),
    _pattern("star", "1 morning star, -1 evening star", 13, -1.0, 1.0, "TA-Lib CDLMORNINGSTAR, CDLEVENINGSTAR"),
    _pattern("soldiers_crows", "1 three white soldiers, -1 three black crows", 13, -1.0, 1.0, "TA-Lib CDL3WHITESOLDIERS, CDL3BLACKCROWS"),
    _pattern("piercing_cloud", "1 piercing line, -1 dark cloud cover", 12, -1.0, 1.0, "TA-Lib CDLPIERCING, CDLDARKCLOUDCOVER"),
    _pattern("three_inside", "1 three inside up, -1 three inside down", 13, -1.0, 1.0, "TA-Lib CDL3INSIDE"),
    _pattern("three_outside", "1 three outside up, -1 three outside down", 3, -1.0, 1.0, "TA-Lib CDL3OUTSIDE"),
    _pattern("inside_bar", "1 where h < h[-1] and l > l[-1]", 2, 0.0, 1.0, "Crabel 1990"),
    _pattern("outside_bar", "colour where h > h[-1] and l < l[-1]", 2, -1.0, 1.0, "Crabel 1990"),
)
STATE_WIDTH = 0

_EQUAL = 1e-11


@kernel
def step(state: np.ndarray, s: int, end: int, row: np.ndarray, out: np.ndarray, f: int) -> None:
    """One bar. `state[s:]` is this family's memory, `out[f:]` its columns."""
    x, e, slack = state, end, _EQUAL * row[CLOSE]
    # Means before the newest bar, before the one before and before the one before that: ages 1-10, 2-11, 3-12.
    bodies, ranges = 0.0, 0.0
    for k in range(3, 11):
        bodies += body(x, e, k)
    for k in range(3, 7):
        ranges += reach(x, e, k)
    # As TA-Lib: near and far look at the 5 bars before: ages 2-6 before the bar of age 1, ages 3-7 before that of age 2.
    reach_2, reach_7 = reach(x, e, 2), reach(x, e, 7)
    near_1, near_2 = 0.2 * (ranges + reach_2) / 5.0, 0.2 * (ranges + reach_7) / 5.0
    ranges += reach_7 + reach(x, e, 8) + reach(x, e, 9) + reach(x, e, 10)
    body_1, body_2, body_11 = body(x, e, 1), body(x, e, 2), body(x, e, 11)
    mean_0 = (bodies + body_1 + body_2) / 10.0
    mean_1 = (bodies + body_2 + body_11) / 10.0
    mean_2 = (bodies + body_11 + body(x, e, 12)) / 10.0
    reach_11 = reach(x, e, 11)
    tenth_0 = 0.1 * (ranges + reach(x, e, 1) + reach_2) / 10.0
    tenth_1 = 0.1 * (ranges + reach_2 + reach_11) / 10.0
    tenth_2 = 0.1 * (ranges + reach_11 + reach(x, e, 12)) / 10.0

    _one_bar(x, e, slack, mean_0, tenth_0, near_1, out, f)

    side, size = colour(x, e, 0), body(x, e, 0)
    short = size <= mean_0 + slack
    long_1, long_2 = body_1 > mean_1 + slack, body_2 > mean_2 + slack
    short_1 = body_1 <= mean_1 + slack
    out[f + 9] = engulfing(x, e, 0)
    out[f + 10] = harami(x, e, 0) if long_1 and short else 0.0
    out[f + 11] = star(x, e, slack) if long_2 and short_1 and not short else 0.0

    pushed = 0.0
    if side > 0.0:
        closed_high = _very_short(upper_shadow(x, e, 0), upper_shadow(x, e, 1), upper_shadow(x, e, 2), tenth_0, tenth_1, tenth_2, slack)
        if closed_high and not short and soldiers(x, e, near_2, near_1, 3.0 * near_2, 3.0 * near_1, slack):
            pushed = 1.0
    else:
        closed_low = _very_short(lower_shadow(x, e, 0), lower_shadow(x, e, 1), lower_shadow(x, e, 2), tenth_0, tenth_1, tenth_2, slack)
        if closed_low and crows(x, e):
            pushed = -1.0
    out[f + 12] = pushed
    out[f + 13] = piercing(x, e, slack) if long_1 and (side < 0.0 or size > mean_0 + slack) else 0.0

    close, first = e + CLOSE_AT, colour(x, e, 2)
    beyond = first * (x[e + OPEN_AT - 2] - x[close]) > 0.0
    out[f + 14] = side if long_2 and short_1 and side != first and beyond and inside_body(x, e, 1) else 0.0
    turn = engulfing(x, e, 1)
    strict = body_top(x, e, 1) > body_top(x, e, 2) and body_bottom(x, e, 1) < body_bottom(x, e, 2)
    out[f + 15] = turn if strict and turn * (x[close] - x[close - 1]) > 0.0 else 0.0
    high_at, low_at = e + HIGH_AT, e + LOW_AT
    out[f + 16] = 1.0 if x[high_at] < x[high_at - 1] and x[low_at] > x[low_at - 1] else 0.0
    out[f + 17] = side if x[high_at] > x[high_at - 1] and x[low_at] < x[low_at - 1] else 0.0


@kernel
def _one_bar(x: np.ndarray, e: int, slack: float, mean: float, tenth: float, near_1: float, out: np.ndarray, f: int) -> None:
    """The patterns that judge the newest bar, some by where it lies to the one before."""
    side, size, upper, lower = colour(x, e, 0), body(x, e, 0), upper_shadow(x, e, 0), lower_shadow(x, e, 0)
    top, bottom = body_top(x, e, 0), body_bottom(x, e, 0)
    no_upper, no_lower = upper < tenth - slack, lower < tenth - slack
    doji, long, short = size <= tenth + slack, size > mean + slack, size < mean - slack
    up_stroke, down_stroke = upper > size + slack, lower > size + slack
    lean = 0.0
    if doji and no_upper and lower > tenth + slack:
        lean = 1.0
    elif doji and no_lower and upper > tenth + slack:
        lean = -1.0
    out[f] = 1.0 if doji else 0.0
    out[f + 1] = lean
    out[f + 2] = side if long and no_upper and no_lower else 0.0
    out[f + 3] = side if long and (no_lower if side > 0.0 else no_upper) else 0.0
    out[f + 4] = side if short and up_stroke and down_stroke else 0.0
    tail = short and down_stroke and no_upper
    out[f + 5] = 1.0 if tail and bottom <= x[e + LOW_AT - 1] + near_1 + slack else 0.0
    out[f + 6] = -1.0 if tail and bottom >= x[e + HIGH_AT - 1] - near_1 - slack else 0.0
    wick = short and up_stroke and no_lower
    out[f + 7] = 1.0 if wick and top < body_bottom(x, e, 1) else 0.0
    out[f + 8] = -1.0 if wick and bottom > body_top(x, e, 1) else 0.0


@kernel
def _very_short(a: float, b: float, c: float, tenth_0: float, tenth_1: float, tenth_2: float, slack: float) -> bool:
    return bool(a < tenth_0 - slack and b < tenth_1 - slack and c < tenth_2 - slack)
