"""The FEATURES tuple, the compiled step over all families, and the scan that is that same step in a loop.

Live calls `step_minute` once a minute; datasets, backtests and proofs call `scan`. Both run `step_symbol`, so their
results are equal bit for bit (DESIGN law 3).
"""

from __future__ import annotations

import hashlib
import json
from typing import Final

import numpy as np
import numpy.typing as npt
from numba import njit

from tradebot.core.domain.bars import MarketGrid
from tradebot.core.domain.units import NS_PER_MINUTE, UNITS_PER_USD
from tradebot.core.features import macd, price, volume, vwap
from tradebot.core.features.feature import ROW_WIDTH, SESSION, Feature

Float = npt.NDArray[np.float64]
Int = npt.NDArray[np.int64]
Bool = npt.NDArray[np.bool_]

FEATURES: Final[tuple[Feature, ...]] = (*price.FEATURES, *vwap.FEATURES, *macd.FEATURES, *volume.FEATURES)
FEATURE_COUNT: Final = len(FEATURES)

# A symbol's memory: bars seen since the last reset, the last session, then each family's own.
_COUNT, _LAST_SESSION = 0, 1
_PRICE_S = 2
_VWAP_S = _PRICE_S + price.STATE_WIDTH
_MACD_S = _VWAP_S + vwap.STATE_WIDTH
_VOLUME_S = _MACD_S + macd.STATE_WIDTH
STATE_WIDTH: Final = _VOLUME_S + volume.STATE_WIDTH

_VWAP_F = len(price.FEATURES)
_MACD_F = _VWAP_F + len(vwap.FEATURES)
_VOLUME_F = _MACD_F + len(macd.FEATURES)

# Longer without a bar than this and memory of the old level misleads more than it helps: start again from nothing.
_FORGET_AFTER_MINUTES = 10.0 * 24 * 60


@njit(cache=True)
def step_symbol(state: Float, row: Float, out: Float) -> None:
    """One bar of one symbol: `state` (S,), `row` (6,), `out` (F,). Reads nothing but the past and this row."""
    if row[SESSION] - state[_LAST_SESSION] > _FORGET_AFTER_MINUTES:
        state[:] = 0.0
    state[_LAST_SESSION] = row[SESSION]
    state[_COUNT] += 1.0
    price.step(state, _PRICE_S, row, out, 0)
    vwap.step(state, _VWAP_S, row, out, _VWAP_F)
    macd.step(state, _MACD_S, row, out, _MACD_F)
    volume.step(state, _VOLUME_S, row, out, _VOLUME_F)


@njit(cache=True)
def step_minute(
    state: Float,
    session_min: float,
    open_: Int,
    high: Int,
    low: Int,
    close: Int,
    volume_: Int,
    present: Bool,
    row: Float,
    out: Float,
    seen: Int,
) -> None:
    """One minute of all symbols: `state` (N, S), bars (N,), `row` (6,) scratch, `out` (N, F), `seen` (N,) bars since reset.

    A symbol without a bar keeps its memory, gets NaN features and `seen` 0.
    """
    for n in range(len(present)):
        if present[n]:
            row[0] = open_[n] / UNITS_PER_USD
            row[1] = high[n] / UNITS_PER_USD
            row[2] = low[n] / UNITS_PER_USD
            row[3] = close[n] / UNITS_PER_USD
            row[4] = volume_[n]
            row[5] = session_min
            step_symbol(state[n], row, out[n])
            seen[n] = np.int64(state[n, _COUNT])
        else:
            out[n, :] = np.nan
            seen[n] = 0


@njit(cache=True)
def scan(
    state: Float,
    session_min: Float,
    open_: Int,
    high: Int,
    low: Int,
    close: Int,
    volume_: Int,
    present: Bool,
    out: Float,
    seen: Int,
) -> None:
    """`step_minute` over T minutes: `session_min` (T,), bars (T, N), `out` (T, N, F), `seen` (T, N)."""
    row = np.empty(ROW_WIDTH)
    for t in range(len(session_min)):
        step_minute(state, session_min[t], open_[t], high[t], low[t], close[t], volume_[t], present[t], row, out[t], seen[t])


def new_state(symbols: int) -> Float:
    """Memory of symbols that have seen nothing, (N, S)."""
    return np.zeros((symbols, STATE_WIDTH))


def scan_features(grid: MarketGrid) -> tuple[Float, Bool]:
    """All features over a grid from a cold start: values (T, N, F) and `valid` (T, N), False until the longest warm-up is over."""
    minutes, symbols = grid.present.shape
    out = np.empty((minutes, symbols, FEATURE_COUNT))
    seen = np.zeros((minutes, symbols), np.int64)
    opens = np.array([s.open_ns for s in grid.sessions], np.int64)
    session_min = session_minutes(opens)[grid.session_of]
    scan(
        new_state(symbols), session_min, grid.open, grid.high, grid.low, grid.close, grid.volume, grid.present, out, seen
    )  # fmt: skip
    return out, seen >= warm_up_bars(tuple(f.name for f in FEATURES))


def session_minutes(open_ns: Int) -> Float:
    """A session's identity in the input row: its open in minutes since the epoch (exact in float64)."""
    return (open_ns // NS_PER_MINUTE).astype(np.float64)


def feature_names(set_name: str) -> tuple[str, ...]:
    """Names of a selectable set: `raw` (the eleven of the seed), `scale_free`, or `both`. Raises KeyError."""
    return {
        "raw": tuple(f.name for f in FEATURES if f.seed_raw),
        "scale_free": tuple(f.name for f in FEATURES if f.scale_free),
        "both": tuple(f.name for f in FEATURES),
    }[set_name]


def column_index(names: tuple[str, ...]) -> Int:
    """Columns of `names` in FEATURES order. Raises KeyError with the unknown name."""
    index = {f.name: i for i, f in enumerate(FEATURES)}
    return np.array([index[name] for name in names], np.int64)


def warm_up_bars(names: tuple[str, ...]) -> int:
    """Bars a symbol must have seen before all of `names` are valid."""
    wanted = set(names)
    return max(f.warm_up_bars for f in FEATURES if f.name in wanted)


def schema_hash(names: tuple[str, ...]) -> str:
    """Identity of a feature list: names, order, formulas and versions. A model refuses to serve under another."""
    by_name = {f.name: f for f in FEATURES}
    rows = [(n, by_name[n].formula, by_name[n].version) for n in names]
    return hashlib.sha256(json.dumps(rows).encode()).hexdigest()[:16]
