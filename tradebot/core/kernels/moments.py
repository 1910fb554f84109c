"""Powers, products and shares over a window, in one pass. Leaves of the statistics families.

As in core/kernels/rolling.py, `x[first : first + n]` is the window, sums are taken anew in one order by four partial sums, and
deviations are taken from a value of the window, so that a constant window has none.
"""

from __future__ import annotations

import numpy as np
from numba import njit


@njit(cache=True, error_model="numpy")
def power_sums(x: np.ndarray, first: int, n: int, pivot: float) -> tuple[float, float, float, float]:
    """Sums of d, d^2, d^3, d^4 for d = value - pivot; `n` a multiple of 4."""
    w = x[first : first + n]
    a1 = b1 = c1 = e1 = 0.0
    a2 = b2 = c2 = e2 = 0.0
    a3 = b3 = c3 = e3 = 0.0
    a4 = b4 = c4 = e4 = 0.0
    for i in range(n // 4):
        j = 4 * i
        a, b, c, e = w[j] - pivot, w[j + 1] - pivot, w[j + 2] - pivot, w[j + 3] - pivot
        aa, bb, cc, ee = a * a, b * b, c * c, e * e
        a1 += a
        b1 += b
        c1 += c
        e1 += e
        a2 += aa
        b2 += bb
        c2 += cc
        e2 += ee
        a3 += aa * a
        b3 += bb * b
        c3 += cc * c
        e3 += ee * e
        a4 += aa * aa
        b4 += bb * bb
        c4 += cc * cc
        e4 += ee * ee
    return (a1 + b1) + (c1 + e1), (a2 + b2) + (c2 + e2), (a3 + b3) + (c3 + e3), (a4 + b4) + (c4 + e4)


@njit(cache=True, error_model="numpy")
def central(n: float, s1: float, s2: float, s3: float, s4: float) -> tuple[float, float, float, float]:
    """(mean about the pivot, sums of squared, cubed and fourth deviations from the mean) from `power_sums`."""
    m = s1 / n
    m2 = s2 - m * s1
    m3 = s3 - m * (3.0 * s2 - 2.0 * m * s1)
    m4 = s4 - m * (4.0 * s3 - m * (6.0 * s2 - 3.0 * m * s1))
    return m, m2 if m2 > 0.0 else 0.0, m3, m4 if m4 > 0.0 else 0.0


@njit(cache=True, error_model="numpy")
def count_beyond(x: np.ndarray, first: int, n: int, centre: float, squared: float) -> int:
    """Values whose squared distance from `centre` is above `squared`."""
    w = x[first : first + n]
    count = 0
    for i in range(n):
        d = w[i] - centre
        count += d * d > squared
    return count


@njit(cache=True, error_model="numpy")
def absolute_sum_and_max(x: np.ndarray, first: int, n: int) -> tuple[float, float]:
    """(sum, largest) of the absolute values; `n` a multiple of 4."""
    w = x[first : first + n]
    a = b = c = e = 0.0
    top_a = top_b = top_c = top_e = 0.0
    for i in range(n // 4):
        j = 4 * i
        p, q, r, s = abs(w[j]), abs(w[j + 1]), abs(w[j + 2]), abs(w[j + 3])
        a += p
        b += q
        c += r
        e += s
        top_a = p if p > top_a else top_a
        top_b = q if q > top_b else top_b
        top_c = r if r > top_c else top_c
        top_e = s if s > top_e else top_e
    return (a + b) + (c + e), max(top_a, top_b, top_c, top_e)


@njit(cache=True, error_model="numpy")
def lowest_and_highest(x: np.ndarray, first: int, n: int) -> tuple[float, float]:
    """Smallest and largest value; `n` a multiple of 4."""
    w = x[first : first + n]
    la, lb, lc, le = w[0], w[1], w[2], w[3]
    ha, hb, hc, he = la, lb, lc, le
    for i in range(1, n // 4):
        j = 4 * i
        a, b, c, e = w[j], w[j + 1], w[j + 2], w[j + 3]
        la = a if a < la else la
        lb = b if b < lb else lb
        lc = c if c < lc else lc
        le = e if e < le else le
        ha = a if a > ha else ha
        hb = b if b > hb else hb
        hc = c if c > hc else hc
        he = e if e > he else he
    return min(la, lb, lc, le), max(ha, hb, hc, he)


@njit(cache=True, error_model="numpy")
def count_below_and_equal(x: np.ndarray, first: int, n: int, value: float) -> tuple[int, int]:
    """Values below `value`, and values equal to it."""
    w = x[first : first + n]
    below = equal = 0
    for i in range(n):
        below += w[i] < value
        equal += w[i] == value
    return below, equal


@njit(cache=True, error_model="numpy")
def path_length(x: np.ndarray, first: int, n: int) -> float:
    """Sum of absolute differences of neighbours; `n` a multiple of 4."""
    w = x[first : first + n]
    a = b = c = e = 0.0
    for i in range(n // 4 - 1):
        j = 4 * i
        a += abs(w[j + 1] - w[j])
        b += abs(w[j + 2] - w[j + 1])
        c += abs(w[j + 3] - w[j + 2])
        e += abs(w[j + 4] - w[j + 3])
    rest: float = abs(w[n - 3] - w[n - 4]) + abs(w[n - 2] - w[n - 3]) + abs(w[n - 1] - w[n - 2])
    return (a + b) + (c + e) + rest


@njit(cache=True, error_model="numpy")
def products(x: np.ndarray, first: int, other: int, n: int, pivot: float, other_pivot: float) -> tuple[float, float, float, float, float]:
    """For windows of a and b: sums of a, b, a^2, b^2, a*b about their pivots; `n` a multiple of 4."""
    u, v = x[first : first + n], x[other : other + n]
    a0 = a1 = a2 = a3 = 0.0
    b0 = b1 = b2 = b3 = 0.0
    aa0 = aa1 = aa2 = aa3 = 0.0
    bb0 = bb1 = bb2 = bb3 = 0.0
    ab0 = ab1 = ab2 = ab3 = 0.0
    for i in range(n // 4):
        j = 4 * i
        p0, p1, p2, p3 = u[j] - pivot, u[j + 1] - pivot, u[j + 2] - pivot, u[j + 3] - pivot
        q0, q1, q2, q3 = v[j] - other_pivot, v[j + 1] - other_pivot, v[j + 2] - other_pivot, v[j + 3] - other_pivot
        a0 += p0
        a1 += p1
        a2 += p2
        a3 += p3
        b0 += q0
        b1 += q1
        b2 += q2
        b3 += q3
        aa0 += p0 * p0
        aa1 += p1 * p1
        aa2 += p2 * p2
        aa3 += p3 * p3
        bb0 += q0 * q0
        bb1 += q1 * q1
        bb2 += q2 * q2
        bb3 += q3 * q3
        ab0 += p0 * q0
        ab1 += p1 * q1
        ab2 += p2 * q2
        ab3 += p3 * q3
    return (
        (a0 + a1) + (a2 + a3),
        (b0 + b1) + (b2 + b3),
        (aa0 + aa1) + (aa2 + aa3),
        (bb0 + bb1) + (bb2 + bb3),
        (ab0 + ab1) + (ab2 + ab3),
    )
