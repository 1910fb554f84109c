"""What every trainer does: rows in, an artefact that serves out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from tradebot.core.domain.bars import Float, Int
from tradebot.learning.config import TrainingConfig
from tradebot.serving.artefacts.artefact import Artefact, Predictor


@dataclass(frozen=True, slots=True)
class Rows:
    """What a trainer sees, oldest first. `target` is 0 or 1 for yes and no, the class for classes, a real number for a regression.

    `end_ns` is when each label was known: what fits on folds of its own purges by it. `cost` is the round trip's, in the target's units:
    the dollar-profit objective charges it. Both are None where whoever trains knows that its trainer needs neither. `classes` is how many
    there are, whether they occur here or not, of a label of classes.
    """

    values: Float  # (R, F)
    target: Float  # (R,)
    weight: Float  # (R,)
    minute_ns: Int  # (R,)
    session_of: Int  # (R,)
    symbol_of: Int  # (R,)
    end_ns: Int | None = None  # (R,)
    cost: Float | None = None  # (R,)
    classes: int = 0

    def __len__(self) -> int:
        return len(self.target)

    def where(self, chosen: npt.NDArray[np.bool_] | Int) -> Rows:
        """The rows of a mask (R,) or of indices, in order."""
        return Rows(
            self.values[chosen], self.target[chosen], self.weight[chosen],
            self.minute_ns[chosen], self.session_of[chosen], self.symbol_of[chosen],
            None if self.end_ns is None else self.end_ns[chosen], None if self.cost is None else self.cost[chosen], self.classes,
        )  # fmt: skip


class Reference(Protocol):
    """The library's own prediction, to hold ours against before anything is saved: (N, F) -> (N,), or (N, C) over classes."""

    def __call__(self, rows: Float, /) -> Float: ...


class Fitted(NamedTuple):
    artefact: Artefact
    reference: Reference
    tolerance: float = 1e-12  # how far the served answer and the reference may differ
    numbers: Predictor | None = None  # of a regression: the forecast in the target's units, which its position squashes


def proven(fitted: Fitted) -> Reference:
    """The served answer, asserted to be the library's within the tolerance on whatever rows it is asked for."""
    served = fitted.artefact.predictor()

    def answer(rows: Float) -> Float:
        ours = served(rows)
        worst = float(np.abs(ours - fitted.reference(rows)).max(initial=0.0))
        assert worst <= fitted.tolerance, f"the served model differs from the trained one by {worst}"
        return ours

    return answer


class Trainer(Protocol):
    """Fit on `train`. `watch` is a later, purged slice for early stopping and calibration; it may be empty.

    Same rows, config and seed: the same artefact, whatever the number of jobs. `say` hears one line a stage.
    """

    def __call__(self, train: Rows, watch: Rows, config: TrainingConfig, say: Callable[[str], None], /) -> Fitted: ...


def sample_weight(rows: Rows) -> Float | None:
    """The weights as a library wants them: None where all weigh the same, which some libraries fit faster and in another order."""
    return None if (rows.weight == 1.0).all() else rows.weight
