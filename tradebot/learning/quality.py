"""Quality of features over some sessions: what is missing, since when nothing came, since when nothing moved, and a sample of the values.

Fed session by session. Memory is the sample's, not the history's.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tradebot.core.domain.bars import Bool, Float

ROWS_MAX = 50_000


@dataclass(frozen=True, slots=True)
class Quality:
    """One feature. Minutes are those of sessions, of the symbol that is worst off; None where no value ever came (or ever changed)."""

    missing_share: float
    stale_min: int | None
    unchanged_min: int | None
    sample: Float  # (T,) finite values


class QualityCount:
    """Of `symbols` symbols and `features` features; about `bars` bars will come, of which every so many-th is kept as a sample."""

    def __init__(self, symbols: int, features: int, bars: int) -> None:
        self._every = max(1, -(-bars // ROWS_MAX))
        self._minutes = 0
        self._bars = 0
        self._missing = np.zeros(features, np.int64)
        self._last = np.full((symbols, features), np.nan)
        self._finite_at = np.full((symbols, features), -1, np.int64)
        self._changed_at = np.full((symbols, features), -1, np.int64)
        self._has_bar = np.zeros(symbols, np.bool_)
        self._kept: list[Float] = []

    def add(self, values: Float, present: Bool) -> None:
        """One session's values (T, N, F) and where there was a bar (T, N)."""
        rows = values[present]
        first = -self._bars % self._every
        self._kept.append(rows[first :: self._every].copy())
        self._missing += (~np.isfinite(rows)).sum(axis=0)
        self._bars += len(rows)
        self._has_bar |= present.any(axis=0)
        for t in range(len(values)):
            finite = np.isfinite(values[t])
            moved = finite & (values[t] != self._last)
            self._changed_at[moved] = self._minutes
            self._finite_at[finite] = self._minutes
            self._last[finite] = values[t][finite]
            self._minutes += 1

    def result(self) -> list[Quality]:
        """One Quality a feature, in their order."""
        kept = np.concatenate(self._kept) if self._kept else np.empty((0, len(self._missing)))
        return [
            Quality(
                float(self._missing[f] / self._bars) if self._bars else 1.0,
                self._age(self._finite_at[:, f]),
                self._age(self._changed_at[:, f]),
                kept[:, f][np.isfinite(kept[:, f])],
            )
            for f in range(len(self._missing))
        ]

    def _age(self, at: np.ndarray) -> int | None:
        known = at[self._has_bar & (at >= 0)]
        return int(self._minutes - 1 - known.min()) if len(known) else None
