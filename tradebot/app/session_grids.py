"""A market's sessions as grids of one session each, made when they are asked for: memory is one session's, whatever the history."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import overload

import numpy as np

from tradebot.app.market import Market
from tradebot.core.domain.bars import MarketGrid
from tradebot.core.domain.session import Session


class SessionGrids(Sequence[MarketGrid]):
    """`grids[i]` is session i; a slice is again such a sequence."""

    def __init__(self, market: Market, sessions: Sequence[Session]) -> None:
        self._market = market
        self.sessions = tuple(sessions)

    def __len__(self) -> int:
        return len(self.sessions)

    @overload
    def __getitem__(self, i: int) -> MarketGrid: ...
    @overload
    def __getitem__(self, i: slice) -> SessionGrids: ...
    def __getitem__(self, i: int | slice) -> MarketGrid | SessionGrids:
        if isinstance(i, slice):
            return SessionGrids(self._market, self.sessions[i])
        session = self.sessions[i]
        cut = {
            symbol: bars.rows(slice(*np.searchsorted(bars.minute_ns, [session.open_ns, session.close_ns]).tolist()))
            for symbol, bars in self._market.histories.items()
        }
        return replace(self._market, histories=cut).grid((session,))
