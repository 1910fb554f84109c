"""Tree models as the TreeEnsembleRegressor of ai.onnx.ml, with the scaler before it and the link behind it.

The scaler works in float64 and its result is cast to float32, as ours does, so that every row goes down the same way; only the sum of the
leaves may round differently.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from tradebot.learning.export.graph import ML, Graph
from tradebot.serving.artefacts.forest import ForestArtefact
from tradebot.serving.artefacts.xgboost import XgboostArtefact
from tradebot.serving.boosted import Link
from tradebot.serving.forest import BOOSTED

Float32 = npt.NDArray[np.float32]
Int = npt.NDArray[np.int32]

LINKS: Final[dict[Link, str]] = {"logistic": "Sigmoid", "tanh": "Tanh"}


def forest(artefact: ForestArtefact, graph: Graph, rows: str) -> str:
    """Rows (N, F) to probabilities (N, C)."""
    trees = artefact.forest
    scaled = graph.add("Div", graph.add("Sub", rows, graph.constant(trees.mean)), graph.constant(trees.scale))
    boosted = trees.combine == BOOSTED
    share = trees.rate if boosted else 1.0 / len(trees.roots)
    leaves = (trees.value.reshape(-1, trees.outputs) * share).astype(np.float32)
    z = graph.single(scaled)
    sums = ensemble(
        graph, z, trees.feature, at_most(trees.threshold), trees.left, leaves, trees.roots, np.zeros(len(trees.roots), np.int32),
        np.full(trees.outputs, trees.init if boosted else 0.0, np.float32), "BRANCH_LEQ",
    )  # fmt: skip
    return graph.add("Add", graph.add("Sigmoid", sums) if boosted else sums, graph.void(z))


def xgboost(artefact: XgboostArtefact, graph: Graph, rows: str) -> str:
    """Rows (N, F) to answers by the model's link, (N, C)."""
    trees, z = artefact.trees, graph.single(rows)
    sums = ensemble(
        graph, z, trees.feature, trees.threshold, trees.left, trees.value[:, None], trees.roots, trees.column, trees.base, "BRANCH_LT"
    )
    answers = graph.add("Softmax", sums, axis=1) if artefact.link == "softmax" else graph.add(LINKS[artefact.link], sums)
    return graph.add("Add", answers, graph.void(z))


def ensemble(
    graph: Graph, z: str, feature: Int, threshold: Float32, left: Int, leaves: Float32, roots: Int, column: Int, start: Float32, mode: str
) -> str:
    """Sums of leaves (N, C): `z` float32 (N, F), nodes (K,) with each right child behind its brother, `leaves` (K, W).

    A tree adds its leaf's W numbers to the columns from `column` (T,) on, beginning with `start` (C,).
    """
    tree_of, node_of = _places(left, roots)
    inside = left >= 0
    leaf = np.flatnonzero(~inside)
    width = leaves.shape[1]
    target = column[tree_of[leaf]][:, None] + np.arange(width)
    return graph.add(
        "TreeEnsembleRegressor", z, domain=ML,
        nodes_treeids=tree_of.tolist(), nodes_nodeids=node_of.tolist(), nodes_featureids=np.where(inside, feature, 0).tolist(),
        nodes_values=np.where(inside, threshold, 0.0).astype(np.float32).tolist(),
        nodes_modes=[mode if within else "LEAF" for within in inside],
        nodes_truenodeids=np.where(inside, node_of[left], 0).tolist(), nodes_falsenodeids=np.where(inside, node_of[left] + 1, 0).tolist(),
        target_treeids=np.repeat(tree_of[leaf], width).tolist(), target_nodeids=np.repeat(node_of[leaf], width).tolist(),
        target_ids=target.ravel().tolist(), target_weights=leaves[leaf].ravel().tolist(),
        n_targets=len(start), base_values=start.tolist(), aggregate_function="SUM",
    )  # fmt: skip


def at_most(threshold: npt.NDArray[np.float64]) -> Float32:
    """The float32 at or below each threshold: a float32 is at most the one where it is at most the other."""
    with np.errstate(over="ignore"):
        near = threshold.astype(np.float32)
    lower: Float32 = np.where(near.astype(np.float64) > threshold, np.nextafter(near, np.float32(-np.inf)), near)
    return lower


def _places(left: Int, roots: Int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Tree and place in it of every node, (K,) each; a tree's nodes stand together, from its root on."""
    order = np.sort(roots)
    tree_of = np.searchsorted(order, np.arange(len(left)), side="right") - 1
    tree_of = np.argsort(roots, kind="stable")[tree_of]
    return tree_of, np.arange(len(left)) - roots[tree_of]
