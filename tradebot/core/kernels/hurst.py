"""Hurst exponent by rescaled range with the Anis-Lloyd correction, over 64 returns.

The formula stands in core/features/dependence.py. Regressing on ln 8, ln 16, ln 32, ln 64, which are equally spaced, has the weights
(-3, -1, 1, 3) / (10 ln 2), so one logarithm suffices: slope = ln((R64 / R8)^3 * R32 / R16) / (10 ln 2), with R the ratio of
the mean rescaled range to what white noise has.

Source: Anis and Lloyd, "The expected value of the adjusted rescaled Hurst range of independent normal summands", Biometrika 63 (1976).
"""

from __future__ import annotations

import math

import numpy as np

from tradebot.core.kernels.kernel import kernel
from tradebot.core.kernels.lanes import highest, lanes, larger, load, lowest, ramp, smaller, total

_NOISE, _RELATIVE_NOISE = 1e-24, 1e-12  # squares of the standard deviations that are rounding, absolute and relative to the mean


def expected_rescaled_range(n: int) -> float:
    """Mean R/S of `n` independent normal values (Anis and Lloyd)."""
    roots = sum(math.sqrt((n - i) / i) for i in range(1, n))
    return math.exp(math.lgamma((n - 1) / 2) - math.lgamma(n / 2)) / math.sqrt(math.pi) * roots


_E8, _E16, _E32, _E64 = (expected_rescaled_range(n) for n in (8, 16, 32, 64))
_OF_NOISE = math.log((_E64 / _E8) ** 3 * _E32 / _E16)


@kernel
def hurst_64(x: np.ndarray, end: int, scratch: int) -> float:
    """Of the 64 returns of the log path `x[end - 64 : end + 1]`, in [0, 1]; 0.5 where a width has no sub-window that moves.

    `x[scratch : scratch + 8]` is overwritten.
    """
    first = end - 64
    for block in range(8):
        x[scratch + block] = _squares_of_8(x, first + 8 * block)
    eight = _mean_rescaled_range(x, first, scratch, 8)
    sixteen = _mean_rescaled_range(x, first, scratch, 16)
    thirty_two = _mean_rescaled_range(x, first, scratch, 32)
    sixty_four = _mean_rescaled_range(x, first, scratch, 64)
    if eight <= 0.0 or sixteen <= 0.0 or thirty_two <= 0.0 or sixty_four <= 0.0:
        return 0.5
    growth = sixty_four / eight
    slope = (math.log(growth * growth * growth * thirty_two / sixteen) - _OF_NOISE) / (10.0 * math.log(2.0))
    return min(max(0.5 + slope, 0.0), 1.0)


@kernel
def _squares_of_8(x: np.ndarray, first: int) -> float:
    """Sum of the squares of the eight returns after `x[first]`."""
    a, b = load(x, first + 1) - load(x, first), load(x, first + 5) - load(x, first + 4)
    squares: float = total(a * a + b * b)
    return squares


@kernel
def _mean_rescaled_range(x: np.ndarray, first: int, squares: int, n: int) -> float:
    """Mean of range / deviation over the sub-windows of `n` returns that move; 0 where none does."""
    ratios = 0.0
    moving = 0
    for block in range(64 // n):
        start = first + block * n
        mean = (x[start + n] - x[start]) / n
        power = 0.0
        for eight in range(n // 8):
            power += x[squares + block * (n // 8) + eight]
        variance = power / n - mean * mean
        if variance > _NOISE and variance > _RELATIVE_NOISE * mean * mean:
            ratios += _detrended_range(x, start, n, mean) / math.sqrt(variance)
            moving += 1
    return ratios / moving if moving else 0.0


@kernel
def _detrended_range(x: np.ndarray, start: int, n: int, mean: float) -> float:
    """Range of x[start + i] - i * mean for i = 0..n - 1; i = n has the value of i = 0. `n` a multiple of 4."""
    trend, rise = ramp() * lanes(mean), lanes(4.0 * mean)
    low = high = load(x, start) - trend
    for i in range(start + 4, start + n, 4):
        trend = trend + rise
        values = load(x, i) - trend
        low, high = smaller(values, low), larger(values, high)
    spread: float = highest(high) - lowest(low)
    return spread
