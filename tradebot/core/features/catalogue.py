"""The FEATURES tuple, the compiled step over all families, and the scan that is that same step in a loop.

Live calls `step_minute` once a minute; datasets, backtests and proofs call `scan_sessions`. Both run one compiled loop, so their
results are equal bit for bit (DESIGN law 3). Adding a family is one file, one line in `FAMILIES` and one in `_step_symbol`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from itertools import accumulate
from typing import Final

import numpy as np
import numpy.typing as npt
from numba import njit

from tradebot.core.domain.bars import MarketGrid
from tradebot.core.features import (
    bands,
    breakouts,
    candles,
    clock,
    cross_asset,
    cross_section,
    daily,
    dependence,
    directional,
    entropy,
    filters,
    frames,
    lags,
    levels,
    ma,
    ma_smoothed,
    macd,
    macro,
    microstructure,
    momentum,
    oscillators,
    oscillators_range,
    oscillators_smoothed,
    price,
    signal_strength,
    statistics,
    tape,
    trend,
    trend_stops,
    volatility,
    volatility_range,
    volume,
    volume_flow,
    vwap,
    window,
)
from tradebot.core.features.feature import SESSION, Feature
from tradebot.core.features.rows import grid_rows
from tradebot.core.kernels.kernel import threaded_kernel
from tradebot.core.kernels.parts import in_parts

Float = npt.NDArray[np.float64]
Int = npt.NDArray[np.int64]
Bool = npt.NDArray[np.bool_]

FAMILIES: Final = (
    price,
    momentum,
    volatility,
    volatility_range,
    volume,
    volume_flow,
    vwap,
    microstructure,
    tape,
    signal_strength,
    clock,
    ma,
    ma_smoothed,
    macd,
    trend,
    trend_stops,
    directional,
    oscillators,
    oscillators_range,
    oscillators_smoothed,
    bands,
    candles,
    breakouts,
    levels,
    statistics,
    dependence,
    entropy,
    filters,
    frames,
    daily,
    cross_asset,
    macro,
    lags,
)
_OF_ONE_SYMBOL: Final[tuple[Feature, ...]] = tuple(feature for family in FAMILIES for feature in family.FEATURES)
_ACROSS: Final = cross_section.features({feature.name: feature for feature in _OF_ONE_SYMBOL})
FEATURES: Final[tuple[Feature, ...]] = (*_OF_ONE_SYMBOL, *_ACROSS)
FEATURE_COUNT: Final = len(FEATURES)

# A symbol's memory: bars seen since the last reset, the last session, the families that it keeps (a bit each, by their place in
# FAMILIES), the window of bars, then each family's own.
_COUNT, _LAST_SESSION, _FAMILIES, _WINDOW_S = 0, 1, 2, 3
ALL_FAMILIES: Final = (1 << len(FAMILIES)) - 1
_S = tuple(accumulate((f.STATE_WIDTH for f in FAMILIES), initial=_WINDOW_S + window.STATE_WIDTH))
_F = tuple(accumulate((len(f.FEATURES) for f in FAMILIES), initial=0))
STATE_WIDTH: Final = _S[-1]
_PLACES = np.array(_F, np.int64)

_ACROSS_F = len(_OF_ONE_SYMBOL)
_ACROSS_SOURCES = np.array([[f.name for f in _OF_ONE_SYMBOL].index(name) for name in cross_section.SOURCES], np.int64)

# Longer without a bar than this and memory of the old level misleads more than it helps: start again from nothing.
_FORGET_AFTER_MINUTES = 10.0 * 24 * 60
_WARM_UP = np.array([f.warm_up_bars for f in FEATURES], np.float64)
LONGEST_WARM_UP: Final = int(_WARM_UP.max())
_PART_SYMBOLS_MIN = 256  # fewer are done before a second thread has woken up


@njit(error_model="numpy", inline="always")
def _step_symbol(state: Float, row: Float, out: Float) -> None:  # noqa: PLR0915  (a line for each family)
    """One bar of one symbol: `state` (S,), `row` (R,), `out` (F,). Reads nothing but the past and this row."""
    if row[SESSION] - state[_LAST_SESSION] > _FORGET_AFTER_MINUTES:
        kept = state[_FAMILIES]
        state[:] = 0.0
        state[_FAMILIES] = kept
    families = int(state[_FAMILIES])
    state[_LAST_SESSION] = row[SESSION]
    state[_COUNT] += 1.0
    end = window.push(state, _WINDOW_S, row)
    if families >> 0 & 1:
        price.step(state, _S[0], end, row, out, _F[0])
    if families >> 1 & 1:
        momentum.step(state, _S[1], end, row, out, _F[1])
    if families >> 2 & 1:
        volatility.step(state, _S[2], end, row, out, _F[2])
    if families >> 3 & 1:
        volatility_range.step(state, _S[3], end, row, out, _F[3])
    if families >> 4 & 1:
        volume.step(state, _S[4], end, row, out, _F[4])
    if families >> 5 & 1:
        volume_flow.step(state, _S[5], end, row, out, _F[5])
    if families >> 6 & 1:
        vwap.step(state, _S[6], end, row, out, _F[6])
    if families >> 7 & 1:
        microstructure.step(state, _S[7], end, row, out, _F[7])
    if families >> 8 & 1:
        tape.step(state, _S[8], end, row, out, _F[8])
    if families >> 9 & 1:
        signal_strength.step(state, _S[9], end, row, out, _F[9])
    if families >> 10 & 1:
        clock.step(state, _S[10], end, row, out, _F[10])
    if families >> 11 & 1:
        ma.step(state, _S[11], end, row, out, _F[11])
    if families >> 12 & 1:
        ma_smoothed.step(state, _S[12], end, row, out, _F[12])
    if families >> 13 & 1:
        macd.step(state, _S[13], end, row, out, _F[13])
    if families >> 14 & 1:
        trend.step(state, _S[14], end, row, out, _F[14])
    if families >> 15 & 1:
        trend_stops.step(state, _S[15], end, row, out, _F[15])
    if families >> 16 & 1:
        directional.step(state, _S[16], end, row, out, _F[16])
    if families >> 17 & 1:
        oscillators.step(state, _S[17], end, row, out, _F[17])
    if families >> 18 & 1:
        oscillators_range.step(state, _S[18], end, row, out, _F[18])
    if families >> 19 & 1:
        oscillators_smoothed.step(state, _S[19], end, row, out, _F[19])
    if families >> 20 & 1:
        bands.step(state, _S[20], end, row, out, _F[20])
    if families >> 21 & 1:
        candles.step(state, _S[21], end, row, out, _F[21])
    if families >> 22 & 1:
        breakouts.step(state, _S[22], end, row, out, _F[22])
    if families >> 23 & 1:
        levels.step(state, _S[23], end, row, out, _F[23])
    if families >> 24 & 1:
        statistics.step(state, _S[24], end, row, out, _F[24])
    if families >> 25 & 1:
        dependence.step(state, _S[25], end, row, out, _F[25])
    if families >> 26 & 1:
        entropy.step(state, _S[26], end, row, out, _F[26])
    if families >> 27 & 1:
        filters.step(state, _S[27], end, row, out, _F[27])
    if families >> 28 & 1:
        frames.step(state, _S[28], end, row, out, _F[28])
    if families >> 29 & 1:
        daily.step(state, _S[29], end, row, out, _F[29])
    if families >> 30 & 1:
        cross_asset.step(state, _S[30], end, row, out, _F[30])
    if families >> 31 & 1:
        macro.step(state, _S[31], end, row, out, _F[31])
    if families >> 32 & 1:
        lags.step(state, _S[32], end, row, out, _F[32])
    if state[_COUNT] < LONGEST_WARM_UP:
        for f in range(len(_WARM_UP)):
            if state[_COUNT] < _WARM_UP[f]:
                out[f] = np.nan
    if families != ALL_FAMILIES:
        for k in range(len(_PLACES) - 1):
            if not families >> k & 1:
                out[_PLACES[k] : _PLACES[k + 1]] = np.nan


@threaded_kernel
def _step_symbols(state: Float, rows: Float, present: Bool, out: Float, seen: Int, first: int, end: int) -> None:
    """T minutes of symbols `first`..`end`, symbol by symbol, so that a symbol's memory stays in the processor's cache."""
    for n in range(first, end):
        for t in range(len(present)):
            if present[t, n]:
                _step_symbol(state[n], rows[t, n], out[t, n])
                seen[t, n] = int(state[n, _COUNT])
            else:
                out[t, n, :] = np.nan
                seen[t, n] = 0


@njit(cache=True, error_model="numpy", nogil=True)
def _compare_symbols(out: Float, present: Bool, sources: Int, f: int, first: int, end: int) -> None:
    """T minutes of the source columns `first`..`end`: where each symbol stands among all."""
    scratch = cross_section.new_scratch(present.shape[1])
    for t in range(len(present)):
        cross_section.step(out[t], present[t], sources[first:end], f + 2 * first, scratch)


def step_minutes(state: Float, rows: Float, present: Bool, out: Float, seen: Int) -> None:
    """T minutes of all symbols: `state` (N, S), `rows` (T, N, R), `present` (T, N), `out` (T, N, F), `seen` (T, N) bars since reset.

    A symbol without a bar keeps its memory, gets NaN features and `seen` 0.
    """
    minutes, symbols = present.shape
    in_parts(lambda a, b: _step_symbols(state, rows, present, out, seen, a, b), symbols, _PART_SYMBOLS_MIN)
    part = 1 if minutes * symbols > _PART_SYMBOLS_MIN else len(_ACROSS_SOURCES)
    in_parts(lambda a, b: _compare_symbols(out, present, _ACROSS_SOURCES, _ACROSS_F, a, b), len(_ACROSS_SOURCES), part)


def step_minute(state: Float, rows: Float, present: Bool, out: Float, seen: Int) -> None:
    """`step_minutes` of one minute: `rows` (N, R), `present` (N,), `out` (N, F), `seen` (N,)."""
    step_minutes(state, rows[None], present[None], out[None], seen[None])


def new_state(symbols: int, families: int = ALL_FAMILIES) -> Float:
    """Memory of symbols that have seen nothing, (N, S), which keeps some of the families: the columns of the others are NaN."""
    state = np.zeros((symbols, STATE_WIDTH))
    state[:, _FAMILIES] = families
    return state


def families_of(names: Iterable[str]) -> int:
    """The families that these columns need, a bit each."""
    wanted = set(names)
    for across in _ACROSS:
        if across.name in wanted:
            wanted.add(across.name.partition("_")[2])
    return sum(1 << k for k, family in enumerate(FAMILIES) if any(f.name in wanted for f in family.FEATURES))


def scan_sessions(grid: MarketGrid, state: Float | None = None) -> Iterator[tuple[slice, Float, Int]]:
    """Session by session: its rows in the grid, values (t, N, F) and bars seen (t, N). Memory is one session's, whatever the history.

    The arrays are the caller's until the next step of the iterator. `state` (N, S) is moved on; None starts cold.
    """
    memory = new_state(len(grid.symbols)) if state is None else state
    edges = np.searchsorted(grid.session_of, np.arange(len(grid.sessions) + 1))
    for start, stop in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True):
        out = np.empty((stop - start, len(grid.symbols), FEATURE_COUNT))
        seen = np.zeros((stop - start, len(grid.symbols)), np.int64)
        step_minutes(memory, grid_rows(grid, start, stop), grid.present[start:stop], out, seen)
        yield slice(start, stop), out, seen


def scan_features(grid: MarketGrid, names: tuple[str, ...] | None = None) -> tuple[Float, Bool]:
    """Columns `names` (all by default) over a grid from a cold start: values (T, N, F) and `valid` (T, N).

    A minute is valid where every column asked for is finite: there was a bar, every warm-up is over, every input was there.
    """
    wanted = names if names is not None else tuple(f.name for f in FEATURES)
    columns = column_index(wanted)
    values = np.empty((*grid.present.shape, len(columns)))
    for rows, session, _ in scan_sessions(grid, new_state(len(grid.symbols), families_of(wanted))):
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
    for family, features in (*((family, family.FEATURES) for family in FAMILIES), (cross_section, _ACROSS)):
        if any(f.name == name for f in features):
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
