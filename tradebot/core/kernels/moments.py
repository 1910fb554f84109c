"""Powers, products and shares over a window, in one pass. Leaves of the statistics families.

As in core/kernels/rolling.py, `x[first : first + n]` is the window, sums are taken anew in the one order of core/kernels/lanes.py,
and deviations are taken from a value of the window, so that a constant window has none.
"""

from __future__ import annotations

import numpy as np

from tradebot.core.kernels.kernel import kernel
from tradebot.core.kernels.lanes import highest, lanes, larger, load, lowest, magnitude, smaller, total


@kernel
def power_sums(x: np.ndarray, first: int, n: int, pivot: float) -> tuple[float, float, float, float]:
    """Sums of d, d^2, d^3, d^4 for d = value - pivot; `n` a multiple of 4."""
    centre = lanes(pivot)
    one, two, three, four = lanes(0.0), lanes(0.0), lanes(0.0), lanes(0.0)
    for i in range(first, first + n, 4):
        d = load(x, i) - centre
        square = d * d
        one = one + d
        two = two + square
        three = three + square * d
        four = four + square * square
    return total(one), total(two), total(three), total(four)


@kernel
def central(n: float, s1: float, s2: float, s3: float, s4: float) -> tuple[float, float, float, float]:
    """(mean about the pivot, sums of squared, cubed and fourth deviations from the mean) from `power_sums`."""
    m = s1 / n
    m2 = s2 - m * s1
    m3 = s3 - m * (3.0 * s2 - 2.0 * m * s1)
    m4 = s4 - m * (4.0 * s3 - m * (6.0 * s2 - 3.0 * m * s1))
    return m, m2 if m2 > 0.0 else 0.0, m3, m4 if m4 > 0.0 else 0.0


@kernel
def count_beyond(x: np.ndarray, first: int, n: int, centre: float, squared: float) -> int:
    """Values whose squared distance from `centre` is above `squared`."""
    w = x[first : first + n]
    count = 0
    for i in range(n):
        d = w[i] - centre
        count += d * d > squared
    return count


@kernel
def absolute_sum_and_max(x: np.ndarray, first: int, n: int) -> tuple[float, float]:
    """(sum, largest) of the absolute values; `n` a multiple of 4."""
    added, top = lanes(0.0), lanes(0.0)
    for i in range(first, first + n, 4):
        size = magnitude(load(x, i))
        added = added + size
        top = larger(size, top)
    return total(added), highest(top)


@kernel
def lowest_and_highest(x: np.ndarray, first: int, n: int) -> tuple[float, float]:
    """Smallest and largest value; `n` a multiple of 4."""
    low = high = load(x, first)
    for i in range(first + 4, first + n, 4):
        values = load(x, i)
        low, high = smaller(values, low), larger(values, high)
    return lowest(low), highest(high)


@kernel
def count_below_and_equal(x: np.ndarray, first: int, n: int, value: float) -> tuple[int, int]:
    """Values below `value`, and values equal to it."""
    w = x[first : first + n]
    below = equal = 0
    for i in range(n):
        below += w[i] < value
        equal += w[i] == value
    return below, equal


@kernel
def path_length(x: np.ndarray, first: int, n: int) -> float:
    """Sum of absolute differences of neighbours among `n` values; `n` a multiple of 4."""
    added = lanes(0.0)
    for i in range(first, first + n - 4, 4):
        added = added + magnitude(load(x, i + 1) - load(x, i))
    last = first + n - 1
    rest: float = abs(x[last - 2] - x[last - 3]) + abs(x[last - 1] - x[last - 2]) + abs(x[last] - x[last - 1])
    path: float = total(added) + rest
    return path


@kernel
def products(x: np.ndarray, first: int, other: int, n: int, pivot: float, other_pivot: float) -> tuple[float, float, float, float, float]:
    """For windows of a and b: sums of a, b, a^2, b^2, a*b about their pivots; `n` a multiple of 4."""
    centre, other_centre = lanes(pivot), lanes(other_pivot)
    a, b, aa, bb, ab = lanes(0.0), lanes(0.0), lanes(0.0), lanes(0.0), lanes(0.0)
    for i in range(0, n, 4):
        p, q = load(x, first + i) - centre, load(x, other + i) - other_centre
        a = a + p
        b = b + q
        aa = aa + p * p
        bb = bb + q * q
        ab = ab + p * q
    return total(a), total(b), total(aa), total(bb), total(ab)
