"""The files of an XGBoost model: its own UBJ, and a JSON file that says what the sums mean. XGBoost is not needed to serve it.

Everything in the UBJ that the served answer depends on is checked; what this program can't serve (linear boosters, dropout, categories,
leaves with several numbers) is refused.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

import numpy as np
import numpy.typing as npt

from tradebot.core.domain.faults import OperatorFault
from tradebot.core.forecast.model import Answer
from tradebot.serving.artefacts.artefact import Predictor
from tradebot.serving.artefacts.ubj import read_ubj
from tradebot.serving.boosted import ANSWERS, Boosted, BoostedPredictor, BoostedSums, Link

MODEL: Final = "model.ubj"
ABOUT: Final = "xgboost.json"
_MOST: Final = 1_000_000
_LOGIT: Final = frozenset({"binary:logistic", "reg:logistic"})  # objectives whose base_score is a probability


@dataclass(frozen=True, slots=True)
class XgboostArtefact:
    """A model as XGBoost saved it, read; and how its sums become an answer (`serving.boosted`).

    `unit` is a sum of 1 in the units of the target that a regression was trained on.
    """

    model: bytes
    trees: Boosted
    link: Link
    unit: float = 1.0
    runtime: str = "xgboost"

    @classmethod
    def of(cls, model: bytes, link: Link, unit: float = 1.0) -> Self:
        """Raises ValueError where the bytes are no model that this program can serve so."""
        trees = _trees(read_ubj(model))
        if link not in ANSWERS or (link == "softmax") != (len(trees.base) > 1):
            raise ValueError(f"{len(trees.base)} sums a row can't be answered by {link!r}")
        if not (math.isfinite(unit) and unit > 0.0):
            raise ValueError(f"{unit} is no unit of a target")
        return cls(model, trees, link, unit)

    @property
    def answer(self) -> Answer:
        return ANSWERS[self.link]

    @property
    def inputs(self) -> int:
        return self.trees.inputs

    @property
    def outputs(self) -> int:
        return len(self.trees.base)

    def write(self, folder: Path) -> None:
        (folder / MODEL).write_bytes(self.model)
        (folder / ABOUT).write_text(json.dumps({"link": self.link, "unit": self.unit}, sort_keys=True) + "\n")

    def predictor(self) -> Predictor:
        return BoostedPredictor(self.trees, self.link)

    def numbers(self) -> Predictor:
        """Rows (N, F) to the forecast (N,) of a regression, in the target's units."""
        sums, unit = BoostedSums(self.trees), self.unit
        return lambda rows: sums(rows)[:, 0].astype(np.float64) * unit

    @classmethod
    def read(cls, folder: Path) -> Self:
        try:
            about = json.loads((folder / ABOUT).read_bytes())
            return cls.of((folder / MODEL).read_bytes(), about["link"], float(about["unit"]))
        except FileNotFoundError as error:
            raise OperatorFault(f"{error.filename}: the model's file is missing") from None
        except (OSError, KeyError, TypeError, ValueError, AttributeError) as error:
            raise OperatorFault(f"{folder / MODEL}: this is no XGBoost model of ours ({error})") from error


def _trees(document: Any) -> Boosted:
    learner = document["learner"]
    booster = learner["gradient_booster"]
    if booster["name"] != "gbtree":
        raise ValueError(f"the booster is {booster['name']!r}, not trees")
    said = learner["learner_model_param"]
    inputs, classes = int(said["num_feature"]), max(int(said["num_class"]), 1)
    trees, column = booster["model"]["trees"], np.array(booster["model"]["tree_info"], np.int32)
    if max(inputs, classes) > _MOST:
        raise ValueError(f"{inputs} columns and {classes} classes are more than any model of ours has")
    if not trees or len(column) != len(trees) or inputs < 1 or column.min() < 0 or column.max() >= classes:
        raise ValueError("the trees and what is said of them don't agree")
    nodes = [_nodes(tree, inputs) for tree in trees]
    roots = np.cumsum([0, *(len(n[0]) for n in nodes[:-1])])
    left = np.concatenate([np.where(n[2] >= 0, n[2] + root, -1) for n, root in zip(nodes, roots, strict=True)])
    number = np.concatenate([n[1] for n in nodes])
    return Boosted(
        inputs=inputs,
        feature=np.where(left >= 0, np.concatenate([n[0] for n in nodes]), -1).astype(np.int32),
        threshold=np.where(left >= 0, number, np.float32(0.0)),
        left=left.astype(np.int32),
        value=np.where(left >= 0, np.float32(0.0), number),
        roots=roots.astype(np.int32),
        column=column,
        base=_base(said["base_score"], learner["objective"]["name"], classes),
    )


def _nodes(tree: Any, inputs: int) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.float32], npt.NDArray[np.int64]]:
    """Feature, threshold or leaf, and left child of a tree's nodes, breadth first, so that brothers stand side by side."""
    if len(tree["categories"]) or np.any(np.array(tree["split_type"])):
        raise ValueError("a tree splits by categories")
    if int(tree["tree_param"]["size_leaf_vector"]) != 1:
        raise ValueError("a leaf holds several numbers")
    left, right = np.array(tree["left_children"], np.int64), np.array(tree["right_children"], np.int64)
    feature, number = np.array(tree["split_indices"], np.int64), np.array(tree["split_conditions"], np.float32)
    count = len(left)
    if not count or not (len(right) == len(feature) == len(number) == count):
        raise ValueError("a tree's arrays differ in length")
    if ((left < 0) != (right < 0)).any() or max(left.max(), right.max()) >= count or not np.isfinite(number).all():
        raise ValueError("a tree's nodes point outside, or a number is not finite")
    if (feature[left >= 0] >= inputs).any() or (feature[left >= 0] < 0).any():
        raise ValueError("a node reads a feature that is not there")
    order, child = [0], []
    for old in order:  # grows while we walk it
        if left[old] < 0:
            child.append(-1)
            continue
        child.append(len(order))
        order += [int(left[old]), int(right[old])]
        if len(order) > count:
            raise ValueError("a tree's nodes lead in a circle")
    return feature[order].astype(np.int32), number[order], np.array(child, np.int64)


def _base(said: str, objective: str, classes: int) -> npt.NDArray[np.float32]:
    """`base_score` as XGBoost adds it: a number or a list of one for each class, a probability's log odds where the objective has one."""
    scores = np.atleast_1d(np.array(json.loads(said), np.float32))
    if objective in _LOGIT:
        scores = -np.log(np.float32(1.0) / scores - np.float32(1.0))
    if len(scores) not in (1, classes) or not np.isfinite(scores).all():
        raise ValueError(f"base_score {said} is none for {classes} sums")
    return np.broadcast_to(scores, classes).astype(np.float32)
