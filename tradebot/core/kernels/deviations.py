"""Deviations and ranks: moments of a piece of a window, moments of the last `n` values of a stream, and a value's rank among others."""

from __future__ import annotations

import math

import numpy as np

from tradebot.core.kernels.kernel import kernel
from tradebot.core.kernels.lanes import lanes, load, total


@kernel
def span_moments(x: np.ndarray, end: int, first: int, last: int, pivot: float) -> tuple[float, float]:
    """(sum of d, sum of d^2) over the ages `first` to `last` (0 = the newest value, at `end`), d = value - `pivot`.

    Nested windows (3 in 5 in 15 ...) are summed once, piece by piece.
    """
    at, stop = end - last, end - first + 1
    centre, one, two = lanes(pivot), lanes(0.0), lanes(0.0)
    while at + 4 <= stop:
        d = load(x, at) - centre
        one = one + d
        two = two + d * d
        at += 4
    a, aa = total(one), total(two)
    while at < stop:
        p = x[at] - pivot
        a += p
        aa += p * p
        at += 1
    return a, aa


@kernel
def deviation(summed: float, squares: float, n: int) -> float:
    """Sample standard deviation of `n` values from their sum and sum of squares about any pivot."""
    spread = squares - summed * summed / n
    return math.sqrt(spread / (n - 1)) if spread > 0.0 else 0.0


@kernel
def count_at_most(x: np.ndarray, first: int, n: int, value: float) -> int:
    """How many of `x[first : first + n]` are at most `value`."""
    w = x[first : first + n]
    count = 0
    for j in range(n):
        count += w[j] <= value
    return count


@kernel
def sliding_moments(x: np.ndarray, s: int, n: int, value: float) -> tuple[float, float]:
    """Append `value`; (mean, sum of squared deviations) of the last `n`. Values never seen count as 0. Takes 3 + 2 n slots, zeros at first.

    Two stacks, as kernels/ring.py `sliding_sum`: the block that is being filled, and for the block before it the moments of each of its
    tails. Two blocks are merged by Chan's formula, a value is added by Welford's; nothing is ever taken away, so nothing drifts, and equal
    values deviate by exactly 0. Source: Chan, Golub and LeVeque, "Updating Formulae and a Pairwise Algorithm" (1979).
    """
    filled = int(x[s]) + 1
    means, squares = s + 3, s + 3 + n
    x[means + filled - 1] = value
    d = value - x[s + 1]
    x[s + 1] += d / filled
    x[s + 2] += d * (value - x[s + 1])
    mean, spread = x[s + 1], x[s + 2]
    x[s] = filled
    if filled < n:
        rest = n - filled
        d = x[means + filled] - mean
        mean += d * rest / n
        spread += x[squares + filled] + d * d * filled * rest / n
    else:
        x[squares + n - 1] = 0.0
        for i in range(n - 2, -1, -1):
            d = x[means + i] - x[means + i + 1]
            x[means + i] = x[means + i + 1] + d / (n - i)
            x[squares + i] = x[squares + i + 1] + d * (d - d / (n - i))
        x[s] = x[s + 1] = x[s + 2] = 0.0
    return mean, spread
