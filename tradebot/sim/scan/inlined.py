"""Steps that become part of the loop: a call that hands over the book's and the market's arrays costs more than most steps do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeVar

from numba import njit

F = TypeVar("F", bound=Callable[..., Any])

_OPTIONS: Final[Any] = {"error_model": "numpy", "inline": "always"}


def inlined(function: F) -> F:
    """A kernel whose source is put in place of each call of it."""
    step: F = njit(**_OPTIONS)(function)
    return step
