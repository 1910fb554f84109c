"""Sums of the last `n` values of several streams that move together, each at the cost of two additions a value.

Two stacks: the suffix sums of the last full block of `n` and the running sums of the block that is being filled, one row a bar. Nothing is
ever subtracted, so nothing drifts, a huge value that has left leaves no residue, n zeros sum to exactly 0, and one NaN makes its stream
NaN for exactly n bars.
Source: Tangwongsan, Hirzel and Schneider, "Sliding-Window Aggregation Algorithms" (2019).
"""

from __future__ import annotations

import numpy as np

from tradebot.core.kernels.kernel import kernel

TOTALS = 1


def sums_width(n: int, streams: int) -> int:
    """Slots that `sliding_sums` takes, zeros at first: the position, the totals, the unfinished block's sums, `n` rows."""
    return 1 + (2 + n) * streams


@kernel
def sliding_sums(x: np.ndarray, s: int, n: int, values: tuple[float, ...]) -> None:
    """Append one value to each stream; the sums of the last `n` are then at `x[s + TOTALS:]`. Values never seen count as 0.

    The first `filled` rows hold the unfinished block's values, the others the sums of the tails of the block before.
    """
    streams = len(values)
    filled = int(x[s])
    block = s + 1 + streams
    first = block + streams
    row = first + filled * streams
    if filled + 1 < n:
        for k in range(streams):
            x[row + k] = values[k]
            x[block + k] += values[k]
            x[s + 1 + k] = x[block + k] + x[row + streams + k]
        x[s] = filled + 1.0
        return
    for k in range(streams):
        x[row + k] = values[k]
        x[s + 1 + k] = x[block + k] + values[k]
        x[block + k] = 0.0
    for i in range(row - 1, first - 1, -1):
        x[i] += x[i + streams]
    x[s] = 0.0
