"""Extremes of a window, and their age: how many bars ago the largest or smallest of the last `n` values was.

In `max_age` and `min_age` the age of one bar ago is kept in the caller's memory, so that a bar costs one comparison; the window is searched
only when the extreme leaves it. The result is a function of the window alone, the most recent one among equals.

`x[slot]` holds the age; a memory of zeros is a right beginning where the window is filled with its first bar (features/window.py).
"""

from __future__ import annotations

import numpy as np

from tradebot.core.kernels.kernel import kernel


@kernel
def max_age(x: np.ndarray, slot: int, end: int, n: int) -> int:
    """Bars since the largest of the last `n` values; the value is `x[end - age]`. Call it once a bar; `n` is at least 4."""
    age = int(x[slot]) + 1
    if age >= n:
        age = age_of(x, end, n, span_max(x, end, 0, n - 1))
    elif x[end] >= x[end - age]:
        age = 0
    x[slot] = age
    return age


@kernel
def min_age(x: np.ndarray, slot: int, end: int, n: int) -> int:
    """Bars since the smallest of the last `n` values; the value is `x[end - age]`. Call it once a bar; `n` is at least 4."""
    age = int(x[slot]) + 1
    if age >= n:
        age = age_of(x, end, n, span_min(x, end, 0, n - 1))
    elif x[end] <= x[end - age]:
        age = 0
    x[slot] = age
    return age


@kernel
def age_of(x: np.ndarray, end: int, n: int, value: float) -> int:
    """Bars since the last `n` values held `value`, which is one of them. It looks at all of them: that is faster than to guess the end."""
    w = x[end - n + 1 : end + 1]
    at = 0
    for j in range(n):
        at = j if w[j] == value else at
    return n - 1 - at


@kernel
def span_max(x: np.ndarray, end: int, first: int, last: int) -> float:
    """Largest of the values of age `first` to `last`, at least four. Four lanes: the processor doesn't wait for the last answer."""
    n = last - first + 1
    w = x[end - last : end - first + 1]
    a, b, c, d = w[0], w[1], w[2], w[3]
    for i in range(1, n // 4):
        j = 4 * i
        a = w[j] if w[j] > a else a
        b = w[j + 1] if w[j + 1] > b else b
        c = w[j + 2] if w[j + 2] > c else c
        d = w[j + 3] if w[j + 3] > d else d
    for j in range(n - n % 4, n):
        a = w[j] if w[j] > a else a
    return float(max(a, b, c, d))


@kernel
def span_min(x: np.ndarray, end: int, first: int, last: int) -> float:
    """Smallest of the values of age `first` to `last`, at least four."""
    n = last - first + 1
    w = x[end - last : end - first + 1]
    a, b, c, d = w[0], w[1], w[2], w[3]
    for i in range(1, n // 4):
        j = 4 * i
        a = w[j] if w[j] < a else a
        b = w[j + 1] if w[j + 1] < b else b
        c = w[j + 2] if w[j + 2] < c else c
        d = w[j + 3] if w[j + 3] < d else d
    for j in range(n - n % 4, n):
        a = w[j] if w[j] < a else a
    return float(min(a, b, c, d))
