"""A price that jumps absurdly opens nothing until the next bar confirms it (FIELD.md F52: a print a hundred times too high).

    far(a, b)  =  a / b > 1 + jump_max  or  a / b < 1 / (1 + jump_max)
    jumped     =  far(close, last close)  and not (a quote stands at the bar's start and its middle is not far from the close)

The bar after the jump is compared with the jump itself: near it, the level is confirmed; back where it came from, it has jumped again.
Works on a minute (N,) and on a history (T, N) alike. Reducing risk asks none of this.
"""

from __future__ import annotations

from collections.abc import MutableSequence
from typing import Final

import numpy as np
import numpy.typing as npt

from tradebot.core.domain.bars import TAPE, MarketGrid
from tradebot.core.domain.units import usd_text

Bool = npt.NDArray[np.bool_]
Int = npt.NDArray[np.int64]

BID: Final = TAPE.index("bid")
ASK: Final = TAPE.index("ask")


def price_jumped(close: Int, last: Int, present: Bool, tape: Int | None, jump_max: float) -> Bool:
    """Where a bar's close is not to be believed yet. Prices in units; `last` is the close before, 0 = none; `tape` (..., 5).

    A `jump_max` of 0 believes everything.
    """
    known = present & (last > 0)
    if jump_max <= 0 or not known.any():
        return np.zeros(close.shape, np.bool_)
    jumped = known & _far(close, np.where(known, last, 1), jump_max)
    if tape is not None and jumped.any():
        bid, ask = tape[..., BID], tape[..., ASK]
        stands = (bid > 0) & (ask >= bid)
        jumped &= ~(stands & ~_far(close, np.where(stands, (bid + ask) / 2, 1.0), jump_max))
    return np.asarray(jumped, np.bool_)


def history_jumped(grid: MarketGrid, jump_max: float) -> Bool:
    """`price_jumped` of every minute of a grid, (T, N)."""
    row = np.arange(len(grid.minute_ns))[:, None]
    newest = np.maximum.accumulate(np.where(grid.present, row, -1), axis=0)  # the row of the last bar up to this one
    before = np.vstack([np.full((1, newest.shape[1]), -1), newest[:-1]])[: len(newest)]
    last = np.where(before >= 0, np.take_along_axis(grid.close, np.maximum(before, 0), axis=0), 0) if len(newest) else grid.close
    return price_jumped(grid.close, last, grid.present, grid.tape, jump_max)


def refuse_jumps(reasons: MutableSequence[str], jumped: Bool, close: Int, last: Int) -> None:
    """A reason against each candidate whose price has jumped, in place."""
    for n in np.flatnonzero(jumped).tolist():
        if not reasons[n]:
            reasons[n] = jump_reason(int(close[n]), int(last[n]))


def jump_reason(close: int, last: int) -> str:
    return f"price {usd_text(close)} after {usd_text(last)}: not confirmed by the next bar yet"


def _far(close: Int, other: npt.NDArray[np.float64] | Int, jump_max: float) -> Bool:
    ratio = close / other
    return np.asarray((ratio > 1 + jump_max) | (ratio < 1 / (1 + jump_max)), np.bool_)
