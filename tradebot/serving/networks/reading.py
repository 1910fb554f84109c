"""A model's rows as a network's inputs: standardised, clipped, single precision, in the network's order."""

from __future__ import annotations

import math
from typing import Final

import numpy as np
import numpy.typing as npt

from tradebot.core.kernels.kernel import kernel
from tradebot.serving.networks.architecture import Float32

CLIP: Final = 8.0
"""Standard deviations beyond which a number says no more."""


def standardised(
    rows: npt.NDArray[np.float64], columns: npt.NDArray[np.int64], mean: npt.NDArray[np.float64], scale: npt.NDArray[np.float64]
) -> Float32:
    """(N, inputs) of rows (N, F), as `read` computes them."""
    return np.clip((rows[:, columns] - mean) / scale, -CLIP, CLIP).astype(np.float32)


@kernel
def read(
    rows: np.ndarray, first: int, count: int, columns: np.ndarray, mean: np.ndarray, scale: np.ndarray, z: np.ndarray, step: int
) -> None:
    """Rows `first` to `first + count` to `z`, `step` apart. A number that is not finite is read as 0; `unknown` tells such rows."""
    for m in range(count):
        for i in range(len(columns)):
            value = (rows[first + m, columns[i]] - mean[i]) / scale[i]
            value = min(max(value, -CLIP), CLIP)
            z[m * step + i] = np.float32(value) if math.isfinite(value) else np.float32(0.0)


@kernel
def write(rows: np.ndarray, first: int, count: int, z: np.ndarray, scores: int, step: int, out: np.ndarray) -> None:
    """Scores (count, outputs) to `out`; NaN for a row with any number that is not finite."""
    for m in range(count):
        known = True
        for i in range(rows.shape[1]):
            known = known and math.isfinite(rows[first + m, i])
        for i in range(out.shape[1]):
            out[first + m, i] = z[scores + m * step + i] if known else np.nan
