"""What a profile thinks with: its model and its columns, looked up once at the start and at each promotion."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tradebot.core.config import EngineConfig
from tradebot.core.features.catalogue import column_index
from tradebot.core.forecast.model import Model
from tradebot.core.opinions.opinion import ServedModel


@dataclass(frozen=True, slots=True)
class Mind:
    """`names` are all columns that the profile reads; a decision records them."""

    served: ServedModel | None
    names: tuple[str, ...]  # (F,)
    columns: npt.NDArray[np.int64]  # (F,)

    @staticmethod
    def of(config: EngineConfig, model: Model | None) -> Mind:
        """Raises KeyError for a column that the catalogue doesn't have (settings refuse such a profile before)."""
        names = model.features if model is not None else ()
        served = None if model is None else ServedModel(model, column_index(model.features))
        return Mind(served, names, column_index(names))
