"""A model behind a calibration curve: the model's own files in the folder `inner`, the curve in safetensors."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal, Self

import numpy as np
import numpy.typing as npt

from tradebot.core.domain.faults import OperatorFault
from tradebot.core.forecast.model import Answer
from tradebot.serving.artefacts.artefact import Artefact, Predictor
from tradebot.serving.artefacts.parts import read_part, write_part

Float = npt.NDArray[np.float64]
FILE: Final = "calibration.safetensors"
INNER: Final = "inner"


@dataclass(frozen=True, slots=True)
class Curve:
    """From score to probability.

    "lines": straight between the knots (x, y), flat outside. "steps": y[i] above i of the edges x. Raises ValueError where it is neither.
    """

    shape: Literal["lines", "steps"]
    x: Float  # (M,) rising
    y: Float  # (M,) of lines, (M + 1,) of steps

    def __post_init__(self) -> None:
        extra = {"lines": 0, "steps": 1}.get(self.shape)
        if extra is None or len(self.y) != len(self.x) + extra or not len(self.y):
            raise ValueError(f"{len(self.x)} and {len(self.y)} numbers are no {self.shape!r}")
        if not (np.isfinite(self.x).all() and (np.diff(self.x) >= 0).all() and (self.y >= 0.0).all() and (self.y <= 1.0).all()):
            raise ValueError("a calibration curve goes back, or leaves the probabilities")


def calibrate(curve: Curve, score: Float) -> Float:
    """(N,) probabilities of scores (N,); NaN of NaN."""
    if curve.shape == "lines":
        return np.interp(score, curve.x, curve.y)
    out: Float = np.where(np.isnan(score), np.nan, curve.y[np.searchsorted(curve.x, score, side="left").clip(0, len(curve.x))])
    return out


@dataclass(frozen=True, slots=True)
class CalibratedArtefact:
    """A model of probabilities and its curve."""

    inner: Artefact
    curve: Curve
    runtime: str = "calibrated"

    @property
    def answer(self) -> Answer:
        return "probability"

    @property
    def inputs(self) -> int:
        return self.inner.inputs

    @property
    def outputs(self) -> int:
        return 1

    def write(self, folder: Path) -> None:
        from safetensors.numpy import save_file

        save_file({"x": self.curve.x, "y": self.curve.y}, folder / FILE, metadata={"shape": self.curve.shape})
        write_part(folder / INNER, self.inner)

    def predictor(self) -> Predictor:
        predict, curve = self.inner.predictor(), self.curve
        return lambda rows: calibrate(curve, predict(rows))

    @classmethod
    def read(cls, folder: Path) -> Self:
        curve = _read_curve(folder / FILE)
        inner = read_part(folder / INNER)
        if inner.answer != "probability":
            raise OperatorFault(f"{folder}: a {inner.answer} can't be calibrated")
        return cls(inner, curve)


def _read_curve(path: Path) -> Curve:
    from safetensors import SafetensorError
    from safetensors.numpy import load

    try:
        data = path.read_bytes()
        arrays: dict[str, npt.NDArray[Any]] = load(data)
        shape = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])["__metadata__"]["shape"]
        x, y = arrays["x"], arrays["y"]
        if not (x.dtype == y.dtype == np.float64 and x.ndim == y.ndim == 1):
            raise ValueError("the curve is no two rows of numbers")
        return Curve(shape, x, y)
    except FileNotFoundError:
        raise OperatorFault(f"{path}: the model's file is missing") from None
    except (SafetensorError, OSError, KeyError, TypeError, ValueError) as error:
        raise OperatorFault(f"{path}: this is no calibration of ours ({error})") from error
