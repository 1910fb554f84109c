"""All that selection remembers between minutes. Arrays are aligned with the universe; the bandit is shared by all symbols."""

from __future__ import annotations

import msgspec
import numpy as np
import numpy.typing as npt

from tradebot.core.selection.bandit import new_bandit
from tradebot.core.selection.performance import LEDGER_WIDTH

Float = npt.NDArray[np.float64]
Int = npt.NDArray[np.int64]


class SelectionState(msgspec.Struct):
    """N symbols, K strategies, A = K + 1 arms (the last is flat), R regimes. To bytes and back with domain.events' hooks, exactly."""

    ledger: Float = np.zeros((0, 0, LEDGER_WIDTH))  # (N, K, W) hypothetical books, see performance.py
    marks: Float = np.zeros(0)  # (N,) last close, usd
    opens_ns: Int = np.zeros(0, np.int64)  # (N,) session of the last bar, -1 before the first
    bandit: Float = new_bandit(0, 0)  # (R, A, 3)
    chosen: Int = np.zeros(0, np.int64)  # (N,) arm of this hour, -1 = none yet
    regime: Int = np.zeros(0, np.int64)  # (N,) regime in which it was chosen
    propensities: Float = np.zeros((0, 1))  # (N, A) chances that it was drawn from, 0 where none was
    block_ns: int = -1  # decision minute of this hour
    minute_ns: int = -1  # the newest minute

    def watch(self, kept: Int) -> None:
        """A new universe: row n is what was row `kept[n]`, or a symbol never seen where that is -1. The bandit stays.

        A ledger of a version that kept other columns is begun anew.
        """
        fresh = new_selection(len(kept), self.ledger.shape[1], len(self.bandit))
        stays = kept >= 0
        for name in ("ledger", "marks", "opens_ns", "chosen", "regime", "propensities"):
            rows, past = getattr(fresh, name), getattr(self, name)
            if rows.shape[1:] == past.shape[1:]:
                rows[stays] = past[kept[stays]]
            setattr(self, name, rows)


def new_selection(symbols: int, strategies: int, regimes: int) -> SelectionState:
    """Memory of a universe that has not traded yet."""
    return SelectionState(
        ledger=np.zeros((symbols, strategies, LEDGER_WIDTH)),
        marks=np.zeros(symbols),
        opens_ns=np.full(symbols, -1, np.int64),
        bandit=new_bandit(regimes, strategies),
        chosen=np.full(symbols, -1, np.int64),
        regime=np.full(symbols, -1, np.int64),
        propensities=np.zeros((symbols, strategies + 1)),
    )
