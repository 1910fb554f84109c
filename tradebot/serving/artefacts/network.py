"""The files of a network: arrays in safetensors and its sizes in JSON, which hold numbers and nothing that can run.

It is served without PyTorch, by the kernels of `serving.networks`: within 1e-5 of PyTorch, one row and a batch equal bit for bit.
"""

from __future__ import annotations

import json
import math
import threading
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final, Literal, Self

import numpy as np
import numpy.typing as npt

from tradebot.core.domain.faults import OperatorFault
from tradebot.core.forecast.model import Answer
from tradebot.core.kernels.kernel import threaded_kernel
from tradebot.core.kernels.parts import in_parts
from tradebot.serving.artefacts.artefact import Float, Predictor
from tradebot.serving.networks import attention, lstm
from tradebot.serving.networks.architecture import Architecture, Float32
from tradebot.serving.networks.packing import pack_attention, pack_lstm

ARRAYS_FILE: Final = "network.safetensors"
SIZES_FILE: Final = "network.json"
FORMAT: Final = 1
RUNTIME: Final = "network"
_PART_ROWS_MIN: Final = 32  # fewer are done before a second thread has woken up
_READING: Final[dict[str, type[np.generic]]] = {"columns": np.int64, "mean": np.float64, "scale": np.float64}


@dataclass(frozen=True, slots=True)
class Reading:
    """How a row of `width` numbers becomes the network's inputs: `columns` in its order, less `mean`, over `scale`."""

    width: int
    columns: npt.NDArray[np.int64]  # (inputs,)
    mean: Float  # (inputs,)
    scale: Float  # (inputs,)


@dataclass(frozen=True, slots=True)
class NetworkArtefact:
    """A network as `serving.artefacts.artefact.Artefact`. A position is tanh(score + shift), a probability 1 / (1 + exp(-score))."""

    architecture: Architecture
    arrays: dict[str, Float32]
    reading: Reading
    answer: Answer
    shift: float = 0.0
    runtime: Literal["network"] = "network"

    @property
    def inputs(self) -> int:
        return self.reading.width

    @property
    def outputs(self) -> int:
        return self.architecture.outputs

    def write(self, folder: Path) -> None:
        from safetensors.numpy import save_file

        arrays: dict[str, npt.NDArray[Any]] = {name: np.ascontiguousarray(array) for name, array in self.arrays.items()}
        arrays |= {f"reading.{name}": np.ascontiguousarray(getattr(self.reading, name)) for name in _READING}
        save_file(arrays, folder / ARRAYS_FILE)
        sizes = {"architecture": asdict(self.architecture), "row": self.reading.width, "answer": self.answer, "shift": self.shift}
        (folder / SIZES_FILE).write_text(json.dumps({"format": FORMAT} | sizes, indent=1, sort_keys=True, allow_nan=False) + "\n")

    def predictor(self) -> Predictor:
        raw, answer, shift = self.scorer(), self.answer, self.shift
        return lambda rows: answers(raw(rows), answer, shift)

    def scorer(self) -> Predictor:
        """Rows (N, F) to scores (N, outputs), before they are answers."""
        return _Scorer(self)

    @classmethod
    def read(cls, folder: Path) -> Self:
        from safetensors import SafetensorError
        from safetensors.numpy import load_file

        path = folder / SIZES_FILE
        try:
            said = json.loads(path.read_bytes())
            architecture = _architecture(said)
            path = folder / ARRAYS_FILE
            arrays = load_file(path)
            reading = Reading(said["row"], **{name: arrays.pop(f"reading.{name}") for name in _READING})
            _check(architecture, arrays, reading, said)
        except FileNotFoundError:
            raise OperatorFault(f"{path}: the model's file is missing") from None
        except (SafetensorError, OSError, KeyError, TypeError, ValueError) as error:
            raise OperatorFault(f"{path}: this is no network of ours ({error})") from error
        return cls(architecture, arrays, reading, said["answer"], said["shift"])


class _Scorer:
    """Compiled loops over a network's packed arrays. Threads may share it: each has its own scratch."""

    def __init__(self, artefact: NetworkArtefact) -> None:
        recurrent = artefact.architecture.kind == "lstm"
        pack, self._scores, block = (
            (pack_lstm, lstm.lstm_scores, lstm.BLOCK) if recurrent else (pack_attention, attention.attention_scores, attention.BLOCK)
        )
        self._packed = pack(artefact.architecture, artefact.arrays, block)
        self._reading, self._outputs = artefact.reading, artefact.outputs
        self._own = threading.local()

    def __call__(self, rows: Float) -> Float:
        scores = np.empty((len(rows), self._outputs))
        given = np.ascontiguousarray(rows, np.float64)
        assert given.shape[1] == self._reading.width, f"rows have {given.shape[1]} columns, the network reads {self._reading.width}"
        in_parts(lambda first, end: self._part(given, scores, first, end), len(rows), _PART_ROWS_MIN)
        return scores

    def _part(self, rows: Float, scores: Float, first: int, end: int) -> None:
        scratch = getattr(self._own, "scratch", None)
        if scratch is None:
            scratch = self._own.scratch = np.zeros(self._packed.scratch, np.float32)
        r = self._reading
        self._scores(rows, r.columns, r.mean, r.scale, self._packed.plan, self._packed.weights, scratch, scores, first, end)


def answers(scores: Float, answer: Answer, shift: float) -> Float:
    """Scores (N, outputs) as answers: (N,), or (N, C) over classes."""
    if answer == "classes":
        grown = np.exp(scores - scores.max(axis=1, keepdims=True))
        return np.asarray(grown / grown.sum(axis=1, keepdims=True))
    return _squashed(scores[:, 0], shift, answer == "position")


def _squashed(scores: Float, shift: float, position: bool) -> Float:
    out = np.empty(len(scores))
    _squash(np.ascontiguousarray(scores), shift, position, out)
    return out


@threaded_kernel
def _squash(scores: Float, shift: float, position: bool, out: Float) -> None:
    """Number by number: NumPy's own loops may round an element otherwise in another place of a batch."""
    for i in range(len(scores)):
        out[i] = math.tanh(scores[i] + shift) if position else 1.0 / (1.0 + math.exp(-scores[i]))


def _architecture(said: Any) -> Architecture:
    if said["format"] != FORMAT:
        raise ValueError(f"format {said['format']!r} is not {FORMAT}")
    sizes = dict(said["architecture"])
    sizes["sequences"] = tuple((_whole(bars), _whole(channels)) for bars, channels in sizes["sequences"])
    for name in ("statics", "width", "layers", "heads", "outputs"):
        _whole(sizes[name])
    return Architecture(**sizes)


def _whole(number: object) -> int:
    if type(number) is not int or not 0 <= number < 2**20:
        raise ValueError(f"{number!r} is no size")
    return number


def _check(architecture: Architecture, arrays: dict[str, Float32], reading: Reading, said: dict[str, Any]) -> None:
    """Raise ValueError unless everything is there, of the right shape, and finite."""
    shapes = architecture.shapes()
    if set(shapes) != set(arrays):
        raise ValueError(f"array {min(set(shapes) ^ set(arrays))} is missing or foreign")
    for name, array in arrays.items():
        if array.dtype != np.float32 or array.shape != shapes[name] or not np.isfinite(array).all():
            raise ValueError(f"{name} is {array.dtype} {array.shape}, or not finite")
    for name, kind in _READING.items():
        array = getattr(reading, name)
        if array.dtype != kind or array.shape != (architecture.inputs,) or not np.isfinite(array).all():
            raise ValueError(f"{name} of the rows is {array.dtype} {array.shape}, or not finite")
    width = _whole(reading.width)
    if reading.columns.min() < 0 or reading.columns.max() >= width or (reading.scale <= 0.0).any():
        raise ValueError("the network reads a column that is not there, or one without a scale")
    several = said["answer"] == "classes"
    if said["answer"] not in ("probability", "position", "classes") or several != (architecture.outputs > 1):
        raise ValueError(f"{architecture.outputs} outputs don't answer with {said['answer']!r}")
    if type(said["shift"]) is not float or not np.isfinite(said["shift"]):
        raise ValueError(f"shift {said['shift']!r} is no number")
