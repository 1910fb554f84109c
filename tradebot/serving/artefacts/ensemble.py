"""Several models as one: each in a sub-folder of its own, their weights in a JSON file.

    weighted   sum(weight * answer), weights of sum 1
    stacked    probabilities: 1 / (1 + exp(-(bias + sum(weight * log odds))));  positions: tanh(bias + sum(weight * position))

Log odds are of an answer within 1e-6 .. 1 - 1e-6.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal, Self

import numpy as np
import numpy.typing as npt

from tradebot.core.domain.faults import OperatorFault
from tradebot.core.forecast.model import Answer
from tradebot.core.kernels.kernel import threaded_kernel
from tradebot.serving.artefacts.artefact import Artefact, Predictor
from tradebot.serving.artefacts.parts import read_part, write_part

Float = npt.NDArray[np.float64]
FILE: Final = "ensemble.json"
_TINY: Final = 1e-6


@dataclass(frozen=True, slots=True)
class Joint:
    """How M answers become one. Raises ValueError where it is no such thing."""

    combine: Literal["weighted", "stacked"]
    weights: tuple[float, ...]  # (M,)
    bias: float = 0.0

    def __post_init__(self) -> None:
        if self.combine not in ("weighted", "stacked") or not self.weights:
            raise ValueError(f"answers can't be joined as {self.combine!r}")
        if not all(math.isfinite(x) for x in (*self.weights, self.bias)):
            raise ValueError("a weight is not finite")
        if self.combine == "weighted" and (self.bias or min(self.weights) < 0.0 or abs(sum(self.weights) - 1.0) > 1e-9):
            raise ValueError("the weights are no shares of 1")

    def of(self, answers: Float, answer: Answer) -> Float:
        """(N,) of answers (N, M), each row by itself and in the order of the members."""
        out = np.empty(len(answers))
        stacked = self.combine == "stacked"
        _join(np.ascontiguousarray(answers), np.array(self.weights), self.bias, stacked, stacked and answer == "probability", out)
        return out


@dataclass(frozen=True, slots=True)
class EnsembleArtefact:
    """Members that read the same columns and give the same kind of answer."""

    names: tuple[str, ...]
    members: tuple[Artefact, ...]
    joint: Joint
    runtime: str = "ensemble"

    def __post_init__(self) -> None:
        if not len(self.names) == len(self.members) == len(self.joint.weights) or len(set(self.names)) != len(self.names):
            raise ValueError("members, names and weights don't belong together")
        if len({(member.answer, member.inputs) for member in self.members}) != 1 or self.members[0].answer == "classes":
            raise ValueError("the members don't answer the same question")

    @property
    def answer(self) -> Answer:
        return self.members[0].answer

    @property
    def inputs(self) -> int:
        return self.members[0].inputs

    @property
    def outputs(self) -> int:
        return 1

    def write(self, folder: Path) -> None:
        about = {"names": self.names, "combine": self.joint.combine, "weights": self.joint.weights, "bias": self.joint.bias}
        (folder / FILE).write_text(json.dumps(about, sort_keys=True) + "\n")
        for name, member in zip(self.names, self.members, strict=True):
            write_part(folder / name, member)

    def predictor(self) -> Predictor:
        predictors, joint, answer = [member.predictor() for member in self.members], self.joint, self.answer
        return lambda rows: joint.of(np.column_stack([predict(rows) for predict in predictors]), answer)

    @classmethod
    def read(cls, folder: Path) -> Self:
        try:
            about: dict[str, Any] = json.loads((folder / FILE).read_bytes())
            joint = Joint(about["combine"], tuple(float(x) for x in about["weights"]), float(about["bias"]))
            names = tuple(about["names"])
            if not all(isinstance(name, str) and name.replace("_", "").isalnum() for name in names):
                raise ValueError("a member's name is no folder's")
            return cls(names, tuple(read_part(folder / name) for name in names), joint)
        except FileNotFoundError:
            raise OperatorFault(f"{folder / FILE}: the model's file is missing") from None
        except (OSError, KeyError, TypeError, ValueError) as error:
            raise OperatorFault(f"{folder / FILE}: this is no ensemble of ours ({error})") from error


@threaded_kernel
def _join(answers: Float, weights: Float, bias: float, stacked: bool, odds: bool, out: Float) -> None:
    for i in range(len(answers)):
        total = bias
        for m in range(len(weights)):
            said = answers[i, m]
            if odds and not math.isnan(said):
                said = min(max(said, _TINY), 1.0 - _TINY)
                said = math.log(said / (1.0 - said))
            total += weights[m] * said
        if odds:
            total = 1.0 / (1.0 + math.exp(-total))
        elif stacked:
            total = math.tanh(total)
        out[i] = total
