"""What one thing said at every minute, and where two such tracks part for the first time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tradebot.core.domain.bars import Bool, Int
from tradebot.learning.proofs.difference import Difference


@dataclass(frozen=True, slots=True)
class Track:
    """`columns` are (name, (T, N)): floats, NaN where there is nothing to say, or texts, "" where there is nothing to say.

    `warm_up_bars`: how many bars it needs before it can speak.
    """

    kind: str
    name: str
    symbols: tuple[str, ...]
    minute_ns: Int  # (T,)
    columns: tuple[tuple[str, npt.NDArray[Any]], ...]
    warm_up_bars: int = 0

    def said(self, until_ns: int) -> int:
        """Minutes of symbols up to and including `until_ns` in which it said anything."""
        stop = self._stop(until_ns)
        spoke = np.zeros((stop, len(self.symbols)), np.bool_)
        for _, column in self.columns:
            spoke |= _known(column[:stop])
        return int(spoke.sum())

    def parts_from(self, other: Track, until_ns: int, check: str) -> Difference | None:
        """The first minute up to and including `until_ns`, then symbol, then column, where `other` says something else."""
        stop, there = self._stop(until_ns), other._stop(until_ns)
        if not np.array_equal(self.minute_ns[:stop], other.minute_ns[:there]):
            return Difference(check, self.symbols[0] if self.symbols else "", until_ns, "minutes", f"{stop} minutes", f"{there} minutes")
        first: tuple[int, int, int] | None = None
        for c, ((_, ours), (_, theirs)) in enumerate(zip(self.columns, other.columns, strict=True)):
            bad = _differs(ours[:stop], theirs[:stop])
            if bad.any():
                t, n = (int(i) for i in np.unravel_index(np.argmax(bad), bad.shape))
                first = min(first, (t, n, c)) if first is not None else (t, n, c)
        if first is None:
            return None
        t, n, c = first
        name = self.columns[c][0]
        return Difference(
            check, self.symbols[n], int(self.minute_ns[t]), name, _text(self.columns[c][1][t, n]), _text(other.columns[c][1][t, n])
        )

    def changes_after(self, other: Track, from_ns: int) -> bool:
        """Whether `other` says anything else after `from_ns`: a future that changes nothing proves nothing."""
        start, there = self._stop(from_ns), other._stop(from_ns)
        if not np.array_equal(self.minute_ns[start:], other.minute_ns[there:]):
            return True
        pairs = zip(self.columns, other.columns, strict=True)
        return any(bool(_differs(ours[start:], theirs[there:]).any()) for (_, ours), (_, theirs) in pairs)

    def _stop(self, until_ns: int) -> int:
        return int(np.searchsorted(self.minute_ns, until_ns, side="right"))


def _known(column: npt.NDArray[Any]) -> Bool:
    return np.asarray(np.isfinite(column) if column.dtype == np.float64 else column != "", np.bool_)


def _differs(ours: npt.NDArray[Any], theirs: npt.NDArray[Any]) -> Bool:
    """Bit for bit; not a number equals itself."""
    if ours.dtype != np.float64:
        return np.asarray(ours != theirs, np.bool_)
    bits = np.ascontiguousarray(ours).view(np.int64) != np.ascontiguousarray(theirs).view(np.int64)
    return np.asarray(bits & ~(np.isnan(ours) & np.isnan(theirs)), np.bool_)


def _text(value: object) -> str:
    return repr(float(value)) if isinstance(value, float) else str(value)
