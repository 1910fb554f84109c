"""The file of a forest: flat arrays in safetensors, which holds numbers and nothing that can run."""

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
from tradebot.serving.forest import Evaluator, Forest

FILE: Final = "forest.safetensors"
_ARRAYS: Final[dict[str, type[np.generic]]] = {
    "mean": np.float64,
    "scale": np.float64,
    "feature": np.int32,
    "threshold": np.float64,
    "left": np.int32,
    "right": np.int32,
    "value": np.float64,
    "roots": np.int32,
}


@dataclass(frozen=True, slots=True)
class ForestArtefact:
    """A forest as `serving.artefacts.artefact.Artefact`."""

    forest: Forest
    runtime: str = "forest"

    @property
    def answer(self) -> Answer:
        return "probability" if self.forest.outputs == 1 else "classes"

    @property
    def inputs(self) -> int:
        return len(self.forest.mean)

    @property
    def outputs(self) -> int:
        return self.forest.outputs

    def write(self, folder: Path) -> None:
        write_forest(folder / FILE, self.forest)

    def predictor(self) -> Predictor:
        return Evaluator(self.forest)

    @classmethod
    def read(cls, folder: Path) -> Self:
        return cls(read_forest(folder / FILE))


def write_forest(path: Path, forest: Forest) -> None:
    """Write the arrays, `init` and `rate` among them; `combine`, and `outputs` where a leaf holds several numbers, are metadata."""
    from safetensors.numpy import save_file

    arrays = {name: np.ascontiguousarray(getattr(forest, name), kind) for name, kind in _ARRAYS.items()}
    arrays["init_rate"] = np.array([forest.init, forest.rate])
    several = {"outputs": str(forest.outputs)} if forest.outputs > 1 else {}
    save_file(arrays, path, metadata={"combine": forest.combine} | several)


def read_forest(path: Path) -> Forest:
    """The forest in a file, its arrays checked. Raises OperatorFault."""
    from safetensors import SafetensorError
    from safetensors.numpy import load

    try:
        data = path.read_bytes()
        arrays = load(data)
        header = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])
        parts = {name: _array(arrays, name, kind) for name, kind in _ARRAYS.items()}
        init, rate = (float(x) for x in _array(arrays, "init_rate", np.float64))
        said = header["__metadata__"]
        return Forest(combine=said["combine"], **parts, init=init, rate=rate, outputs=int(said.get("outputs", "1")))
    except FileNotFoundError:
        raise OperatorFault(f"{path}: the model's file is missing") from None
    except (SafetensorError, OSError, KeyError, TypeError, ValueError) as error:
        raise OperatorFault(f"{path}: this is no forest of ours ({error})") from error


def _array(arrays: dict[str, npt.NDArray[Any]], name: str, kind: type[np.generic]) -> npt.NDArray[Any]:
    array = arrays[name]
    if array.dtype != kind or array.ndim != 1:
        raise ValueError(f"{name} is {array.dtype} {array.shape}")
    return array
