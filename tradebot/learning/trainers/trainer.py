"""What every trainer does: rows and labels in, a forest that serves out."""

from __future__ import annotations

from typing import NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from tradebot.core.domain.bars import Float
from tradebot.learning.config import TrainingConfig
from tradebot.serving.forest import Forest

Labels = npt.NDArray[np.int8]


class Reference(Protocol):
    """The library's own prediction, to hold ours against before anything is saved: (N, F) -> (N,)."""

    def __call__(self, rows: Float, /) -> Float: ...


class Fitted(NamedTuple):
    forest: Forest
    reference: Reference


class Trainer(Protocol):
    """Fit on standardised rows (R, F) and labels (R,) of both classes. Same input and seed, same forest."""

    def __call__(self, rows: Float, label: Labels, config: TrainingConfig, /) -> Fitted: ...
