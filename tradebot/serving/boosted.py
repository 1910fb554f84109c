"""XGBoost's trees as flat arrays, evaluated without XGBoost.

sum(c) = base(c) + leaves of the class's trees, in float32, in the order of the trees      XGBoost's margin
go left where float32(x) < threshold

logistic   1 / (1 + exp(-sum))              a probability
softmax    exp(sum(c)) / sum over classes   a probability for each class
tanh       tanh(sum)                a position: of a dollar-profit model (scale 1) or of a regression (scale: the standard
                                            deviation of its training target, so that a forecast of one of them is a position of 0.76)
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
import numpy.typing as npt

from tradebot.core.forecast.model import Answer
from tradebot.core.kernels.kernel import threaded_kernel
from tradebot.serving.trees import below, pack

Float = npt.NDArray[np.float64]
Float32 = npt.NDArray[np.float32]
Int = npt.NDArray[np.int32]

Link = Literal["logistic", "softmax", "tanh"]
ANSWERS: Final[dict[Link, Answer]] = {"logistic": "probability", "softmax": "classes", "tanh": "position"}


@dataclass(frozen=True, slots=True)
class Boosted:
    """K nodes in T trees over C columns; a right child stands right behind its brother; a leaf has `left` -1."""

    inputs: int
    feature: Int  # (K,), -1 at a leaf
    threshold: Float32  # (K,), 0 at a leaf
    left: Int  # (K,), -1 at a leaf
    value: Float32  # (K,), 0 inside
    roots: Int  # (T,)
    column: Int  # (T,) the class that a tree adds to
    base: Float32  # (C,)


class BoostedSums:
    """Rows (N, F) to sums (N, C) float32; NaN for a row with a number that is not finite."""

    def __init__(self, trees: Boosted) -> None:
        unscaled = np.zeros(trees.inputs), np.ones(trees.inputs)
        self._walk = pack(
            *unscaled, trees.feature, below(trees.threshold), trees.left, trees.value[:, None], trees.roots, trees.column, trees.base
        )

    def __call__(self, rows: Float) -> Float32:
        sums: Float32 = self._walk.sums(rows)
        return sums


class BoostedPredictor:
    """Rows (N, F) to answers by the link: (N,), or (N, C) of softmax."""

    def __init__(self, trees: Boosted, link: Link) -> None:
        self._sums = BoostedSums(trees)
        self._link: Link = link

    def __call__(self, rows: Float) -> Float:
        sums = self._sums(rows)
        out = np.empty(sums.shape)
        if self._link == "softmax":
            _softmax(sums, out)
            return out
        (_logistic if self._link == "logistic" else _tanh)(sums, out)
        return out[:, 0]


# One number after the other: numpy's vector functions differ between one number and many.
@threaded_kernel
def _logistic(sums: Any, out: Float) -> None:
    for i in range(len(sums)):
        out[i, 0] = 1.0 / (1.0 + math.exp(-np.float64(sums[i, 0])))


@threaded_kernel
def _tanh(sums: Any, out: Float) -> None:
    for i in range(len(sums)):
        out[i, 0] = math.tanh(np.float64(sums[i, 0]))


@threaded_kernel
def _softmax(sums: Any, out: Float) -> None:
    for i in range(len(sums)):
        highest = np.float64(sums[i, 0])
        for c in range(1, sums.shape[1]):
            highest = max(highest, np.float64(sums[i, c]))
        total = 0.0
        for c in range(sums.shape[1]):
            out[i, c] = math.exp(np.float64(sums[i, c]) - highest)
            total += out[i, c]
        for c in range(sums.shape[1]):
            out[i, c] /= total
