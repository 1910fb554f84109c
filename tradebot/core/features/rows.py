"""Bars to input rows: integers of the domain to the floats that the steps read. The same code for one minute and for a history."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from tradebot.core.domain.bars import MarketGrid
from tradebot.core.domain.events import MinuteClosed
from tradebot.core.domain.session import Session
from tradebot.core.domain.units import NS_PER_MINUTE, UNITS_PER_USD
from tradebot.core.features.feature import (
    ASK,
    ASK_SIZE,
    BID,
    BID_SIZE,
    CLOSE,
    HIGH,
    LOW,
    MINUTE,
    OPEN,
    REFERENCE,
    REFERENCE_SYMBOL,
    ROW_WIDTH,
    SESSION,
    SESSION_END,
    TRADES,
    VIX,
    VOLUME,
)

Float = npt.NDArray[np.float64]
_TAPE_COLUMNS = (BID, ASK, TRADES, BID_SIZE, ASK_SIZE)  # in the order of domain/bars.py TAPE


def minute_rows(minute: MinuteClosed, session: Session) -> Float:
    """One minute of all symbols, (N, R)."""
    rows = np.full((len(minute.symbols), ROW_WIDTH), np.nan)
    stamps = np.array([session.open_ns, session.close_ns, minute.minute_ns], np.int64)
    _fill(rows, minute, stamps, minute.symbols, minute.macro)
    return rows


def grid_rows(grid: MarketGrid, start: int, stop: int) -> Float:
    """Minutes `start` to `stop` of a grid, (T, N, R)."""
    rows = np.full((stop - start, len(grid.symbols), ROW_WIDTH), np.nan)
    part = _Part(grid, start, stop)
    day = grid.session_of[start:stop]
    opens = np.array([s.open_ns for s in grid.sessions], np.int64)[day]
    closes = np.array([s.close_ns for s in grid.sessions], np.int64)[day]
    stamps = np.stack([opens, closes, grid.minute_ns[start:stop]])[:, :, None]
    _fill(rows, part, stamps, grid.symbols, None if grid.macro is None else grid.macro[day][:, None, :])
    return rows


class _Part:
    """Some minutes of a grid, with the fields of a MinuteClosed."""

    def __init__(self, grid: MarketGrid, start: int, stop: int) -> None:
        self.open, self.high, self.low = grid.open[start:stop], grid.high[start:stop], grid.low[start:stop]
        self.close, self.volume, self.present = grid.close[start:stop], grid.volume[start:stop], grid.present[start:stop]
        self.tape = None if grid.tape is None else grid.tape[start:stop]


def _fill(rows: Float, bars: MinuteClosed | _Part, stamps_ns: npt.NDArray[np.int64], symbols: tuple[str, ...], macro: Float | None) -> None:
    """Write `rows` (..., N, R) from bars (..., N); `stamps_ns` (3, ..., 1) are session open, session close and the minute."""
    for column, units in ((OPEN, bars.open), (HIGH, bars.high), (LOW, bars.low), (CLOSE, bars.close)):
        rows[..., column] = units / UNITS_PER_USD
    rows[..., VOLUME] = bars.volume
    for column, stamp in zip((SESSION, SESSION_END, MINUTE), stamps_ns // NS_PER_MINUTE, strict=True):
        rows[..., column] = stamp
    if bars.tape is not None:
        for i, column in enumerate(_TAPE_COLUMNS):
            known = bars.tape[..., i]
            scale = UNITS_PER_USD if column in (BID, ASK) else 1
            rows[..., column] = np.where(known > 0, known / scale, np.nan)
    if REFERENCE_SYMBOL in symbols:
        n = symbols.index(REFERENCE_SYMBOL)
        here = np.where(bars.present[..., n], bars.close[..., n] / UNITS_PER_USD, np.nan)
        rows[..., REFERENCE] = here[..., None]
    if macro is not None:
        rows[..., VIX : VIX + macro.shape[-1]] = macro
