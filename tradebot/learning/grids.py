"""Parts of a grid: one session after the other, and some minutes of one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from tradebot.core.domain.bars import MarketGrid


def sessions_of(grid: MarketGrid) -> Iterator[MarketGrid]:
    """Each session as a grid of its own, views of the same arrays. A session without a minute is left out."""
    edges = np.searchsorted(grid.session_of, np.arange(len(grid.sessions) + 1))
    for start, stop in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True):
        if stop > start:
            yield minutes_of(grid, start, stop)


def minutes_of(grid: MarketGrid, start: int, stop: int) -> MarketGrid:
    """Minutes `start` to `stop` of a grid with the sessions that they belong to, views of the same arrays."""
    rows = slice(start, stop)
    first, last = (int(grid.session_of[start]), int(grid.session_of[stop - 1])) if stop > start else (0, -1)
    days = slice(first, last + 1)
    return replace(
        grid,
        minute_ns=grid.minute_ns[rows],
        session_of=grid.session_of[rows] - first,
        sessions=grid.sessions[days],
        open=grid.open[rows],
        high=grid.high[rows],
        low=grid.low[rows],
        close=grid.close[rows],
        volume=grid.volume[rows],
        present=grid.present[rows],
        tape=None if grid.tape is None else grid.tape[rows],
        macro=None if grid.macro is None else grid.macro[days],
    )
