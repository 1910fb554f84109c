"""Steps that become part of the loop: a call that hands over the book's and the market's arrays costs more than most steps do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from numba import njit

F = TypeVar("F", bound=Callable[..., Any])


def inlined(function: F) -> F:
    """A kernel whose source is put in place of each call of it."""
    step: F = njit(error_model="numpy", inline="always")(function)
    return step
