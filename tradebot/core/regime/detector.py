"""What a regime detector is: a name, the names of its labels, and a pure function from feature columns to a label."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

import numpy as np
import numpy.typing as npt

from tradebot.core.kernels.columns import gather, signature_of

Float = npt.NDArray[np.float64]
Bool = npt.NDArray[np.bool_]
Labels = npt.NDArray[np.int8]

UNKNOWN: Final = -1
"""The label where an input is not known: no weight, no new risk."""

_NO_PARAMETERS: Final[Mapping[str, float]] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Detector:
    """A rule that names the market's state. `rule` answers with labels 0..len(labels)-1 for arrays of any shape, elementwise.

    Its positional parameters ARE its feature columns, its keyword-only parameters the tunable numbers. `at_once` is a label that takes
    effect without waiting (see persistence.py), UNKNOWN for none.
    """

    name: str
    title: str
    labels: tuple[str, ...]
    rule: Callable[..., Labels]
    source: str
    at_once: int = UNKNOWN

    @property
    def inputs(self) -> tuple[str, ...]:
        return signature_of(self.rule).inputs

    @property
    def parameters(self) -> Mapping[str, float]:
        return signature_of(self.rule).parameters


def detect(detector: Detector, features: Float, column_of: Mapping[str, int], parameters: Mapping[str, float] = _NO_PARAMETERS) -> Labels:
    """Labels (...) int8 of `features` (..., F); UNKNOWN where an input is not finite. Raises KeyError with a column that is missing."""
    with np.errstate(all="ignore"):  # rows with an unknown input may compute anything: they are masked below
        columns, known = gather(features, column_of, detector.rule)
        return np.where(known, detector.rule(*columns, **parameters), UNKNOWN).astype(np.int8)


def pick(cases: tuple[tuple[Bool, int], ...], otherwise: int) -> Labels:
    """The label of the first case that holds, elementwise."""
    return np.select([holds for holds, _ in cases], [np.int8(label) for _, label in cases], np.int8(otherwise)).astype(np.int8)
