"""Candlestick shapes of one to four bars, as TA-Lib defines them. Used by candles.py, which brings the averages.

`e` is the index of the newest open in a symbol's memory and `k` an age: 0 the newest bar, 1 the one before. A white bar closes at or above
its open. `near`, `far`, `long` and the like are averages over the bars before the one they judge (candles.py names them); `slack` lets
sums that agree but for rounding count as equal.
"""

from __future__ import annotations

import numpy as np

from tradebot.core.features.window import CLOSE_AT, HIGH_AT, LOW_AT, OPEN_AT
from tradebot.core.kernels.kernel import kernel


@kernel
def body(x: np.ndarray, e: int, k: int) -> float:
    """|c - o|."""
    return float(abs(x[e + CLOSE_AT - k] - x[e + OPEN_AT - k]))


@kernel
def reach(x: np.ndarray, e: int, k: int) -> float:
    """h - l."""
    return float(x[e + HIGH_AT - k] - x[e + LOW_AT - k])


@kernel
def colour(x: np.ndarray, e: int, k: int) -> float:
    """1 white, -1 black."""
    return 1.0 if x[e + CLOSE_AT - k] >= x[e + OPEN_AT - k] else -1.0


@kernel
def body_top(x: np.ndarray, e: int, k: int) -> float:
    """max(o, c)."""
    return float(max(x[e + OPEN_AT - k], x[e + CLOSE_AT - k]))


@kernel
def body_bottom(x: np.ndarray, e: int, k: int) -> float:
    """min(o, c)."""
    return float(min(x[e + OPEN_AT - k], x[e + CLOSE_AT - k]))


@kernel
def upper_shadow(x: np.ndarray, e: int, k: int) -> float:
    """h - max(o, c)."""
    return float(x[e + HIGH_AT - k] - body_top(x, e, k))


@kernel
def lower_shadow(x: np.ndarray, e: int, k: int) -> float:
    """min(o, c) - l."""
    return float(body_bottom(x, e, k) - x[e + LOW_AT - k])


@kernel
def engulfing(x: np.ndarray, e: int, k: int) -> float:
    """The colour of a body that engulfs the opposite one before it, one end may be the same; else 0. CDLENGULFING."""
    side = colour(x, e, k)
    if colour(x, e, k + 1) == side:
        return 0.0
    top, bottom, old_top, old_bottom = body_top(x, e, k), body_bottom(x, e, k), body_top(x, e, k + 1), body_bottom(x, e, k + 1)
    return side if top >= old_top and bottom <= old_bottom and (top > old_top or bottom < old_bottom) else 0.0


@kernel
def inside_body(x: np.ndarray, e: int, k: int) -> bool:
    """The body lies strictly within the one before."""
    return bool(body_top(x, e, k) < body_top(x, e, k + 1) and body_bottom(x, e, k) > body_bottom(x, e, k + 1))


@kernel
def harami(x: np.ndarray, e: int, k: int) -> float:
    """Against the colour of the bar before, where its body holds this one, both ends not the same; else 0. CDLHARAMI without its sizes."""
    top, bottom, old_top, old_bottom = body_top(x, e, k), body_bottom(x, e, k), body_top(x, e, k + 1), body_bottom(x, e, k + 1)
    held = top <= old_top and bottom >= old_bottom and (top < old_top or bottom > old_bottom)
    return -colour(x, e, k + 1) if held else 0.0


@kernel
def star(x: np.ndarray, e: int, slack: float) -> float:
    """1 morning star, -1 evening star, else 0: a body gaps away from the one before and the third closes 30 % into the first.

    CDLMORNINGSTAR, CDLEVENINGSTAR without their sizes.
    """
    side = colour(x, e, 0)
    if side == colour(x, e, 2):
        return 0.0
    into = x[e + CLOSE_AT] - x[e + CLOSE_AT - 2]
    if side > 0.0:
        return 1.0 if body_top(x, e, 1) < body_bottom(x, e, 2) and into > 0.3 * body(x, e, 2) + slack else 0.0
    return -1.0 if body_bottom(x, e, 1) > body_top(x, e, 2) and -into > 0.3 * body(x, e, 2) + slack else 0.0


@kernel
def piercing(x: np.ndarray, e: int, slack: float) -> float:
    """1 piercing line, -1 dark cloud cover, else 0: opens beyond the bar before and closes past the middle of its body, within it.

    CDLPIERCING, CDLDARKCLOUDCOVER (penetration 0.5) without their sizes.
    """
    side = colour(x, e, 0)
    o, c, o1, c1 = x[e + OPEN_AT], x[e + CLOSE_AT], x[e + OPEN_AT - 1], x[e + CLOSE_AT - 1]
    if side == colour(x, e, 1):
        return 0.0
    if side > 0.0:
        return 1.0 if o < x[e + LOW_AT - 1] and c < o1 and c - c1 > 0.5 * body(x, e, 1) + slack else 0.0
    return -1.0 if o > x[e + HIGH_AT - 1] and c > o1 and c1 - c > 0.5 * body(x, e, 1) + slack else 0.0


@kernel
def crows(x: np.ndarray, e: int) -> bool:
    """Three falling black bars after a white one, each opening within the body before. CDL3BLACKCROWS without its shadows."""
    o, c, h = e + OPEN_AT, e + CLOSE_AT, e + HIGH_AT
    blacks = colour(x, e, 0) + colour(x, e, 1) + colour(x, e, 2)
    if blacks != -3.0 or colour(x, e, 3) < 0.0:
        return False
    opens_within = x[o - 2] > x[o - 1] > x[c - 2] and x[o - 1] > x[o] > x[c - 1]
    return bool(opens_within and x[h - 3] > x[c - 2] and x[c - 2] > x[c - 1] > x[c])


@kernel
def soldiers(x: np.ndarray, e: int, near_2: float, near_1: float, far_2: float, far_1: float, slack: float) -> bool:
    """Three rising white bars, each opening within or near the body before and not far shorter. CDL3WHITESOLDIERS without its shadows.

    `near_2` and `far_2` judge the bar two ago, `near_1` and `far_1` the one before.
    """
    o, c = e + OPEN_AT, e + CLOSE_AT
    whites = colour(x, e, 0) + colour(x, e, 1) + colour(x, e, 2)
    if whites != 3.0 or not x[c] > x[c - 1] > x[c - 2]:
        return False
    opens = x[o - 1] > x[o - 2] and x[o - 1] <= x[c - 2] + near_2 + slack and x[o] > x[o - 1] and x[o] <= x[c - 1] + near_1 + slack
    return bool(opens and body(x, e, 1) > body(x, e, 2) - far_2 + slack and body(x, e, 0) > body(x, e, 1) - far_1 + slack)
