"""How much a symbol trades at each time of the day: an exponential mean of minute volumes in bins of five minutes, as a scan step.

curve[n, bin] += ALPHA * (volume - curve[n, bin])        the first volume seen stands alone; a minute without a bar counts as 0
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

BIN_MIN: Final = 5
BINS: Final = 78  # of a full session; minutes beyond share the last
ALPHA: Final = 0.05  # five minutes a session: what is four sessions old has a third of the weight

Float = npt.NDArray[np.float64]


def new_curve(symbols: int) -> Float:
    """(N, BINS), NaN where nothing has been seen."""
    return np.full((symbols, BINS), np.nan)


def volume_step(curve: Float, minute_index: int, volume: npt.NDArray[np.int64]) -> None:
    """Move the curve (N, BINS) on by one minute's volumes (N,) in shares, in place."""
    column = curve[:, bin_of(minute_index)]
    column += np.where(np.isnan(column), 0.0, ALPHA * (volume - column))
    np.copyto(column, volume, where=np.isnan(column))


def expected_volume(curve: Float, minute_index: int) -> Float:
    """Shares (N,) that a minute is expected to trade; NaN where nothing has been seen of its bin."""
    return curve[:, bin_of(minute_index)]


def bin_of(minute_index: int) -> int:
    """The bin of a session's minute, 0 for the first."""
    return min(minute_index // BIN_MIN, BINS - 1)
