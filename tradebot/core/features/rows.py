"""Bars to input rows: integers of the domain to the floats that the steps read. The same code for one minute and for a history."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from numba import njit

from tradebot.core.domain.bars import MACRO, TAPE, Bool, Float, Int, MarketGrid
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

_NO_TAPE = np.zeros((0, 0, len(TAPE)), np.int64)
_NO_MACRO = np.full((1, len(MACRO)), np.nan)


def minute_rows(minute: MinuteClosed, session: Session) -> Float:
    """One minute of all symbols, (N, R)."""
    rows: Float = np.empty((1, len(minute.symbols), ROW_WIDTH))
    stamps = np.array([[session.open_ns, session.close_ns, minute.minute_ns]], np.int64)
    _fill(
        rows, minute.open[None], minute.high[None], minute.low[None], minute.close[None], minute.volume[None], minute.present[None],
        _NO_TAPE if minute.tape is None else minute.tape[None], _NO_MACRO if minute.macro is None else minute.macro[None], stamps,
        _reference(minute.symbols),
    )  # fmt: skip
    return rows.reshape(rows.shape[1:])


def grid_rows(grid: MarketGrid, start: int, stop: int) -> Float:
    """Minutes `start` to `stop` of a grid, (T, N, R)."""
    rows = np.empty((stop - start, len(grid.symbols), ROW_WIDTH))
    part, day = slice(start, stop), grid.session_of[start:stop]
    opens = np.array([s.open_ns for s in grid.sessions], np.int64)[day]
    closes = np.array([s.close_ns for s in grid.sessions], np.int64)[day]
    _fill(
        rows, grid.open[part], grid.high[part], grid.low[part], grid.close[part], grid.volume[part], grid.present[part],
        _NO_TAPE if grid.tape is None else grid.tape[part], _NO_MACRO if grid.macro is None else grid.macro[day],
        np.stack([opens, closes, grid.minute_ns[part]], axis=1), _reference(grid.symbols),
    )  # fmt: skip
    return rows


def _reference(symbols: tuple[str, ...]) -> int:
    return symbols.index(REFERENCE_SYMBOL) if REFERENCE_SYMBOL in symbols else -1


@njit(cache=True, error_model="numpy")
def _fill(
    rows: Float,
    open_: Int,
    high: Int,
    low: Int,
    close: Int,
    volume: Int,
    present: Bool,
    tape: Int,
    macro: Float,
    stamps_ns: npt.NDArray[np.int64],
    reference: int,
) -> None:
    """Bars (T, N) into `rows` (T, N, R); `tape` (T, N, 5) or none, `macro` (T, 3) or (1, 3), `stamps_ns` (T, 3): open, close, minute."""
    minutes, symbols = present.shape
    for t in range(minutes):
        known = np.nan
        if reference >= 0 and present[t, reference]:
            known = close[t, reference] / UNITS_PER_USD
        for n in range(symbols):
            row = rows[t, n]
            row[OPEN] = open_[t, n] / UNITS_PER_USD
            row[HIGH] = high[t, n] / UNITS_PER_USD
            row[LOW] = low[t, n] / UNITS_PER_USD
            row[CLOSE] = close[t, n] / UNITS_PER_USD
            row[VOLUME] = volume[t, n]
            row[SESSION] = stamps_ns[t, 0] // NS_PER_MINUTE
            row[SESSION_END] = stamps_ns[t, 1] // NS_PER_MINUTE
            row[MINUTE] = stamps_ns[t, 2] // NS_PER_MINUTE
            row[TRADES:REFERENCE] = np.nan
            if len(tape):
                seen = tape[t, n]
                if seen[0] > 0:
                    row[BID] = seen[0] / UNITS_PER_USD
                if seen[1] > 0:
                    row[ASK] = seen[1] / UNITS_PER_USD
                if seen[2] > 0:
                    row[TRADES] = seen[2]
                if seen[3] > 0:
                    row[BID_SIZE] = seen[3]
                if seen[4] > 0:
                    row[ASK_SIZE] = seen[4]
            row[REFERENCE] = known
            row[VIX:] = macro[t if len(macro) > 1 else 0]
