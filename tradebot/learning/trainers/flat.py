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
    value: Float  # (K,)
    roots: Int32  # (trees,)


def flatten(trees: Sequence[Any], column: int) -> Nodes:
    """`sklearn.tree._tree.Tree` objects as one set of node arrays, breadth first, so that brothers stand side by side.

    A leaf answers `tree.value[:, 0, column]`: the class for a classifier, 0 for a regressor.
    """
    counts = [tree.node_count for tree in trees]
    roots = np.cumsum([0, *counts[:-1]])
    shapes = [_breadth_first(tree.children_left, tree.children_right) for tree in trees]
    child = np.concatenate([np.where(c >= 0, c + root, -1) for (_, c), root in zip(shapes, roots, strict=True)])
    inside = child >= 0
    ordered = [(tree, order) for tree, (order, _) in zip(trees, shapes, strict=True)]
    return Nodes(
        feature=np.where(inside, np.concatenate([tree.feature[order] for tree, order in ordered]), -1).astype(np.int32),
        threshold=np.where(inside, np.concatenate([tree.threshold[order] for tree, order in ordered]), 0.0),
        left=child.astype(np.int32),
        right=np.where(inside, child + 1, -1).astype(np.int32),
        value=np.where(inside, 0.0, np.concatenate([tree.value[order, 0, column] for tree, order in ordered])),
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
