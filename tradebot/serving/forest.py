"""A forest of binary trees as flat arrays, evaluated by a compiled loop: no scikit-learn where orders are made.

    z = float32((x - mean) / scale)                  StandardScaler, then the cast that scikit-learn's trees make
    at a node: go left if z[feature] <= threshold, else right
    bagged:  p = (1 / trees) * sum of leaf values    RandomForestClassifier.predict_proba
    boosted: p = 1 / (1 + exp(-(init + rate * sum of leaf values)))    GradientBoostingClassifier.predict_proba

A leaf of a yes/no forest holds one number, the share of yes; a leaf of a forest over C classes holds C, the share of each
(`outputs`), and p has C columns.

`serving.trees` walks them: one row and a batch agree bit for bit. A row with a number that is not finite answers NaN: no opinion, which
opens no risk.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from tradebot.core.kernels.kernel import threaded_kernel
from tradebot.serving.trees import at_most, pack

Float = npt.NDArray[np.float64]
Int = npt.NDArray[np.int32]

BAGGED: Final = "bagged"
BOOSTED: Final = "boosted"


@dataclass(frozen=True, slots=True)
class Forest:
    """The numbers of a model. K nodes in all trees; a right child stands right behind its brother; a leaf has `left` -1.

    Raises ValueError when the arrays can't be a forest (an index out of range, a cycle, a number that is not finite).
    """

    combine: str  # BAGGED | BOOSTED
    mean: Float  # (F,)
    scale: Float  # (F,)
    feature: Int  # (K,), -1 at a leaf
    threshold: Float  # (K,), 0 at a leaf
    left: Int  # (K,), -1 at a leaf
    right: Int  # (K,), -1 at a leaf
    value: Float  # (K * outputs,), node by node, 0 inside
    roots: Int  # (trees,)
    init: float = 0.0
    rate: float = 1.0
    outputs: int = 1  # numbers in a leaf

    def __post_init__(self) -> None:
        fault = _fault(self)
        if fault:
            raise ValueError(fault)


class Evaluator:
    """Rows (N, F) to probabilities: (N,), or (N, C) of a forest over classes."""

    def __init__(self, forest: Forest) -> None:
        boosted = forest.combine == BOOSTED
        leaves = (forest.value * forest.rate).reshape(-1, forest.outputs)
        trees, columns = len(forest.roots), forest.outputs
        start = np.full(columns, forest.init if boosted else 0.0)
        self._walk = pack(
            forest.mean, forest.scale, forest.feature, at_most(forest.threshold), forest.left, leaves, forest.roots,
            np.zeros(trees, np.int32), start,
        )  # fmt: skip
        self._boosted = boosted
        self._outputs = columns

    def __call__(self, rows: Float) -> Float:
        sums = self._walk.sums(rows)
        _finish(sums, self._boosted, len(self._walk.roots))
        return sums if self._outputs > 1 else sums[:, 0]


@threaded_kernel
def _finish(sums: Float, boosted: bool, trees: int) -> None:
    """Sums of leaves to probabilities, one number after the other: numpy's vector exp differs between one number and many."""
    for i in range(sums.shape[0]):
        for c in range(sums.shape[1]):
            sums[i, c] = 1.0 / (1.0 + math.exp(-sums[i, c])) if boosted else sums[i, c] / trees


def _fault(forest: Forest) -> str:
    """Why these arrays are no forest, or nothing."""
    count = len(forest.feature)
    node = np.arange(count)
    inside = forest.left >= 0
    numbers = (forest.mean, forest.scale, forest.threshold, forest.value, np.array([forest.init, forest.rate]))
    checks = (
        (forest.combine not in {BAGGED, BOOSTED}, f"trees can't be combined as {forest.combine!r}"),
        (forest.outputs < 1, f"a leaf can't hold {forest.outputs} numbers"),
        (any(len(a) != count for a in (forest.threshold, forest.left, forest.right)), "node arrays differ in length"),
        (len(forest.value) != count * forest.outputs, "node arrays and leaf values differ in length"),
        (forest.outputs > 1 and forest.combine != BAGGED, "a forest over classes is bagged"),
        (len(forest.mean) != len(forest.scale) or not len(forest.mean), "mean and scale differ in length or are empty"),
        (not len(forest.roots) or not count, "there is no tree"),
    )
    for wrong, why in checks:
        if wrong:
            return why
    later = (
        (not all(np.isfinite(a).all() for a in numbers), "a number is not finite"),
        (bool((forest.scale == 0).any()), "a scale is 0"),
        (bool(((forest.roots < 0) | (forest.roots >= count)).any()), "a root points outside"),
        (bool((forest.left[inside] <= node[inside]).any() or (forest.left[inside] + 1 >= count).any()), "a child points back or outside"),
        (bool((forest.right[inside] != forest.left[inside] + 1).any()), "a right child is not behind its brother"),
        (bool((forest.right[~inside] != -1).any() or (forest.feature[~inside] != -1).any()), "a leaf has a child or a feature"),
        (
            bool(((forest.feature[inside] < 0) | (forest.feature[inside] >= len(forest.mean))).any()),
            "a node reads a feature that is not there",
        ),
    )
    return next((why for wrong, why in later if wrong), "")
