"""Which runtimes can be written as ONNX, and by what."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from tradebot.core.domain.faults import OperatorFault
from tradebot.learning.export import trees
from tradebot.learning.export.graph import Graph
from tradebot.serving.artefacts.artefact import Artefact

Emit = Callable[[Any, Graph, str], str]
"""An artefact, the graph, and the name of rows (N, F) float64 in it, to the name of its answers (N, C)."""

EMITTERS: Final[Mapping[str, Emit]] = {
    "forest": trees.forest,
    "xgboost": trees.xgboost,
}


def emit(artefact: Artefact, graph: Graph, rows: str) -> str:
    """Append what an artefact computes. Raises OperatorFault where its runtime can't be written as ONNX."""
    emitter = EMITTERS.get(artefact.runtime)
    if emitter is None:
        raise OperatorFault(f"a model of runtime {artefact.runtime!r} can't be exported as ONNX; these can: {', '.join(EMITTERS)}")
    return emitter(artefact, graph, rows)
