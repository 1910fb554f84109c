"""A forest of binary trees as flat arrays, evaluated by a compiled loop: no scikit-learn where orders are made.

    z = float32((x - mean) / scale)                  StandardScaler, then the cast that scikit-learn's trees make
    at a node: go left if z[feature] <= threshold, else right
    bagged:  p = (1 / trees) * sum of leaf values    RandomForestClassifier.predict_proba
    boosted: p = 1 / (1 + exp(-(init + rate * sum of leaf values)))    GradientBoostingClassifier.predict_proba

A leaf of a yes/no forest holds one number, the share of yes; a leaf of a forest over C classes holds C, the share of each
(`outputs`), and p has C columns. Both kinds step down the trees by the same loop.

Rows are evaluated one after the other in the same order of operations, so one row and a batch agree bit for bit. A row with a number
that is not finite answers NaN: no opinion, which opens no risk.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from numba import njit

Float = npt.NDArray[np.float64]
Int = npt.NDArray[np.int32]

BAGGED: Final = "bagged"
BOOSTED: Final = "boosted"

# 16 bytes a node: four to a cache line. `child` is the left child, its brother follows. A leaf leads to itself (z <= infinity), so that all
# trees can step down together, level by level, without asking which of them have arrived: no branch to mispredict, three times as fast.
_NODE: Final = np.dtype([("feature", np.int32), ("child", np.int32), ("threshold", np.float64)])


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

    def packed(self) -> npt.NDArray[np.void]:
        """The nodes as the compiled loop reads them, (K,)."""
        leaf = self.left < 0
        nodes = np.zeros(len(leaf), _NODE)
        nodes["feature"] = np.where(leaf, 0, self.feature)
        nodes["child"] = np.where(leaf, np.arange(len(leaf)), self.left)
        nodes["threshold"] = np.where(leaf, np.inf, self.threshold)
        return nodes

    def depth(self) -> int:
        """Levels below the roots."""
        level, depth = self.roots, 0
        while len(inside := level[self.left[level] >= 0]):
            level, depth = np.concatenate([self.left[inside], self.right[inside]]), depth + 1
        return depth


class Evaluator:
    """Rows (N, F) to probabilities: (N,), or (N, C) of a forest over classes."""

    def __init__(self, forest: Forest) -> None:
        self._forest = forest
        self._nodes = forest.packed()
        self._leaves = forest.value.reshape(-1, forest.outputs)
        self._depth = forest.depth()
        self._boosted = forest.combine == BOOSTED

    def __call__(self, rows: Float) -> Float:
        forest = self._forest
        assert rows.ndim == 2, f"rows must be (N, F), not {rows.shape}"
        assert rows.shape[1] == len(forest.mean), f"{rows.shape[1]} features given, {len(forest.mean)} wanted"
        rows = np.ascontiguousarray(rows, np.float64)
        if forest.outputs > 1:
            shares = np.empty((len(rows), forest.outputs))
            _evaluate_classes(rows, forest.mean, forest.scale, self._nodes, self._leaves, forest.roots, self._depth, shares)
            return shares
        out = np.empty(len(rows))
        _evaluate(
            rows, forest.mean, forest.scale,
            self._nodes, forest.value, forest.roots, self._depth, self._boosted, forest.init, forest.rate, out,
        )  # fmt: skip
        return out


@njit(cache=True, nogil=True)
def _standardise(row, mean, scale, z):  # type: ignore[no-untyped-def]
    """Fill `z` (F,); False where a number is not finite."""
    finite = True
    for j in range(len(row)):
        z[j] = np.float32((row[j] - mean[j]) / scale[j])
        finite = finite and math.isfinite(z[j])
    return finite


@njit(cache=True, nogil=True)
def _descend(z, nodes, roots, depth, at):  # type: ignore[no-untyped-def]
    """Fill `at` (trees,) with the leaf that `z` arrives at in each tree."""
    at[:] = roots
    for _ in range(depth):
        for tree in range(len(roots)):
            node = at[tree]
            at[tree] = nodes[node].child + (0 if z[nodes[node].feature] <= nodes[node].threshold else 1)


@njit(cache=True, nogil=True)
def _evaluate(rows, mean, scale, nodes, value, roots, depth, boosted, init, rate, out):  # type: ignore[no-untyped-def]
    z = np.empty(rows.shape[1], np.float32)
    at = np.empty(len(roots), np.int32)
    for i in range(rows.shape[0]):
        if not _standardise(rows[i], mean, scale, z):
            out[i] = np.nan
            continue
        _descend(z, nodes, roots, depth, at)
        total = init if boosted else 0.0
        for tree in range(len(roots)):
            total += rate * value[at[tree]]
        out[i] = 1.0 / (1.0 + math.exp(-total)) if boosted else total / len(roots)


@njit(cache=True, nogil=True)
def _evaluate_classes(rows, mean, scale, nodes, leaves, roots, depth, out):  # type: ignore[no-untyped-def]
    z = np.empty(rows.shape[1], np.float32)
    at = np.empty(len(roots), np.int32)
    for i in range(rows.shape[0]):
        if not _standardise(rows[i], mean, scale, z):
            out[i] = np.nan
            continue
        _descend(z, nodes, roots, depth, at)
        out[i] = 0.0
        for tree in range(len(roots)):
            for c in range(out.shape[1]):
                out[i, c] += leaves[at[tree], c]
        for c in range(out.shape[1]):
            out[i, c] /= len(roots)


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
