"""scikit-learn's trees as the flat arrays of `serving.forest`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypedDict

import numpy as np
import numpy.typing as npt

Int32 = npt.NDArray[np.int32]
Float = npt.NDArray[np.float64]


class Nodes(TypedDict):
    """The tree arrays of a `serving.forest.Forest`."""

    feature: Int32  # (K,)
    threshold: Float  # (K,)
    left: Int32  # (K,)
    right: Int32  # (K,)
    value: Float  # (K,), or (K * outputs,)
    roots: Int32  # (trees,)


def flatten(trees: Sequence[Any], column: int) -> Nodes:
    """`sklearn.tree._tree.Tree` objects as one set of node arrays, breadth first, so that brothers stand side by side.

    A leaf answers `tree.value[:, 0, column]`: the class for a classifier, 0 for a regressor.
    """
    return _flatten(trees, [tree.value[:, 0, [column]] for tree in trees])


def flatten_classes(trees: Sequence[Any], places: Sequence[int], outputs: int) -> Nodes:
    """As `flatten`, but a leaf holds `outputs` numbers: the share of the trees' class i in place `places[i]`, 0 in the others."""
    values = []
    for tree in trees:
        value = np.zeros((tree.node_count, outputs))
        value[:, list(places)] = tree.value[:, 0, :]
        values.append(value)
    return _flatten(trees, values)


def _flatten(trees: Sequence[Any], values: Sequence[Float]) -> Nodes:
    """`values` is (nodes, outputs) for each tree, in the tree's own order."""
    counts = [tree.node_count for tree in trees]
    roots = np.cumsum([0, *counts[:-1]])
    shapes = [_breadth_first(tree.children_left, tree.children_right) for tree in trees]
    child = np.concatenate([np.where(c >= 0, c + root, -1) for (_, c), root in zip(shapes, roots, strict=True)])
    inside = child >= 0
    ordered = [(tree, order) for tree, (order, _) in zip(trees, shapes, strict=True)]
    leaves = np.concatenate([value[order] for value, (order, _) in zip(values, shapes, strict=True)])
    return Nodes(
        feature=np.where(inside, np.concatenate([tree.feature[order] for tree, order in ordered]), -1).astype(np.int32),
        threshold=np.where(inside, np.concatenate([tree.threshold[order] for tree, order in ordered]), 0.0),
        left=child.astype(np.int32),
        right=np.where(inside, child + 1, -1).astype(np.int32),
        value=np.where(inside[:, None], 0.0, leaves).ravel(),
        roots=roots.astype(np.int32),
    )


def _breadth_first(left: npt.NDArray[np.int64], right: npt.NDArray[np.int64]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Old node of each new place, and the new place of its left child (-1 at a leaf)."""
    order = [0]
    child: list[int] = []
    for old in order:  # grows while we walk it
        if left[old] < 0:
            child.append(-1)
        else:
            child.append(len(order))
            order += [int(left[old]), int(right[old])]
    return np.array(order, np.int64), np.array(child, np.int64)
