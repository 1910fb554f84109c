"""The models on the daemon's shelf: cheap ones with opinions about cents, and the sick ones of the faults."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from tradebot.core.features.catalogue import schema_hash
from tradebot.core.forecast.model import Answer

Float = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Cents:
    """Likes some prices and dislikes the others: entries enough, and none by chance. `every`: one price in so many is liked."""

    model_id: str
    every: int
    features: tuple[str, ...] = ("close", "typical_price")
    classes: tuple[str, ...] = ()
    answer: Answer = "probability"

    @property
    def schema_hash(self) -> str:
        return schema_hash(self.features)

    def predict(self, rows: Float) -> Float:
        return np.where(np.round(rows[:, 0] * 100) % self.every == 0, 0.95, 0.45)


@dataclass(frozen=True)
class Constant(Cents):
    """Says the same to everything (F57), or no number at all (F56)."""

    value: float = 0.5

    def predict(self, rows: Float) -> Float:
        return np.full(len(rows), self.value)


SHELF: Final = {
    model.model_id: model
    for model in (
        Cents("cents-41", 41),
        Cents("cents-29", 29),
        Constant("constant", 1, value=0.5),
        Constant("not-a-number", 1, value=float("nan")),
    )
}
FIRST: Final = "cents-41"
