"""Which runtimes can be written as ONNX, and by what."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from tradebot.core.domain.faults import OperatorFault
from tradebot.learning.export.graph import Graph
from tradebot.serving.artefacts.artefact import Artefact

Emit = Callable[[Any, Graph, str], str]
"""An artefact, the graph, and the name of rows (N, F) float64 in it, to the name of its answers (N, C) float64."""


def emitters() -> Mapping[str, Emit]:
    """By runtime. A function, because models that are made of models ask here for what writes their parts."""
    from tradebot.learning.export import joint, networks, trees

    return {
        "forest": trees.forest,
        "xgboost": trees.xgboost,
        "calibrated": joint.calibrated,
        "ensemble": joint.ensemble,
        "institutional": joint.institutional,
        "network": networks.network,
    }


def emit(artefact: Artefact, graph: Graph, rows: str) -> str:
    """Append what an artefact computes. Raises OperatorFault where its runtime can't be written as ONNX."""
    known = emitters()
    if artefact.runtime not in known:
        raise OperatorFault(f"a model of runtime {artefact.runtime!r} can't be exported as ONNX; these can: {', '.join(known)}")
    return known[artefact.runtime](artefact, graph, rows)
