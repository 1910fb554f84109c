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


@dataclass(frozen=True, slots=True)
class ServedModel:
    """A model with its columns."""

    model: Model
    columns: npt.NDArray[np.int64]  # (F,)


@dataclass(frozen=True, slots=True)
class Mind:
    """`names` are all columns that the profile reads; a decision records them. `lacks` says what it can't think without, "" = nothing.

    With a playbook the model, if there is one, is its meta-selector; without one it is the profile's classifier.
    """

    served: ServedModel | None
    playbook: Playbook | None
    names: tuple[str, ...]  # (F,)
    columns: npt.NDArray[np.int64]  # (F,)
    lacks: str

    @property
    def schema_hash(self) -> str:
        return self.served.model.schema_hash if self.served is not None else ""

    @staticmethod
    def of(config: EngineConfig, model: Model | None) -> Mind:
        """Raises OperatorFault for a model of other strategies.

        Raises KeyError for a strategy, detector or column that there isn't (settings refuse such a profile before).
        """
        playbook = None if config.playbook is None else Playbook.of(config.playbook, tuple(f.name for f in FEATURES))
        if model is not None:
            arms = playbook.arms if playbook is not None else ()
            if tuple(model.classes) != arms:
                told, asked = (", ".join(names) or "yes and no" for names in (model.classes, arms))
                raise OperatorFault(f"{model.model_id} was trained to tell {told}, and the profile asks for {asked}: train again")
        read = model.features if model is not None else ()
        names = tuple(dict.fromkeys((*read, *(playbook.names if playbook is not None else ()))))
        needs_model = playbook is None or playbook.config.selection.mode == "meta"
        return Mind(
            served=None if model is None else ServedModel(model, column_index(read)),
            playbook=playbook,
            names=names,
            columns=column_index(names),
            lacks="no model" if needs_model and model is None else "",
        )


def columns_read(config: EngineConfig, model: Model | None) -> tuple[str, ...]:
    """Names of every column that the profile reads with this model: what must have warmed up."""
    return Mind.of(config, model).names
