"""Each value is what its feature promises: NaN where there can be none, else finite and within the declared range."""

from __future__ import annotations

from typing import Final

import numpy as np

from tradebot.core.domain.bars import Bool, MarketGrid
from tradebot.core.features.catalogue import FEATURES
from tradebot.core.features.feature import TRADES
from tradebot.core.features.rows import grid_rows
from tradebot.learning.proofs.difference import Difference, Scanned, first_where

IN_RANGE: Final = "in range"
OPTIONAL: Final = ("trades", "bid", "ask", "bid_size", "ask_size", "reference", "vix", "yield_3m", "yield_10y")
"""Inputs that a row may lack, in the order of its columns."""

_WARM_UP = np.array([f.warm_up_bars for f in FEATURES], np.int64)
_LOW, _HIGH = np.array([f.low for f in FEATURES]), np.array([f.high for f in FEATURES])
_NEEDS: Final = {i: needs for i, f in enumerate(FEATURES) if (needs := [OPTIONAL.index(name) for name in f.inputs if name in OPTIONAL])}


class Ranges:
    """Session after session of the same symbols. Remembers which optional inputs a symbol ever lacked."""

    def __init__(self, symbols: int) -> None:
        self._always = np.ones((symbols, len(OPTIONAL)), np.bool_)  # there at every bar so far
        self._given = np.zeros(len(FEATURES), np.bool_)
        self.compared = 0

    def absent(self) -> tuple[str, ...]:
        """Columns whose optional inputs were never there: NaN throughout."""
        return tuple(FEATURES[f].name for f in _NEEDS if not self._given[f])

    def first_fault(self, session: Scanned) -> Difference | None:
        """A value where none can be, none where one must be, or one outside the range."""
        grid, values = session.grid, session.values
        warm = (session.seen > 0)[:, :, None] & (session.seen[:, :, None] >= _WARM_UP)
        never, must = ~warm, warm
        if _NEEDS:
            here = np.isfinite(grid_rows(grid, 0, len(grid.minute_ns))[:, :, TRADES : TRADES + len(OPTIONAL)])
            always = self._always & np.logical_and.accumulate(here | ~grid.present[:, :, None], axis=0)
            self._always = always[-1]
            for f, needs in _NEEDS.items():
                known = here[:, :, needs].all(axis=2) & grid.present
                self._given[f] |= bool(known.any())
                never[:, :, f] |= ~known
                must[:, :, f] &= always[:, :, needs].all(axis=2)
        self.compared += int(warm.sum())
        finite = np.isfinite(values)
        return (
            first_where(IN_RANGE, grid, never & ~np.isnan(values), "no value: no bar, warm-up, or an absent input", values)
            or first_where(IN_RANGE, grid, must & ~finite, "a finite value after warm-up", values)
            or first_where(IN_RANGE, grid, np.isinf(values), "a finite value or none", values)
            or self._outside(grid, values, finite)
        )

    def _outside(self, grid: MarketGrid, values: np.ndarray, finite: Bool) -> Difference | None:
        bad = finite & ((values < _LOW) | (values > _HIGH))
        if not bad.any():
            return None
        f = int(np.unravel_index(np.argmax(bad), bad.shape)[2])
        return first_where(IN_RANGE, grid, bad, f"{_LOW[f]:g} to {_HIGH[f]:g}", values)
