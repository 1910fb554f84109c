"""Confluence: one signal from the same strategy on bars of 1, 5, 15 and 60 minutes (seeds/000; SYSTEMS.md section 1).

    combined = clip(sum over frames of weight * signal, -1, 1)

A higher frame whose bars are not there yet abstains: it adds 0, and its weight is not given to the others, so that agreement of all
frames is what makes a strong signal. Where the 1-minute frame is not valid there is no signal at all: 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

Float = npt.NDArray[np.float64]
Bool = npt.NDArray[np.bool_]

FRAMES_MIN: Final = (1, 5, 15, 60)
WEIGHTS: Final = (0.4, 0.3, 0.2, 0.1)


def combine(signals: Float, valid: Bool, weights: Sequence[float] = WEIGHTS) -> Float:
    """Signals (..., K) in [-1, 1] from `signals` (..., K, 4), their `valid` (..., K, 4) and one weight a frame, by FRAMES_MIN.

    What is not valid may be NaN. Elementwise, frame by frame in order: one row and a whole history agree bit for bit.
    """
    assert signals.shape == valid.shape, f"signals {signals.shape} and valid {valid.shape} differ"
    assert signals.shape[-1] == len(weights) == len(FRAMES_MIN), "one signal and one weight for each frame"
    total = np.zeros(signals.shape[:-1])
    for frame, weight in enumerate(weights):
        total += np.where(valid[..., frame], weight * signals[..., frame], 0.0)
    return np.where(valid[..., 0], np.clip(total, -1.0, 1.0), 0.0)
