"""Models made of models: calibrated ones, ensembles, and the institutional system. What they are made of is written by its own emitter."""

from __future__ import annotations

from typing import Final

import numpy as np

from tradebot.learning.export import catalogue
from tradebot.learning.export.graph import Graph
from tradebot.learning.export.trees import xgboost, xgboost_sums
from tradebot.serving.artefacts.calibrated import CalibratedArtefact
from tradebot.serving.artefacts.ensemble import EnsembleArtefact
from tradebot.serving.artefacts.institutional import InstitutionalArtefact
from tradebot.serving.institutional import DIRECTIONAL, NORMAL_95

_TINY: Final = 1e-6  # as the ensemble keeps log odds finite
_INT64: Final = 7  # onnx.TensorProto.INT64, which isn't imported before it is needed
_EDGE: Final = 1e-12
"""A score this close to a step is the score at the step, computed in another order."""


def calibrated(artefact: CalibratedArtefact, graph: Graph, rows: str) -> str:
    """The curve as a table: how many knots lie at or below a score says which line, or step, it is on."""
    score = catalogue.emit(artefact.inner, graph, rows)  # (N, 1)
    x, y = artefact.curve.x, artefact.curve.y
    lines = artefact.curve.shape == "lines"
    if not len(x):
        return graph.add("Add", graph.add("Mul", score, graph.number(0.0)), graph.constant(y))
    passed = graph.add("GreaterOrEqual", score, graph.constant(x - _EDGE)) if lines else None
    passed = passed or graph.add("Greater", score, graph.constant(x + _EDGE))
    count = graph.add("ReduceSum", graph.add("Cast", passed, to=_INT64), graph.constant(np.array([1])), keepdims=1)  # (N, 1)

    def looked_up(table: np.ndarray) -> str:
        return graph.add("Gather", graph.constant(table), count, axis=0)

    nothing = graph.add("Mul", score, graph.number(0.0))  # NaN of NaN
    if not lines:
        return graph.add("Add", looked_up(y), nothing)
    with np.errstate(divide="ignore", invalid="ignore"):
        slope = np.concatenate([[0.0], np.where(np.diff(x) > 0, np.diff(y) / np.diff(x), 0.0), [0.0]])
    beyond = graph.add("Sub", score, looked_up(np.concatenate([x[:1], x])))
    return graph.add("Add", looked_up(np.concatenate([y[:1], y])), graph.add("Mul", beyond, looked_up(slope)))


def ensemble(artefact: EnsembleArtefact, graph: Graph, rows: str) -> str:
    joint = artefact.joint
    stacked, odds = joint.combine == "stacked", artefact.answer == "probability"
    total = graph.number(joint.bias)
    for member, weight in zip(artefact.members, joint.weights, strict=True):
        said = catalogue.emit(member, graph, rows)
        if stacked and odds:
            within = graph.add("Min", graph.add("Max", said, graph.number(_TINY)), graph.number(1.0 - _TINY))
            said = graph.add("Log", graph.add("Div", within, graph.add("Sub", graph.number(1.0), within)))
        total = graph.add("Add", total, graph.add("Mul", said, graph.number(weight)))
    if not stacked:
        return total
    return graph.add("Sigmoid" if odds else "Tanh", total)


def institutional(artefact: InstitutionalArtefact, graph: Graph, rows: str) -> str:
    """The meta-model of `serving.institutional`, in float64."""
    meta, one = artefact.meta, graph.number(1.0)
    own = {name: graph.columns(rows, np.array(columns)) for name, columns in meta.columns.items()}
    said = {name: xgboost(artefact.specialists[name], graph, own[name]) for name in own if name != "volatility"}
    specialist = artefact.specialists["volatility"]
    volatility = graph.add("Mul", xgboost_sums(specialist, graph, own["volatility"]), graph.number(specialist.unit))
    against = graph.add("Neg", graph.add("Sign", graph.column(rows, meta.last_move)))
    twice = graph.add("Mul", said["mean_reversion"], graph.number(2.0))
    said["mean_reversion"] = graph.add("Mul", against, graph.add("Sub", twice, one))
    positions = graph.add("Concat", *(said[name] for name in DIRECTIONAL), axis=1)  # (N, 3)
    words = graph.add("Min", graph.add("Max", graph.add("Div", positions, graph.constant(np.array(meta.size))), graph.number(-1.0)), one)
    regime = graph.add("MatMul", said["regime"], graph.constant(np.array(meta.weights)))
    weights = graph.add("Mul", regime, graph.add("Abs", words))

    def summed(values: str) -> str:
        return graph.add("ReduceSum", values, graph.constant(np.array([1])), keepdims=1)

    total, held = summed(graph.add("Mul", weights, words)), summed(weights)
    some = graph.add("Greater", held, graph.number(0.0))
    share = graph.add("Where", some, graph.add("Div", total, graph.add("Where", some, held, one)), graph.number(0.0))
    scaled = graph.add("Mul", volatility, graph.number(NORMAL_95 / meta.var_max))
    risk = graph.add("Min", graph.add("Max", scaled, graph.number(0.0)), one)
    known = graph.add("Concat", positions, said["regime"], volatility, axis=1)
    return graph.add("Add", graph.add("Mul", share, graph.add("Sub", one, risk)), graph.void(known, np.float64))
