"""Where two tables of features part for the first time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tradebot.core.domain.bars import Bool, Float, MarketGrid
from tradebot.core.features.catalogue import FEATURES


@dataclass(frozen=True, slots=True)
class Difference:
    """`feature` is a column's name, or `memory[i]` for a slot of a symbol's memory. `wanted` says what was expected, `found` what came."""

    check: str
    symbol: str
    minute_ns: int
    feature: str
    wanted: str
    found: str


@dataclass(frozen=True, slots=True)
class Scanned:
    """One session as the scan gives it: the memory before and after it (N, S), values (T, N, F) and bars seen (T, N)."""

    grid: MarketGrid
    before: Float
    after: Float
    values: Float
    seen: np.ndarray


def first_bits(check: str, grid: MarketGrid, wanted: Float, found: Float) -> Difference | None:
    """The first minute, symbol and feature of (T, N, F) whose bits differ."""
    return first_where(check, grid, wanted.view(np.int64) != found.view(np.int64), wanted, found)


def first_where(check: str, grid: MarketGrid, bad: Bool, wanted: Float | str, found: Float) -> Difference | None:
    """The first True of (T, N, F) as a difference."""
    if not bad.any():
        return None
    t, n, f = (int(i) for i in np.unravel_index(np.argmax(bad), bad.shape))
    expected = wanted if isinstance(wanted, str) else _text(wanted[t, n, f])
    return Difference(check, grid.symbols[n], int(grid.minute_ns[t]), FEATURES[f].name, expected, _text(found[t, n, f]))


def first_memory(check: str, grid: MarketGrid, wanted: Float, found: Float) -> Difference | None:
    """The first symbol and slot of the memories (N, S) left after a grid whose bits differ."""
    bad = wanted.view(np.int64) != found.view(np.int64)
    if not bad.any():
        return None
    n, slot = (int(i) for i in np.unravel_index(np.argmax(bad), bad.shape))
    return Difference(check, grid.symbols[n], int(grid.minute_ns[-1]), f"memory[{slot}]", _text(wanted[n, slot]), _text(found[n, slot]))


def _text(value: float) -> str:
    """Every digit that tells it from its neighbours."""
    return repr(float(value))
