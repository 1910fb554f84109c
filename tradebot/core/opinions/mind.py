"""What a profile thinks with: its model, its strategies and the columns they read, looked up once at the start and at each promotion."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tradebot.core.config import EngineConfig
from tradebot.core.features.catalogue import FEATURES, column_index
from tradebot.core.forecast.model import Model, Selector
from tradebot.core.opinions.playbook import Playbook


@dataclass(frozen=True, slots=True)
class ServedModel:
    """A classifier with its columns."""

    model: Model
    columns: npt.NDArray[np.int64]  # (F,)


@dataclass(frozen=True, slots=True)
class ServedSelector:
    """A meta-selector with its columns."""

    model: Selector
    columns: npt.NDArray[np.int64]  # (F,)


@dataclass(frozen=True, slots=True)
class Mind:
    """`names` are all columns that the profile reads; a decision records them. `lacks` says what it can't think without, "" = nothing."""

    served: ServedModel | None
    selector: ServedSelector | None
    playbook: Playbook | None
    names: tuple[str, ...]  # (F,)
    columns: npt.NDArray[np.int64]  # (F,)
    schema_hash: str
    lacks: str

    @staticmethod
    def of(config: EngineConfig, model: Model | Selector | None) -> Mind:
        """Raises KeyError for a strategy, detector or column that there isn't (settings refuse such a profile before)."""
        playbook = None if config.playbook is None else Playbook.of(config.playbook, tuple(f.name for f in FEATURES))
        read = model.features if model is not None else ()
        names = tuple(dict.fromkeys((*read, *(playbook.names if playbook is not None else ()))))
        columns = column_index(read)
        served, selector = None, None
        if isinstance(model, Selector):
            assert playbook is not None, f"{model.model_id} selects strategies and the profile has none"
            assert tuple(model.classes) == playbook.arms, f"{model.model_id} was trained for other strategies"
            selector = ServedSelector(model, columns)
        elif model is not None:
            served = ServedModel(model, columns)
        needs_model = playbook is None or playbook.config.selection.mode == "meta"
        lacks = "no model" if needs_model and model is None else ""
        return Mind(served, selector, playbook, names, column_index(names), model.schema_hash if model is not None else "", lacks)


def columns_read(config: EngineConfig, model: Model | Selector | None) -> tuple[str, ...]:
    """Names of every column that the profile reads with this model: what must have warmed up."""
    return Mind.of(config, model).names
