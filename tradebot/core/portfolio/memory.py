"""What sizing remembers between minutes. Arrays are aligned with the universe; empty where a profile's sizes need no memory."""

from __future__ import annotations

from typing import Final

import msgspec
import numpy as np
import numpy.typing as npt

from tradebot.core.portfolio import pairs, volatility
from tradebot.core.portfolio.margin import MarginState

Float = npt.NDArray[np.float64]
Int = npt.NDArray[np.int64]
Bool = npt.NDArray[np.bool_]


SESSIONS_KEPT: Final = 252


class SizingState(msgspec.Struct):
    """To bytes and back with domain.events' hooks, exactly."""

    memory: Float = np.zeros((0, volatility.WIDTH))  # (N, W)
    seen: Float = np.zeros((0, volatility.SEEN))  # (N, 3) of the last minute, see volatility.py
    pairs: Float = np.zeros((0, 0, pairs.WIDTH))  # (N, N, 4), only where sizes depend on the portfolio
    totals: Float = np.zeros((0, 0))  # (N, K) what each strategy had earned in all when the session before ended
    sessions: Float = np.zeros((0, 0))  # (D, K) what each earned in each session since, a mean over symbols
    strategy_shares: Float = np.zeros(0)  # (K,) in this session, see combination.py
    session_ns: int = -1  # its open
    margin: MarginState = msgspec.field(default_factory=MarginState)

    def watch(self, kept: Int) -> None:
        """A new universe: row n is what was row `kept[n]`, or a symbol never seen where that is -1."""
        self.margin.watch(kept)
        stays = np.flatnonzero(kept >= 0)
        past = kept[stays]
        if len(self.memory):
            memory, seen = volatility.new_memory(len(kept)), volatility.nothing_seen(len(kept))
            memory[stays], seen[stays] = self.memory[past], self.seen[past]
            self.memory, self.seen = memory, seen
        if len(self.pairs):
            self.pairs = _rearranged(self.pairs, stays, past, len(kept))
        if len(self.totals):
            totals = np.zeros((len(kept), self.totals.shape[1]))
            totals[stays] = self.totals[past]
            self.totals = totals

    def step(self, minute: int, open_minute: int, close: Int, present: Bool, *, with_pairs: bool) -> None:
        """One minute of all symbols: minutes since 1970 of its start and of its session's open, closes (N,) in any one currency unit."""
        if self.memory.shape != (len(close), volatility.WIDTH):
            self.memory, self.seen = volatility.new_memory(len(close)), volatility.nothing_seen(len(close))
        volatility.volatility_step(self.memory, minute, open_minute, close, present, self.seen)
        if with_pairs:
            if self.pairs.shape != (len(close), len(close), pairs.WIDTH):
                self.pairs = pairs.new_pairs(len(close))
            pairs.pairs_step(self.pairs, self.memory)

    def forget_strategies(self) -> None:
        """Others are remembered from now on."""
        self.totals, self.sessions, self.strategy_shares = np.zeros((0, 0)), np.zeros((0, 0)), np.zeros(0)


def _rearranged(old: Float, stays: Int, past: Int, count: int) -> Float:
    """Only the half below the diagonal is kept: where two symbols changed places, their columns do too."""
    full = old.copy()
    for i in range(len(old)):
        for j in range(i):
            full[j, i] = old[i, j][[pairs.PRODUCT, pairs.OTHER, pairs.SQUARE, pairs.WEIGHT]]
    new = pairs.new_pairs(count)
    new[np.ix_(stays, stays)] = full[np.ix_(past, past)]
    for i in range(count):
        new[i, i:] = 0.0
    return new
