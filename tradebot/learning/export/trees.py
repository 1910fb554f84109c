"""Tree models as the TreeEnsemble of ai.onnx.ml, with the scaler before it and the link behind it.

The scaler works in float64 and its result is cast to float32, as ours does, so that every row goes down the same way. The leaves are added
in the type and the order of ours, and the link is float64: on one thread the answers are ours to the last bits.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from tradebot.learning.export.graph import ML, Graph
from tradebot.serving.artefacts.forest import ForestArtefact
from tradebot.serving.artefacts.xgboost import XgboostArtefact
from tradebot.serving.forest import BOOSTED

Int = npt.NDArray[np.int32]
Numbers = npt.NDArray[Any]

AT_MOST: Final = 0  # BRANCH_LEQ
BELOW: Final = 1  # BRANCH_LT
_LINKS: Final = {"logistic": "Sigmoid", "tanh": "Tanh"}


def forest(artefact: ForestArtefact, graph: Graph, rows: str) -> str:
    """Rows (N, F) to probabilities (N, C)."""
    trees = artefact.forest
    scaled = graph.add("Div", graph.add("Sub", rows, graph.constant(trees.mean)), graph.constant(trees.scale))
    z = graph.single(scaled)
    boosted = trees.combine == BOOSTED
    sums = ensemble(
        graph, graph.double(z), trees.feature, trees.threshold, trees.left, (trees.value * trees.rate).reshape(-1, trees.outputs),
        trees.roots, np.zeros(len(trees.roots), np.int32), np.full(trees.outputs, trees.init if boosted else 0.0), AT_MOST,
    )  # fmt: skip
    answers = graph.add("Sigmoid", sums) if boosted else graph.add("Div", sums, graph.number(len(trees.roots)))
    return graph.add("Add", answers, graph.void(z, np.float32))


def xgboost(artefact: XgboostArtefact, graph: Graph, rows: str) -> str:
    """Rows (N, F) to answers by the model's link, (N, C)."""
    sums = xgboost_sums(artefact, graph, rows)
    return graph.add("Softmax", sums, axis=1) if artefact.link == "softmax" else graph.add(_LINKS[artefact.link], sums)


def xgboost_sums(artefact: XgboostArtefact, graph: Graph, rows: str) -> str:
    """Rows (N, F) to sums (N, C), NaN of a row that is not finite."""
    trees, z = artefact.trees, graph.single(rows)
    sums = ensemble(
        graph, z, trees.feature, trees.threshold, trees.left, trees.value[:, None], trees.roots, trees.column, trees.base, BELOW
    )
    return graph.add("Add", graph.double(sums), graph.void(z, np.float32))


def ensemble(
    graph: Graph, z: str, feature: Int, threshold: Numbers, left: Int, leaves: Numbers, roots: Int, column: Int, start: Numbers, mode: int
) -> str:
    """Sums of leaves (N, C) of `z` (N, F): nodes (K,) with each right child behind its brother, `leaves` (K, W), in the type of `start`.

    A tree adds its leaf's W numbers to the columns from `column` (T,) on, beginning with `start` (C,): that is a tree of one leaf here, and
    a tree of W numbers is W trees of one.
    """
    from onnx import helper

    kind = start.dtype
    inside = left >= 0
    place = np.where(inside, np.cumsum(inside) - 1, np.cumsum(~inside) - 1)  # among the inner nodes, or among the leaves
    yes, no, width = left[inside], left[inside] + 1, leaves.shape[1]
    stumps = np.flatnonzero(~inside[roots])  # trees of one leaf: an inner node whose both ways lead there
    inner, leaf = int(inside.sum()), int((~inside).sum())
    root = place[roots].copy()
    root[stumps] = inner + np.arange(len(stumps))
    places = np.concatenate([np.stack([place[yes], place[no]]), np.tile(place[roots[stumps]], (2, 1))], axis=1)
    leads = np.concatenate([np.stack([~inside[yes], ~inside[no]]), np.ones((2, len(stumps)), np.bool_)], axis=1)
    each = inner + len(stumps)
    tree_of = np.argsort(roots, kind="stable")[np.searchsorted(np.sort(roots), np.flatnonzero(~inside), side="right") - 1]

    many = np.arange(width)[:, None]
    first = len(start)  # as many leading stumps as columns, one leaf each
    to = np.where(leads[:, None, :], places[:, None, :] + many * leaf, places[:, None, :] + many * each) + first
    nodes = first + width * each
    ahead = np.arange(first)
    split = np.concatenate([np.zeros(first), np.tile(np.concatenate([threshold[inside], np.zeros(len(stumps))]), width)]).astype(kind)
    return graph.add(
        "TreeEnsemble", z, domain=ML, n_targets=len(start), aggregate_function=1,
        tree_roots=[*ahead.tolist(), *(root[:, None] + many.T * each + first).ravel().tolist()],
        nodes_splits=_tensor(helper, split), nodes_modes=_tensor(helper, np.full(nodes, mode, np.uint8)),
        nodes_featureids=[*[0] * first, *np.tile(np.concatenate([feature[inside], np.zeros(len(stumps), np.int32)]), width).tolist()],
        nodes_truenodeids=[*ahead.tolist(), *to[0].ravel().tolist()], nodes_falsenodeids=[*ahead.tolist(), *to[1].ravel().tolist()],
        nodes_trueleafs=[*[1] * first, *np.tile(leads[0], width).astype(int).tolist()],
        nodes_falseleafs=[*[1] * first, *np.tile(leads[1], width).astype(int).tolist()],
        leaf_targetids=[*ahead.tolist(), *(column[tree_of] + many).ravel().tolist()],
        leaf_weights=_tensor(helper, np.concatenate([start, leaves[~inside].T.ravel()]).astype(kind)),
    )  # fmt: skip


def _tensor(helper: Any, array: Numbers) -> Any:
    return helper.make_tensor("t", helper.np_dtype_to_tensor_dtype(array.dtype), array.shape, array.tolist())
