"""Two starts agree: what a memory forgets by the end of the declared warm-up can't depend on where it began.

Columns that compare symbols are left out: they have no memory of their own, and their sources are looked at. A rank may turn on the last
bit of its source. A column with an optional input may be absent for longer in the later start: it says nothing, and nothing wrong.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from tradebot.core.domain.bars import Float
from tradebot.core.domain.units import UNITS_PER_USD
from tradebot.core.features.catalogue import FEATURES, LONGEST_WARM_UP, family_of, new_state
from tradebot.learning.proofs.difference import Difference, Scanned, first_where
from tradebot.learning.proofs.ranges import OPTIONAL
from tradebot.learning.proofs.replay import scan

TWO_STARTS: Final = "two starts"
ACROSS_SYMBOLS: Final = "cross_section"  # the family
_WARM_UP = np.array([f.warm_up_bars for f in FEATURES], np.int64)
_SCALE_FREE = np.array([f.scale_free for f in FEATURES])
_OF_ONE_SYMBOL = np.array([family_of(f.name) != ACROSS_SYMBOLS for f in FEATURES])
_MAY_LACK = np.array([any(name in OPTIONAL for name in f.inputs) for f in FEATURES])
_ROUNDING = 1e-12  # double rounding of the inputs, where a column dies out
_PATIENCE_SESSIONS = 60  # a symbol that hardly trades doesn't hold up the next start


class TwoStarts:
    """Session after session. A second memory begins cold at the second session, and again each time that all of it has been compared.

    Tolerance: float32 of the column's largest value so far, of that symbol.
    """

    def __init__(self, symbols: int) -> None:
        self._late: Float | None = None
        self._age = -1  # sessions since the late start
        self._largest = np.zeros((symbols, len(FEATURES)))
        self._input_largest = np.zeros(symbols)
        self.compared = 0
        self.starts = 0

    def first_fault(self, session: Scanned) -> Difference | None:
        """The first value that the later start does not confirm."""
        grid, whole = session.grid, session.values
        self._largest = np.maximum(self._largest, np.where(np.isfinite(whole), np.abs(whole), 0.0).max(axis=0))
        inputs = np.maximum(grid.high / UNITS_PER_USD, grid.volume).max(axis=0)
        self._input_largest = np.maximum(self._input_largest, inputs)
        self._age += 1
        if self._age == 0:
            return None
        if self._late is None:
            self._late = new_state(len(grid.symbols))
            self.starts += 1
        values, seen = scan(grid, self._late)
        warm = (seen > 0)[:, :, None] & (seen[:, :, None] >= _WARM_UP) & _OF_ONE_SYMBOL
        rounding = _ROUNDING * np.where(_SCALE_FREE, 1.0, self._input_largest[:, None])
        tolerance = np.finfo(np.float32).eps * self._largest + rounding
        absent = np.isnan(values) & (np.isnan(whole) | _MAY_LACK)  # a later start has not seen the reference or a quote yet
        apart = ~absent & ((np.isnan(whole) != np.isnan(values)) | (np.abs(whole - values) > tolerance))
        self.compared += int(warm.sum())
        first = np.where(grid.present, seen, LONGEST_WARM_UP).min(axis=0)
        if (first >= LONGEST_WARM_UP).all() or self._age >= _PATIENCE_SESSIONS:
            self._late, self._age = None, 0
        return first_where(TWO_STARTS, grid, warm & apart, whole, values)
