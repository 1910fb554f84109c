"""What a profile thinks with: its model, its strategies and the columns they read, looked up once at the start and at each promotion."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tradebot.core.config import EngineConfig
from tradebot.core.domain.faults import OperatorFault
from tradebot.core.features.catalogue import FEATURES, column_index
from tradebot.core.forecast.model import Model
from tradebot.core.opinions.playbook import Playbook
from tradebot.core.regime.catalogue import LEARNED


@dataclass(frozen=True, slots=True)
class ServedModel:
    """A model with its columns."""

    model: Model
    columns: npt.NDArray[np.int64]  # (F,)


@dataclass(frozen=True, slots=True)
class Mind:
    """`names` are all columns that the profile reads; a decision records them. `lacks` says what it can't think without, "" = nothing.

    With a playbook the model, if there is one, is its meta-selector or tells its regimes; without one it is the profile's classifier.
    `served` is a classifier or a selector: the playbook itself asks the model of its regimes.
    """

    served: ServedModel | None
    playbook: Playbook | None
    names: tuple[str, ...]  # (F,)
    columns: npt.NDArray[np.int64]  # (F,)
    schema_hash: str  # of the model, "" without one
    lacks: str

    @staticmethod
    def of(config: EngineConfig, model: Model | None) -> Mind:
        """Raises OperatorFault for a model of other strategies, or without the regimes that the profile asks for.

        Raises KeyError for a strategy, detector or column that there isn't (settings refuse such a profile before).
        """
        learned = config.playbook is not None and config.playbook.regime.detector in LEARNED
        catalogue = tuple(f.name for f in FEATURES)
        playbook = None if config.playbook is None else Playbook.of(config.playbook, catalogue, model if learned else None)
        served = None if model is None or learned else _served(model, playbook)
        names = tuple(dict.fromkeys((*(served.model.features if served else ()), *(playbook.names if playbook else ()))))
        needs_model = learned or playbook is None or playbook.config.selection.mode == "meta"
        return Mind(
            served=served,
            playbook=playbook,
            names=names,
            columns=column_index(names),
            schema_hash="" if model is None else model.schema_hash,
            lacks="no model" if needs_model and model is None else "",
        )


def _served(model: Model, playbook: Playbook | None) -> ServedModel:
    """A classifier, or the selector among a playbook's strategies."""
    arms = playbook.arms if playbook is not None else ()
    if tuple(model.classes) != arms:
        told, asked = (", ".join(names) or "yes and no" for names in (model.classes, arms))
        raise OperatorFault(f"{model.model_id} was trained to tell {told}, and the profile asks for {asked}: train again")
    return ServedModel(model, column_index(model.features))


def columns_read(config: EngineConfig, model: Model | None) -> tuple[str, ...]:
    """Names of every column that the profile reads with this model: what must have warmed up."""
    return Mind.of(config, model).names
