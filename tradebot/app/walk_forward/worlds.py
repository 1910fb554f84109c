"""The same days in worlds without skill: forecasts that come a bar late, or at a random moment, or from labels that were shuffled.

Each changes what was thought and nothing of how it is traded: size, limits, exits and cost stay the profile's own. So each null trades
about as often, for as long and at the same cost as we do.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from tradebot.core.domain.bars import MarketGrid
from tradebot.core.opinions.history import Opinions
from tradebot.learning.dataset import Dataset

Int = npt.NDArray[np.int64]


def late(grid: MarketGrid, opinions: Opinions) -> Opinions:
    """Every opinion a bar later; a session's first minute has none."""
    rows = np.arange(len(grid.minute_ns)) - 1
    first = grid.session_of != np.concatenate(([-1], grid.session_of[:-1]))
    return _taken(grid, opinions, np.maximum(rows, 0), ~first)


def turned(grid: MarketGrid, opinions: Opinions, draws: int, seed: int) -> Iterator[Opinions]:
    """Opinions turned within each session by a random number of minutes: when they come is luck, how often and how long is not."""
    random = np.random.default_rng(seed)
    starts = np.searchsorted(grid.session_of, np.arange(len(grid.sessions)))
    lengths = np.diff(np.concatenate((starts, [len(grid.session_of)])))
    begin, length = starts[grid.session_of], lengths[grid.session_of]
    within = np.arange(len(grid.session_of)) - begin
    everywhere = np.ones(len(within), np.bool_)
    for _ in range(draws):
        turn = 1 + random.integers(0, np.maximum(lengths - 1, 1))
        yield _taken(grid, opinions, begin + (within - turn[grid.session_of]) % length, everywhere)


def shuffled(dataset: Dataset, seed: int) -> Dataset:
    """Labels, with when they were known and what they would have earned, dealt out anew among a session's rows."""
    random = np.random.default_rng(seed)
    order = np.lexsort((random.random(len(dataset)), dataset.session_of))
    place = np.argsort(dataset.session_of, kind="stable")
    dealt = np.empty(len(dataset), np.int64)
    dealt[place] = order
    return replace(dataset, target=dataset.target[dealt], end_ns=dataset.end_ns[dealt], net_long=dataset.net_long[dealt])


def _taken(grid: MarketGrid, opinions: Opinions, rows: Int, known: npt.NDArray[np.bool_]) -> Opinions:
    """Minute t thinks what minute `rows[t]` thought, where `known`; a symbol without a bar can't be entered."""
    valid = opinions.valid[rows] & known[:, None] & grid.present
    return replace(
        opinions,
        conviction=np.where(valid, opinions.conviction[rows], np.nan),
        valid=valid,
        exits=None if opinions.exits is None else opinions.exits[rows] & known[:, None],
        leading=None if opinions.leading is None else opinions.leading[rows],
        regime=None if opinions.regime is None else opinions.regime[rows],
        evidence=None if opinions.evidence is None else opinions.evidence[rows],
    )
