"""Windows that end at the newest value: sums, moments, extremes, slopes. Leaves of every family.

`x` is a symbol's memory, `end` the index of the newest value, `n` the window: the values are `x[end - n + 1 .. end]`, oldest first
(core/features/window.py keeps them contiguous). A window is summed anew at every bar, in one order: nothing drifts, a value that has
left leaves nothing behind, and two histories that agree on the window agree on the result bit for bit. Four partial sums keep the
processor's pipeline full; their order is fixed, so it is no fastmath.

Moments are taken about the newest value: a constant window has deviation exactly 0, at any price.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit


@njit(cache=True, error_model="numpy")
def window_sum(x: np.ndarray, end: int, n: int) -> float:
    """Sum of the last `n` values."""
    w = x[end - n + 1 : end + 1]
    a = b = c = d = 0.0
    fours = n // 4
    for i in range(fours):
        j = 4 * i
        a += w[j]
        b += w[j + 1]
        c += w[j + 2]
        d += w[j + 3]
    for j in range(4 * fours, n):
        a += w[j]
    return (a + b) + (c + d)


@njit(cache=True, error_model="numpy")
def window_mean(x: np.ndarray, end: int, n: int) -> float:
    """Arithmetic mean of the last `n` values, about the newest one."""
    return window_moments(x, end, n)[0]


@njit(cache=True, error_model="numpy")
def window_moments(x: np.ndarray, end: int, n: int) -> tuple[float, float]:
    """(mean, sum of squared deviations from it) of the last `n` values. The second is 0 for a constant window, never negative."""
    w = x[end - n + 1 : end + 1]
    pivot = x[end]
    a = b = c = d = 0.0
    aa = bb = cc = dd = 0.0
    fours = n // 4
    for i in range(fours):
        j = 4 * i
        p, q, r, s = w[j] - pivot, w[j + 1] - pivot, w[j + 2] - pivot, w[j + 3] - pivot
        a += p
        b += q
        c += r
        d += s
        aa += p * p
        bb += q * q
        cc += r * r
        dd += s * s
    for j in range(4 * fours, n):
        p = w[j] - pivot
        a += p
        aa += p * p
    total = (a + b) + (c + d)
    squares = (aa + bb) + (cc + dd) - total * total / n
    return pivot + total / n, squares if squares > 0.0 else 0.0


@njit(cache=True, error_model="numpy")
def window_std(x: np.ndarray, end: int, n: int) -> float:
    """Sample standard deviation (ddof 1, as pandas) of the last `n` values."""
    return math.sqrt(window_moments(x, end, n)[1] / (n - 1))


@njit(cache=True, error_model="numpy")
def window_max(x: np.ndarray, end: int, n: int) -> float:
    """Largest of the last `n` values."""
    w = x[end - n + 1 : end + 1]
    top: float = w[0]
    for j in range(1, n):
        top = w[j] if w[j] > top else top
    return top


@njit(cache=True, error_model="numpy")
def window_min(x: np.ndarray, end: int, n: int) -> float:
    """Smallest of the last `n` values."""
    w = x[end - n + 1 : end + 1]
    low: float = w[0]
    for j in range(1, n):
        low = w[j] if w[j] < low else low
    return low


@njit(cache=True, error_model="numpy")
def bars_since_max(x: np.ndarray, end: int, n: int) -> int:
    """Bars since the largest of the last `n` values, 0 = the newest; the most recent one among equals (as TA-Lib's AROON)."""
    w = x[end - n + 1 : end + 1]
    at = 0
    for j in range(1, n):
        at = j if w[j] >= w[at] else at
    return n - 1 - at


@njit(cache=True, error_model="numpy")
def bars_since_min(x: np.ndarray, end: int, n: int) -> int:
    """Bars since the smallest of the last `n` values, 0 = the newest; the most recent one among equals."""
    w = x[end - n + 1 : end + 1]
    at = 0
    for j in range(1, n):
        at = j if w[j] <= w[at] else at
    return n - 1 - at


@njit(cache=True, error_model="numpy")
def window_slope(x: np.ndarray, end: int, n: int) -> float:
    """Least-squares slope per bar over the last `n` values."""
    w = x[end - n + 1 : end + 1]
    pivot, middle = x[end], 0.5 * (n - 1)
    total = 0.0
    for j in range(n):
        total += (j - middle) * (w[j] - pivot)
    return total * 12.0 / (n * (n * n - 1.0))


@njit(cache=True, error_model="numpy")
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


@njit(cache=True, error_model="numpy")
def ratio(a: float, b: float, otherwise: float) -> float:
    """`a / b`, or `otherwise` where `b` is 0 (a feature names that neutral value in its formula)."""
    return a / b if b != 0.0 else otherwise
