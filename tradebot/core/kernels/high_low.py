"""Highest and lowest of a window at once, four values at a time."""

from __future__ import annotations

import numpy as np

from tradebot.core.kernels.kernel import kernel
from tradebot.core.kernels.lanes import highest, larger, load, lowest, smaller


@kernel
def window_range(x: np.ndarray, end_high: int, end_low: int, n: int) -> tuple[float, float]:
    """(largest of the `n` values that end at `end_high`, smallest of the `n` that end at `end_low`), for n of at least 4.

    The last four overlap those before where n is no multiple of 4: that changes no extreme.
    """
    high, low = end_high - 3, end_low - 3
    top, bottom = load(x, high), load(x, low)
    for i in range(4, n - 3, 4):
        top, bottom = larger(top, load(x, high - i)), smaller(bottom, load(x, low - i))
    oldest = n - 4
    top, bottom = larger(top, load(x, high - oldest)), smaller(bottom, load(x, low - oldest))
    return highest(top), lowest(bottom)
