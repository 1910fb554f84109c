"""Memories of the last values: a mirrored ring, and a short row that shifts.

The mirrored ring is written twice, `depth` slots apart, so that any window that ends at its newest value is one contiguous slice,
oldest first, as core/kernels/rolling.py reads it. It takes 1 + 2 * depth slots: the position, then the values.
"""

from __future__ import annotations

import numpy as np

from tradebot.core.kernels.kernel import kernel


@kernel
def ring_push(x: np.ndarray, s: int, depth: int, value: float) -> int:
    """Append `value` to the ring at `x[s:]`; the index of the newest value, the end of every window."""
    at = int(x[s]) + 1
    if at >= depth:
        at = 0
    x[s] = at
    x[s + 1 + at] = value
    x[s + 1 + depth + at] = value
    return s + 1 + depth + at


@kernel
def shift_in(x: np.ndarray, first: int, n: int, value: float) -> None:
    """Drop the oldest of the `n` values at `x[first:]`, oldest first, and append `value`."""
    for i in range(first, first + n - 1):
        x[i] = x[i + 1]
    x[first + n - 1] = value


@kernel
def fill(x: np.ndarray, first: int, n: int, value: float) -> None:
    """Set `n` slots from `x[first]` on."""
    for i in range(first, first + n):
        x[i] = value
