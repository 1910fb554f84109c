"""Lanes: each operation is numpy's on the four values, sums are taken in the documented order, and a cached kernel finds the type again."""

from __future__ import annotations

import numpy as np
from numba import njit

from tradebot.core.kernels import rolling
from tradebot.core.kernels.lanes import highest, lanes, larger, load, lowest, magnitude, ramp, smaller, total


@njit(error_model="numpy")
def everything(x: np.ndarray, out: np.ndarray) -> None:
    a, b = load(x, 1), load(x, 5)
    out[0] = total(a)
    out[1] = total(a + b)
    out[2] = total(a - b)
    out[3] = total(a * b)
    out[4] = total(larger(a, b))
    out[5] = total(smaller(a, b))
    out[6] = total(magnitude(a))
    out[7] = highest(a)
    out[8] = lowest(a)
    out[9] = total(ramp() * lanes(x[0]))


def added(v: np.ndarray) -> float:
    return float((v[0] + v[1]) + (v[2] + v[3]))


def test_each_operation_is_numpys_bit_for_bit() -> None:
    for seed in range(50):
        x = np.random.default_rng(seed).normal(size=9) * 10.0 ** np.random.default_rng(seed).integers(-12, 12, 9)
        a, b, out = x[1:5], x[5:9], np.empty(10)
        everything(x, out)
        expected = [added(v) for v in (a, a + b, a - b, a * b, np.maximum(a, b), np.minimum(a, b), np.abs(a))]
        np.testing.assert_array_equal(out, [*expected, a.max(), a.min(), added(np.arange(4) * x[0])])


@njit(error_model="numpy")
def window_sum(x: np.ndarray, end: int, n: int) -> float:
    acc = lanes(0.0)
    for i in range(end - n + 1, end + 1, 4):
        acc = acc + load(x, i)
    return total(acc)


def test_a_sum_by_lanes_is_the_sum_by_four_partial_sums() -> None:
    x = np.random.default_rng(1).normal(size=100)
    assert all(window_sum(x, end, 60) == rolling.window_sum(x, end, 60) for end in range(59, 100))
