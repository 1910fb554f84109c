"""The feature store: history as Parquet, one file a session, computed by the very scan that backtests and proofs run.

`<root>/<schema hash>/<YYYY-MM-DD>.parquet`, with the memory at the session's end beside it, so that a later build goes on exactly where
this one stopped. A session's values depend on all bars before it: a file counts only when it was computed from exactly these bars, by
this schema and this code. Any other is computed anew and replaced, never mixed.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tradebot.core.domain.bars import Bool, Float, MarketGrid
from tradebot.core.features.catalogue import column_index, finite_rows, new_state, scan_sessions
from tradebot.learning.grids import sessions_of
from tradebot.shell.store.feature_file import (
    Description,
    SessionRows,
    bars_hash,
    describe,
    read_description,
    read_memory,
    read_values,
    write_memory,
    write_values,
)
from tradebot.shell.store.feature_lineage import all_features, catalogue_hash, code_hash


@dataclass(frozen=True, slots=True)
class Built:
    """One session of a build: whether it was computed now, and its rows where they were asked for."""

    session: dt.date
    is_new: bool
    rows: SessionRows | None


def stored_features(root: Path, grid: MarketGrid, names: tuple[str, ...]) -> tuple[Float, Bool]:
    """Columns `names` over a grid: values (T, N, F) and `valid` (T, N), equal to `scan_features(grid, names)` bit for bit.

    What is stored for exactly these bars is read; the rest is computed and stored. Raises KeyError for an unknown name, OperatorFault
    when the store can't be written.
    """
    column_index(names)
    values = np.empty((*grid.present.shape, len(names)))
    at = 0
    for built in FeatureStore(root).build(tuple(sessions_of(grid)), names=names):
        assert built.rows is not None, "rows were asked for"
        values[at : at + len(built.rows.values)] = built.rows.values
        at += len(built.rows.values)
    return values, finite_rows(values)


class FeatureStore:
    """The sessions of one schema under a root. Any number of readers; of two writers the later one wins, session by session."""

    def __init__(self, root: Path) -> None:
        self.schema_hash = catalogue_hash()
        self.folder = root / self.schema_hash

    def build(
        self,
        sessions: Sequence[MarketGrid],
        *,
        names: tuple[str, ...] | None = None,
        wanted: Callable[[dt.date], bool] = lambda session: True,
    ) -> Iterator[Built]:
        """Each wanted session in order, computed and written where it is missing.

        `sessions` are one-session grids from the first bar on, oldest first: the memory starts cold there. `names` asks for these columns.
        """
        memory, memory_at = new_state(len(sessions[0].symbols) if sessions else 0), -1
        hashes: list[str] = []
        for i, grid in enumerate(sessions):
            hashes.append(bars_hash(hashes[-1] if hashes else "", grid))
            date = grid.sessions[0].date
            if not wanted(date):
                continue
            held = self._held(date, hashes[i], names)
            if held is None:
                if memory_at != i - 1:
                    memory = self._memory_before(i, sessions, hashes)
                held, memory_at = self._compute(grid, hashes[i], memory, names), i
                yield Built(date, True, held if names is not None else None)
            else:
                yield Built(date, False, held if names is not None else None)

    def sessions(self) -> list[Description]:
        """What this program can read, oldest first, from the files' metadata alone. Files of other code are left out."""
        found = (read_description(path) for path in self._files())
        return [d for d in found if d is not None and d.code_hash == code_hash()]

    def read(self, session: dt.date, names: tuple[str, ...] | None = None) -> SessionRows | None:
        """A stored session, whatever bars it is of; None where there is none. All features by default."""
        path = self._path(session)
        description = read_description(path)
        if description is None or description.code_hash != code_hash():
            return None
        return read_values(path, description, all_features() if names is None else names)

    def _held(self, date: dt.date, bars: str, names: tuple[str, ...] | None) -> SessionRows | None:
        """The rows of a file of exactly these bars (no columns when none are asked for), else None."""
        path = self._path(date)
        description = read_description(path)
        if description is None or not description.is_of(bars):
            return None
        return read_values(path, description, names or ())

    def _compute(self, grid: MarketGrid, bars: str, memory: Float, names: tuple[str, ...] | None) -> SessionRows:
        """One session, written. The memory goes first: where the values are, it is too."""
        [(_, values, seen)] = scan_sessions(grid, memory)
        description, path = describe(grid, bars), self._path(grid.sessions[0].date)
        write_memory(self._memory_path(description.session), description, memory)
        write_values(path, description, SessionRows(grid.minute_ns, grid.symbols, values, seen))
        return SessionRows(grid.minute_ns, grid.symbols, values[:, :, column_index(names or ())], seen)

    def _memory_before(self, i: int, sessions: Sequence[MarketGrid], hashes: Sequence[str]) -> Float:
        """The memory before session `i`: the nearest one that is stored, moved on over the sessions between."""
        at, memory = i - 1, None
        while at >= 0 and (memory := read_memory(self._memory_path(sessions[at].sessions[0].date), hashes[at])) is None:
            at -= 1
        if memory is None:
            memory = new_state(len(sessions[i].symbols))
        for grid in sessions[at + 1 : i]:
            for _ in scan_sessions(grid, memory):
                pass
        return memory

    def _files(self) -> list[Path]:
        return sorted(p for p in self.folder.glob("????-??-??.parquet"))

    def _path(self, session: dt.date) -> Path:
        return self.folder / f"{session}.parquet"

    def _memory_path(self, session: dt.date) -> Path:
        return self.folder / f"{session}.memory.parquet"
