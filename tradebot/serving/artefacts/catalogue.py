"""Every runtime that can serve a model, by the name that the manifest bears."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from tradebot.core.domain.faults import OperatorFault
from tradebot.serving.artefacts.artefact import Artefact
from tradebot.serving.artefacts.calibrated import CalibratedArtefact
from tradebot.serving.artefacts.ensemble import EnsembleArtefact
from tradebot.serving.artefacts.forest import ForestArtefact
from tradebot.serving.artefacts.institutional import InstitutionalArtefact
from tradebot.serving.artefacts.network import NetworkArtefact
from tradebot.serving.artefacts.xgboost import XgboostArtefact

READERS: Final[Mapping[str, Callable[[Path], Artefact]]] = {
    "forest": ForestArtefact.read,
    "xgboost": XgboostArtefact.read,
    "calibrated": CalibratedArtefact.read,
    "ensemble": EnsembleArtefact.read,
    "institutional": InstitutionalArtefact.read,
    "network": NetworkArtefact.read,
}


def read_artefact(folder: Path, runtime: str) -> Artefact:
    """The artefact in a folder. Raises OperatorFault for a runtime that this program doesn't have and for files that are not whole."""
    reader = READERS.get(runtime)
    if reader is None:
        raise OperatorFault(f"{folder}: this program has no runtime {runtime!r} to serve the model with")
    return reader(folder)
