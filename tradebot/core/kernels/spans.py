"""Sums over the part of a window between two ages. Nested windows (5 in 10 in 20 ...) are then summed once, piece by piece.

`x` is a symbol's memory, `end` the index of the newest value, `age` 0 the newest value, 1 the one before. A span is the ages `first` to
`last`, both included. Values are taken about a `pivot`, usually the newest one, so that a constant span sums to exactly 0.
"""

from __future__ import annotations

import numpy as np

from tradebot.core.kernels.kernel import kernel

_OLDEST = 63
_AGE = np.arange(float(_OLDEST), -1.0, -1.0)


@kernel
def span_sum(x: np.ndarray, end: int, first: int, last: int, pivot: float) -> float:
    """Sum of `x - pivot` over the span."""
    n = last - first + 1
    w = x[end - last : end - first + 1]
    a = b = c = d = 0.0
    fours = n // 4
    for i in range(fours):
        j = 4 * i
        a += w[j] - pivot
        b += w[j + 1] - pivot
        c += w[j + 2] - pivot
        d += w[j + 3] - pivot
    for j in range(4 * fours, n):
        a += w[j] - pivot
    return (a + b) + (c + d)


@kernel
def span_moments(x: np.ndarray, end: int, first: int, last: int, pivot: float) -> tuple[float, float]:
    """(sum of d, sum of d^2) over the span, with d = `x - pivot`."""
    n = last - first + 1
    w = x[end - last : end - first + 1]
    a = b = aa = bb = 0.0
    twos = n // 2
    for i in range(twos):
        j = 2 * i
        p, q = w[j] - pivot, w[j + 1] - pivot
        a += p
        b += q
        aa += p * p
        bb += q * q
    if n % 2:
        p = w[n - 1] - pivot
        a += p
        aa += p * p
    return a + b, aa + bb


@kernel
def span_line_sums(x: np.ndarray, end: int, first: int, last: int, pivot: float) -> tuple[float, float, float]:
    """(sum of d, sum of d^2, sum of age * d) over the span, with d = `x - pivot`: what a least-squares line is made of. Ages up to 63."""
    n = last - first + 1
    w, age = x[end - last : end - first + 1], _AGE[_OLDEST - last : _OLDEST - first + 1]
    a = b = aa = bb = at = bt = 0.0
    twos = n // 2
    for i in range(twos):
        j = 2 * i
        p, q = w[j] - pivot, w[j + 1] - pivot
        a += p
        b += q
        aa += p * p
        bb += q * q
        at += age[j] * p
        bt += age[j + 1] * q
    if n % 2:
        p = w[n - 1] - pivot
        a += p
        aa += p * p
        at += age[n - 1] * p
    return a + b, aa + bb, at + bt


@kernel
def span_dot(x: np.ndarray, y: np.ndarray, end_x: int, end_y: int, n: int, pivot: float) -> float:
    """Sum of y * (x - pivot) over the last `n` values of both."""
    u, w = x[end_x - n + 1 : end_x + 1], y[end_y - n + 1 : end_y + 1]
    a = b = 0.0
    twos = n // 2
    for i in range(twos):
        j = 2 * i
        a += w[j] * (u[j] - pivot)
        b += w[j + 1] * (u[j + 1] - pivot)
    if n % 2:
        a += w[n - 1] * (u[n - 1] - pivot)
    return a + b


@kernel
def span_path(x: np.ndarray, end: int, n: int) -> float:
    """Length of the path of the last `n` steps: sum of |x - previous x|."""
    w = x[end - n : end + 1]
    a = b = 0.0
    twos = n // 2
    for i in range(twos):
        j = 2 * i
        a += abs(w[j + 1] - w[j])
        b += abs(w[j + 2] - w[j + 1])
    if n % 2:
        a += abs(w[n] - w[n - 1])
    return a + b


@kernel
def span_gaps(x: np.ndarray, end_x: int, end_y: int, n: int) -> float:
    """Sum of |x - y| over the last `n` values of two windows of the same memory."""
    u, w = x[end_x - n + 1 : end_x + 1], x[end_y - n + 1 : end_y + 1]
    a = b = 0.0
    twos = n // 2
    for i in range(twos):
        j = 2 * i
        a += abs(u[j] - w[j])
        b += abs(u[j + 1] - w[j + 1])
    if n % 2:
        a += abs(u[n - 1] - w[n - 1])
    return a + b
