"""The FEATURES tuple, the compiled step over all families, and the scan that is that same step in a loop.

Live calls `step_minute` once a minute; datasets, backtests and proofs call `scan_sessions`. Both run `step_symbol`, so their
results are equal bit for bit (DESIGN law 3). Adding a family is one file, one line in `FAMILIES` and one in `step_symbol`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from itertools import accumulate
from typing import Final

import numpy as np
import numpy.typing as npt
from numba import njit, prange

from tradebot.core.domain.bars import MarketGrid
from tradebot.core.features import macd, price, volume, vwap, window
from tradebot.core.features.feature import SESSION, Feature
from tradebot.core.features.rows import grid_rows

Float = npt.NDArray[np.float64]
Int = npt.NDArray[np.int64]
Bool = npt.NDArray[np.bool_]

FAMILIES: Final = (price, vwap, macd, volume)
FEATURES: Final[tuple[Feature, ...]] = tuple(feature for family in FAMILIES for feature in family.FEATURES)
FEATURE_COUNT: Final = len(FEATURES)

# A symbol's memory: bars seen since the last reset, the last session, the window of bars, then each family's own.
_COUNT, _LAST_SESSION, _WINDOW_S = 0, 1, 2
_S = tuple(accumulate((f.STATE_WIDTH for f in FAMILIES), initial=_WINDOW_S + window.STATE_WIDTH))
_F = tuple(accumulate((len(f.FEATURES) for f in FAMILIES), initial=0))
STATE_WIDTH: Final = _S[-1]

# Longer without a bar than this and memory of the old level misleads more than it helps: start again from nothing.
_FORGET_AFTER_MINUTES = 10.0 * 24 * 60
_WARM_UP = np.array([f.warm_up_bars for f in FEATURES], np.float64)
LONGEST_WARM_UP: Final = int(_WARM_UP.max())
_PARALLEL_FROM_SYMBOLS = 512  # fewer are done before a second thread has woken up


@njit(cache=True, error_model="numpy")
def step_symbol(state: Float, row: Float, out: Float) -> None:
    """One bar of one symbol: `state` (S,), `row` (R,), `out` (F,). Reads nothing but the past and this row."""
    if row[SESSION] - state[_LAST_SESSION] > _FORGET_AFTER_MINUTES:
        state[:] = 0.0
    state[_LAST_SESSION] = row[SESSION]
    state[_COUNT] += 1.0
    end = window.push(state, _WINDOW_S, row)
    price.step(state, _S[0], end, row, out, _F[0])
    vwap.step(state, _S[1], end, row, out, _F[1])
    macd.step(state, _S[2], end, row, out, _F[2])
    volume.step(state, _S[3], end, row, out, _F[3])
    if state[_COUNT] < LONGEST_WARM_UP:
        for f in range(len(_WARM_UP)):
            if state[_COUNT] < _WARM_UP[f]:
                out[f] = np.nan


@njit(cache=True, error_model="numpy")
def _step_or_skip(state: Float, row: Float, present: bool, out: Float) -> int:
    """`step_symbol` where there is a bar, else NaN; the bars seen since the reset, 0 without a bar."""
    if not present:
        out[:] = np.nan
        return 0
    step_symbol(state, row, out)
    return int(state[_COUNT])


@njit(cache=True, error_model="numpy")
def _step_all(state: Float, rows: Float, present: Bool, out: Float, seen: Int) -> None:
    for n in range(len(present)):
        seen[n] = _step_or_skip(state[n], rows[n], present[n], out[n])


@njit(cache=True, error_model="numpy", parallel=True)
def _step_all_in_parallel(state: Float, rows: Float, present: Bool, out: Float, seen: Int) -> None:
    for n in prange(len(present)):
        seen[n] = _step_or_skip(state[n], rows[n], present[n], out[n])


@njit(cache=True, error_model="numpy")
def _scan(state: Float, rows: Float, present: Bool, out: Float, seen: Int) -> None:
    """T minutes, symbol by symbol: a symbol's memory stays in the processor's cache."""
    minutes, symbols = present.shape
    for n in range(symbols):
        for t in range(minutes):
            seen[t, n] = _step_or_skip(state[n], rows[t, n], present[t, n], out[t, n])


def step_minute(state: Float, rows: Float, present: Bool, out: Float, seen: Int) -> None:
    """One minute of all symbols: `state` (N, S), `rows` (N, R), `out` (N, F), `seen` (N,) bars since reset.

    A symbol without a bar keeps its memory, gets NaN features and `seen` 0. Many symbols are shared among the machine's threads;
    symbols don't touch each other, so the result doesn't depend on it.
    """
    step = _step_all if len(present) < _PARALLEL_FROM_SYMBOLS else _step_all_in_parallel
    step(state, rows, present, out, seen)


def scan_minutes(state: Float, rows: Float, present: Bool, out: Float, seen: Int) -> None:
    """`step_minute` over T minutes: `rows` (T, N, R), `out` (T, N, F), `seen` (T, N)."""
    _scan(state, rows, present, out, seen)


def new_state(symbols: int) -> Float:
    """Memory of symbols that have seen nothing, (N, S)."""
    return np.zeros((symbols, STATE_WIDTH))


def scan_sessions(grid: MarketGrid, state: Float | None = None) -> Iterator[tuple[slice, Float, Int]]:
    """Session by session: its rows in the grid, values (t, N, F) and bars seen (t, N). Memory is one session's, whatever the history.

    The arrays are the caller's until the next step of the iterator. `state` (N, S) is moved on; None starts cold.
    """
    memory = new_state(len(grid.symbols)) if state is None else state
    edges = np.searchsorted(grid.session_of, np.arange(len(grid.sessions) + 1))
    for start, stop in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True):
        out = np.empty((stop - start, len(grid.symbols), FEATURE_COUNT))
        seen = np.zeros((stop - start, len(grid.symbols)), np.int64)
        scan_minutes(memory, grid_rows(grid, start, stop), grid.present[start:stop], out, seen)
        yield slice(start, stop), out, seen


def scan_features(grid: MarketGrid, names: tuple[str, ...] | None = None) -> tuple[Float, Bool]:
    """Columns `names` (all by default) over a grid from a cold start: values (T, N, F) and `valid` (T, N).

    A minute is valid where every column asked for is finite: there was a bar, every warm-up is over, every input was there.
    """
    columns = column_index(names if names is not None else tuple(f.name for f in FEATURES))
    values = np.empty((*grid.present.shape, len(columns)))
    for rows, session, _ in scan_sessions(grid):
        values[rows] = session[:, :, columns]
    return values, finite_rows(values)


def finite_rows(values: Float) -> Bool:
    """Where every column of (..., F) is finite, (...)."""
    return np.asarray(np.isfinite(values).all(axis=-1), np.bool_)


def column_index(names: tuple[str, ...]) -> Int:
    """Columns of `names` in FEATURES order. Raises KeyError with the unknown name."""
    index = {f.name: i for i, f in enumerate(FEATURES)}
    return np.array([index[name] for name in names], np.int64)


def family_of(name: str) -> str:
    """The family, named as its file. Raises KeyError."""
    for family in FAMILIES:
        if any(f.name == name for f in family.FEATURES):
            return family.__name__.rpartition(".")[2]
    raise KeyError(name)


def warm_up_bars(names: tuple[str, ...]) -> int:
    """Bars a symbol must have seen before all of `names` are valid."""
    wanted = set(names)
    return max(f.warm_up_bars for f in FEATURES if f.name in wanted)


def schema_hash(names: tuple[str, ...]) -> str:
    """Identity of a feature list: names, order, formulas and versions. A model refuses to serve under another."""
    by_name = {f.name: f for f in FEATURES}
    rows = [(n, by_name[n].formula, by_name[n].version) for n in names]
    return hashlib.sha256(json.dumps(rows).encode()).hexdigest()[:16]
