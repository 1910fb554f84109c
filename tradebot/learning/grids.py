"""Parts of a grid: one session after the other, some minutes of one, and what had arrived at some instant."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from tradebot.core.domain.bars import MarketGrid
from tradebot.core.domain.units import NS_PER_MINUTE


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


def known_at(grid: MarketGrid, now_ns: int) -> MarketGrid:
    """The same minutes with the bars that had ended at `now_ns`; the others are absent, and their numbers 0."""
    known = (grid.minute_ns + NS_PER_MINUTE <= now_ns)[:, None]
    return replace(
        grid,
        present=grid.present & known,
        open=np.where(known, grid.open, 0),
        high=np.where(known, grid.high, 0),
        low=np.where(known, grid.low, 0),
        close=np.where(known, grid.close, 0),
        volume=np.where(known, grid.volume, 0),
        tape=None if grid.tape is None else np.where(known[..., None], grid.tape, 0),
    )
