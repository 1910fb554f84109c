"""How every kernel is compiled: one decorator, so that one line says it.

    cache         compiled once for each state of the source (tradebot/__init__.py says where)
    numpy errors  a division by zero gives inf or NaN, which the formula names, and no exception
    no fastmath   the order of operations is the source's: a scan equals its steps bit for bit
    no NRT        a kernel allocates nothing, so numba need not count references to the arrays it is given: counting them, with atomic
                  operations, took a quarter of the scan. A kernel that does allocate doesn't compile; it says `@njit` itself

`_nrt` is numba's own name for the last one and not documented: a numba that drops it refuses the option at import.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeVar

from numba import njit

F = TypeVar("F", bound=Callable[..., Any])


_OPTIONS: Final[Any] = {"cache": True, "error_model": "numpy", "_nrt": False}


def kernel(function: F) -> F:
    """The function, compiled at its first call or read from the cache."""
    compiled: F = njit(**_OPTIONS)(function)
    return compiled


def threaded_kernel(function: F) -> F:
    """The same for a loop that several threads may run: it releases the interpreter's lock."""
    compiled: F = njit(**_OPTIONS, nogil=True)(function)
    return compiled
