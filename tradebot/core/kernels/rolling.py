"""Windows that end at the newest value: sums, moments, extremes, slopes. Leaves of every family.

`x` is a symbol's memory, `end` the index of the newest value, `n` the window: the values are `x[end - n + 1 .. end]`, oldest first
(core/features/window.py keeps them contiguous). A window is summed anew at every bar, in one order: nothing drifts, a value that has
left leaves nothing behind, and two histories that agree on the window agree on the result bit for bit. Four lanes (lanes.py) keep the
processor's pipeline full; their order is fixed, so it is no fastmath.

Moments are taken about the newest value: a constant window has deviation exactly 0, at any price.
"""

from __future__ import annotations

import math

import numpy as np

from tradebot.core.kernels.kernel import kernel
from tradebot.core.kernels.lanes import highest, lanes, larger, load, lowest, smaller, total


@kernel
def window_sum(x: np.ndarray, end: int, n: int) -> float:
    """Sum of the last `n` values."""
    first = end - n + 1
    fours = first + n // 4 * 4
    summed = lanes(0.0)
    for i in range(first, fours, 4):
        summed = summed + load(x, i)
    out: float = total(summed)
    for i in range(fours, end + 1):
        out += x[i]
    return out


@kernel
def window_mean(x: np.ndarray, end: int, n: int) -> float:
    """Arithmetic mean of the last `n` values, about the newest one."""
    return window_moments(x, end, n)[0]


@kernel
def window_moments(x: np.ndarray, end: int, n: int) -> tuple[float, float]:
    """(mean, sum of squared deviations from it) of the last `n` values. The second is 0 for a constant window, never negative."""
    pivot = x[end]
    first = end - n + 1
    fours = first + n // 4 * 4
    middle, ones, twos = lanes(pivot), lanes(0.0), lanes(0.0)
    for i in range(first, fours, 4):
        d = load(x, i) - middle
        ones = ones + d
        twos = twos + d * d
    summed, squares = total(ones), total(twos)
    for i in range(fours, end + 1):
        rest = x[i] - pivot
        summed += rest
        squares += rest * rest
    squares -= summed * summed / n
    return pivot + summed / n, squares if squares > 0.0 else 0.0


@kernel
def window_std(x: np.ndarray, end: int, n: int) -> float:
    """Sample standard deviation (ddof 1, as pandas) of the last `n` values."""
    return math.sqrt(window_moments(x, end, n)[1] / (n - 1))


@kernel
def window_max(x: np.ndarray, end: int, n: int) -> float:
    """Largest of the last `n` values."""
    first = end - n + 1
    if n < 4:
        best: float = x[first]
        for i in range(first + 1, end + 1):
            best = x[i] if x[i] > best else best
        return best
    four = load(x, end - 3)  # the newest four, so that none is left over
    for i in range(first, end - 3, 4):
        four = larger(load(x, i), four)
    top: float = highest(four)
    return top


@kernel
def window_min(x: np.ndarray, end: int, n: int) -> float:
    """Smallest of the last `n` values."""
    first = end - n + 1
    if n < 4:
        best: float = x[first]
        for i in range(first + 1, end + 1):
            best = x[i] if x[i] < best else best
        return best
    four = load(x, end - 3)  # the newest four, so that none is left over
    for i in range(first, end - 3, 4):
        four = smaller(load(x, i), four)
    bottom: float = lowest(four)
    return bottom


@kernel
def window_slope(x: np.ndarray, end: int, n: int) -> float:
    """Least-squares slope per bar over the last `n` values."""
    w = x[end - n + 1 : end + 1]
    pivot, middle = x[end], 0.5 * (n - 1)
    moment = 0.0
    for j in range(n):
        moment += (j - middle) * (w[j] - pivot)
    return moment * 12.0 / (n * (n * n - 1.0))


@kernel
def window_dot(x: np.ndarray, end_x: int, end_y: int, n: int) -> float:
    """Sum of products of two windows of the same memory."""
    u, v = x[end_x - n + 1 : end_x + 1], x[end_y - n + 1 : end_y + 1]
    a = b = 0.0
    twos = n // 2
    for i in range(twos):
        a += u[2 * i] * v[2 * i]
        b += u[2 * i + 1] * v[2 * i + 1]
    if n % 2:
        a += u[n - 1] * v[n - 1]
    return a + b


@kernel
def ratio(a: float, b: float, otherwise: float) -> float:
    """`a / b`, or `otherwise` where `b` is 0 (a feature names that neutral value in its formula)."""
    return a / b if b != 0.0 else otherwise
