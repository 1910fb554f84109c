"""Memories of the last values: a mirrored ring, a short row that shifts, and an exact sum over the last `n`.

The mirrored ring is written twice, `depth` slots apart, so that any window that ends at its newest value is one contiguous slice,
oldest first, as core/kernels/rolling.py reads it. It takes 1 + 2 * depth slots: the position, then the values.

The sum over the last `n` of non-negative values is kept by two stacks: the suffix sums of the last full block of `n` and the running sum
of the block that is being filled. It costs an addition a value (amortised), and as nothing is ever subtracted, nothing drifts: a
huge value that has left leaves no residue, and n zeros sum to exactly 0. It takes 2 + n slots.

Source: Tangwongsan, Hirzel, Schneider, "Sliding-Window Aggregation Algorithms" (2019), the two-stacks method.
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


@kernel
def sliding_sum(x: np.ndarray, s: int, n: int, value: float) -> float:
    """Append `value` and answer the sum of the last `n`; values never seen count as 0.

    `x[s]` is the number of values in the unfinished block, `x[s + 1]` their sum; then `n` slots, of which the first ones hold the
    unfinished block's values and the others the suffix sums of the block before.
    """
    filled = int(x[s])
    block = s + 2
    x[block + filled] = value
    filled += 1
    x[s + 1] += value
    total: float = x[s + 1]
    if filled < n:
        total += x[block + filled]
    else:
        for i in range(block + n - 2, block - 1, -1):
            x[i] += x[i + 1]
        filled = 0
        x[s + 1] = 0.0
    x[s] = filled
    return total
