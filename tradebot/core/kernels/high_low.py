"""Highest and lowest of a window at once, four lanes each: the processor compares without waiting for the last answer."""

from __future__ import annotations

import numpy as np
from numba import njit


@njit(cache=True, error_model="numpy")
def window_range(x: np.ndarray, end_high: int, end_low: int, n: int) -> tuple[float, float]:
    """(largest of the `n` values that end at `end_high`, smallest of the `n` that end at `end_low`), for n of at least 4."""
    u, w = x[end_high - n + 1 : end_high + 1], x[end_low - n + 1 : end_low + 1]
    a, b, c, d = u[0], u[1], u[2], u[3]
    p, q, r, s = w[0], w[1], w[2], w[3]
    for i in range(1, n // 4):
        j = 4 * i
        a, b = max(a, u[j]), max(b, u[j + 1])
        c, d = max(c, u[j + 2]), max(d, u[j + 3])
        p, q = min(p, w[j]), min(q, w[j + 1])
        r, s = min(r, w[j + 2]), min(s, w[j + 3])
    for j in range(4 * (n // 4), n):
        a, p = max(a, u[j]), min(p, w[j])
    return max(a, b, c, d), min(p, q, r, s)
