"""A borrowed array is the same memory."""

from __future__ import annotations

import sys

import numpy as np
from numba import njit

from tradebot.core.kernels.borrowed import borrowed


@njit(error_model="numpy")
def add_one(x: np.ndarray) -> None:
    if x[0] < 100.0:
        x[0] += 1.0


@njit(error_model="numpy")
def many(x: np.ndarray, times: int) -> float:
    mine = borrowed(x)
    row = borrowed(x[1:])
    for _ in range(times):
        add_one(mine)
        add_one(row)
    return mine[0] + row[0]


def test_writes_reach_the_owner_and_its_references_stay_counted() -> None:
    x = np.zeros(8)
    before = sys.getrefcount(x)
    assert many(x, 10) == 20.0
    np.testing.assert_array_equal(x, [10.0, 10.0, *[0.0] * 6])
    assert sys.getrefcount(x) == before
