"""Reversal: does the price come back by half of its last move before it goes on by as much?

    move(t) = close(t) - close(t - horizon_min), the last bar at or before that minute in the same session
    1       if within the next horizon_min minutes the price touches close(t) - move / 2 before close(t) + move / 2, else 0

Both levels in one bar count as going on; neither within the horizon is 0 as well. No label without a move, or where the horizon, back or
ahead, leaves the session or the data. (SYSTEMS.md section 3, the mean-reversion specialist)
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numba import njit

from tradebot.core.domain.bars import MarketGrid
from tradebot.core.domain.units import NS_PER_MINUTE
from tradebot.learning.config import RoundTripCost, TrainingConfig
from tradebot.learning.labels.label import Given, Labels
from tradebot.learning.labels.trade import Trades, data_end, next_bar

SHARE: Final = 0.5


def reversal(grid: MarketGrid, config: TrainingConfig, cost: RoundTripCost, _: Given) -> Labels:
    trades, target = Trades.none(grid), np.full(grid.present.shape, np.nan)
    _reversal(
        grid.minute_ns, grid.session_of, grid.open, grid.high, grid.low, grid.close, grid.present, config.horizon_min, SHARE,
        data_end(grid), target, trades.bought, trades.sold, trades.valid, trades.end_ns,
    )  # fmt: skip
    net, paid = trades.net(cost)
    parameters = {"horizon_min": float(config.horizon_min), "share": SHARE}
    return Labels("reversal", parameters, target, trades.valid, trades.end_ns, net, paid)


@njit(cache=True, error_model="numpy")
def _reversal(  # type: ignore[no-untyped-def]
    minute_ns, session_of, open_, high, low, close, present, horizon, share, end, target, bought, sold, valid, end_ns
):
    for n in range(present.shape[1]):
        for t in range(horizon, end + 1 - horizon):
            if not present[t, n] or session_of[t - horizon] != session_of[t] or session_of[t + horizon] != session_of[t]:
                continue
            start = t - horizon
            while start >= 0 and session_of[start] == session_of[t] and not present[start, n]:
                start -= 1
            entry = next_bar(session_of, present, t, n)
            if start < 0 or session_of[start] != session_of[t] or entry < 0 or entry > t + horizon:
                continue
            move = float(close[t, n] - close[start, n])
            if move == 0.0:
                continue
            back = close[t, n] - share * move
            on = close[t, n] + share * move
            answer, last, final = 0.0, t + horizon, entry
            for u in range(entry, t + horizon + 1):
                if not present[u, n]:
                    continue
                final = u
                went_on = high[u, n] >= on if move > 0.0 else low[u, n] <= on
                came_back = low[u, n] <= back if move > 0.0 else high[u, n] >= back
                if went_on or came_back:
                    answer = 0.0 if went_on else 1.0
                    last = u
                    break
            target[t, n] = answer
            bought[t, n] = open_[entry, n]
            sold[t, n] = close[final, n]
            valid[t, n] = True
            end_ns[t, n] = minute_ns[last] + NS_PER_MINUTE
