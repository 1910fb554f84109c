"""Five specialists and their meta-model as one artefact: each specialist in a sub-folder, the meta-model's numbers in a JSON file."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

import numpy as np
import numpy.typing as npt

from tradebot.core.domain.faults import OperatorFault
from tradebot.core.forecast.model import Answer
from tradebot.serving.artefacts.artefact import Predictor
from tradebot.serving.artefacts.parts import read_part, write_part
from tradebot.serving.artefacts.xgboost import XgboostArtefact
from tradebot.serving.institutional import DIRECTIONAL, combined, positions

Float = npt.NDArray[np.float64]
FILE: Final = "institutional.json"
ANSWERS: Final[dict[str, Answer]] = {
    "trend": "position",
    "mean_reversion": "probability",
    "volatility": "position",
    "microstructure": "position",
    "regime": "classes",
}


@dataclass(frozen=True, slots=True)
class Meta:
    """The meta-model's numbers. Raises ValueError where they are none.

    `columns` are each specialist's own among all, `last_move` the column whose sign mean reversion goes against.
    """

    inputs: int
    columns: dict[str, tuple[int, ...]]
    last_move: int
    size: tuple[float, ...]  # (3,) of DIRECTIONAL
    weights: tuple[tuple[float, ...], ...]  # (R, 3), each regime's of sum 1
    var_max: float

    def __post_init__(self) -> None:
        if set(self.columns) != set(ANSWERS) or not all(self.columns.values()):
            raise ValueError("the specialists are not the five")
        if any(not 0 <= c < self.inputs for c in (self.last_move, *(c for own in self.columns.values() for c in own))):
            raise ValueError("a specialist reads a column that is not there")
        weights = np.array(self.weights, np.float64)
        if weights.ndim != 2 or weights.shape[1] != len(DIRECTIONAL):
            raise ValueError("there is not one weight for each regime and specialist")
        if not (weights >= 0.0).all() or (np.abs(weights.sum(axis=1) - 1.0) > 1e-9).any():
            raise ValueError("a regime's weights are no shares of 1")
        if len(self.size) != len(DIRECTIONAL) or not all(np.isfinite(x) and x > 0.0 for x in (*self.size, self.var_max)):
            raise ValueError("a size is not positive")


@dataclass(frozen=True, slots=True)
class InstitutionalArtefact:
    """Raises ValueError where specialists and meta-model don't belong together."""

    specialists: dict[str, XgboostArtefact]
    meta: Meta
    runtime: str = "institutional"

    def __post_init__(self) -> None:
        if set(self.specialists) != set(ANSWERS):
            raise ValueError("the specialists are not the five")
        for name, specialist in self.specialists.items():
            if specialist.answer != ANSWERS[name] or specialist.inputs != len(self.meta.columns[name]):
                raise ValueError(f"the specialist {name} answers or reads something else")
        if self.specialists["regime"].outputs != len(self.meta.weights):
            raise ValueError("there are not as many regimes as weights")

    @property
    def answer(self) -> Answer:
        return "position"

    @property
    def inputs(self) -> int:
        return self.meta.inputs

    @property
    def outputs(self) -> int:
        return 1

    def write(self, folder: Path) -> None:
        meta = {name: getattr(self.meta, name) for name in self.meta.__slots__}
        (folder / FILE).write_text(json.dumps(meta, sort_keys=True) + "\n")
        for name, specialist in self.specialists.items():
            write_part(folder / name, specialist)

    def predictor(self) -> Predictor:
        volatility = self.specialists["volatility"].numbers()
        others = {name: s.predictor() for name, s in self.specialists.items() if name != "volatility"}
        return joined({**others, "volatility": volatility}, self.meta)

    @classmethod
    def read(cls, folder: Path) -> Self:
        try:
            said: dict[str, Any] = json.loads((folder / FILE).read_bytes())
            meta = Meta(
                int(said["inputs"]),
                {name: tuple(int(c) for c in own) for name, own in said["columns"].items()},
                int(said["last_move"]),
                tuple(float(x) for x in said["size"]),
                tuple(tuple(float(x) for x in row) for row in said["weights"]),
                float(said["var_max"]),
            )
            parts = {name: read_part(folder / name) for name in ANSWERS}
            own = {name: part for name, part in parts.items() if isinstance(part, XgboostArtefact)}
            return cls(own, meta)
        except FileNotFoundError:
            raise OperatorFault(f"{folder / FILE}: the model's file is missing") from None
        except (OSError, KeyError, TypeError, ValueError, AttributeError) as error:
            raise OperatorFault(f"{folder / FILE}: this is no institutional model of ours ({error})") from error


def joined(specialists: dict[str, Predictor], meta: Meta) -> Predictor:
    """Rows (N, F) to positions (N,), from what gives each specialist's answer; volatility's is its number."""
    columns = {name: np.array(own) for name, own in meta.columns.items()}
    size, weights = np.array(meta.size), np.array(meta.weights)

    def predict(rows: Float) -> Float:
        assert rows.ndim == 2, f"rows must be (N, F), not {rows.shape}"
        assert rows.shape[1] == meta.inputs, f"{rows.shape[1]} features given, {meta.inputs} wanted"
        said = {name: specialists[name](np.ascontiguousarray(rows[:, own])) for name, own in columns.items()}
        directions = positions(said["trend"], said["mean_reversion"], said["microstructure"], rows[:, meta.last_move])
        return combined(directions, said["regime"], said["volatility"], size, weights, meta.var_max)

    return predict
