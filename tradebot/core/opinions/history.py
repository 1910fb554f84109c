"""Opinions of a whole history: the live stages over every minute of a grid, so that a backtest needs no event for each.

`classifier_history` is `by_classifier` for T minutes: the same features, the same model, whole sessions at a time. A model answers the
same for a row alone and in a batch (core/forecast/model.py), so both agree bit for bit.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from tradebot.core.domain.bars import TAPE, MarketGrid
from tradebot.core.domain.tape import TRADES
from tradebot.core.features.catalogue import families_of, finite_rows, new_state, scan_sessions
from tradebot.core.forecast.predict import confidences
from tradebot.core.opinions.mind import ServedModel

Float = npt.NDArray[np.float64]
Int = npt.NDArray[np.int64]
Bool = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Opinions:
    """What was thought of every symbol at every minute, (T, N) each. `leading` and `regime` place a name, -1 = none.

    `valid`: where a position may be opened; `exits`: where one that is held is no longer wanted.
    """

    conviction: Float
    valid: Bool
    exits: Bool | None = None
    leading: Int | None = None
    strategies: tuple[str, ...] = ()
    regime: Int | None = None
    regimes: tuple[str, ...] = ()


def as_perceived(grid: MarketGrid, first_minute: int) -> MarketGrid:
    """The grid as the engine sees it: minutes before `first_minute` are history, which comes without quotes (core/domain/tape.py)."""
    if grid.tape is None or first_minute == 0:
        return grid
    tape = grid.tape.copy()
    tape[:first_minute, :, [i for i in range(len(TAPE)) if i != TRADES]] = 0
    return replace(grid, tape=tape)


def classifier_history(grid: MarketGrid, served: ServedModel) -> Opinions:
    """A classifier's confidence in each symbol at each minute, from a cold start at the grid's first row."""
    conviction = np.full(grid.present.shape, np.nan)
    valid = np.zeros(grid.present.shape, np.bool_)
    memory = new_state(len(grid.symbols), families_of(served.model.features))
    for rows, values, _ in scan_sessions(grid, memory):
        flat = values.reshape(-1, values.shape[-1])
        sound = finite_rows(flat[:, served.columns])
        conviction[rows] = confidences(served.model, flat, served.columns, sound).reshape(values.shape[:2])
        valid[rows] = sound.reshape(values.shape[:2])
    return Opinions(conviction, valid)
