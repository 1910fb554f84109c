"""Functions that name the columns they read: `def f(volatility_20, trend=0.5, *, threshold=0.001)`.

The positional parameters are feature columns; one with a default is optional, and the default stands in where the column is absent or not
finite. The keyword-only parameters are numbers that a profile may tune. So a rule states its inputs once, in its own signature.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

Float = npt.NDArray[np.float64]
Bool = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Signature:
    """What a column function reads (`inputs`, `optional` with its neutral values) and what may be tuned (`parameters` with defaults)."""

    inputs: tuple[str, ...]
    optional: Mapping[str, float]
    parameters: Mapping[str, float]


@cache
def signature_of(function: Callable[..., Any]) -> Signature:
    """Read a column function. Raises TypeError for a signature that is none: *args, or a tunable number without a default."""
    inputs: list[str] = []
    optional: dict[str, float] = {}
    parameters: dict[str, float] = {}
    for name, parameter in inspect.signature(function).parameters.items():
        given = parameter.default is not parameter.empty
        if parameter.kind is parameter.POSITIONAL_OR_KEYWORD and given:
            optional[name] = float(parameter.default)
        elif parameter.kind is parameter.POSITIONAL_OR_KEYWORD:
            inputs.append(name)
        elif parameter.kind is parameter.KEYWORD_ONLY and given:
            parameters[name] = float(parameter.default)
        else:
            raise TypeError(f"{function.__qualname__}: parameter {name} is neither a column nor a number with a default")
    return Signature(tuple(inputs), optional, parameters)


def gather(features: Float, column_of: Mapping[str, int], function: Callable[..., Any], suffix: str = "") -> tuple[list[Float], Bool]:
    """The columns that a function reads, each (...), out of `features` (..., F), and where all inputs are finite (...).

    `suffix` is put behind every name ("_tf5" reads the 5-minute columns). Raises KeyError with the name of a missing input.
    """
    reads = signature_of(function)
    columns = [features[..., column_of[name + suffix]] for name in reads.inputs]
    known = np.ones(features.shape[:-1], np.bool_)
    for column in columns:
        known &= np.isfinite(column)
    for name, neutral in reads.optional.items():
        at = column_of.get(name + suffix)
        here = np.full(known.shape, np.nan) if at is None else features[..., at]
        columns.append(np.where(np.isfinite(here), here, neutral))
    return columns, known
