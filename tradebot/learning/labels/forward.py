"""What comes of the next h minutes: the return, whether it beats its cost, and the dollars that a position of one dollar earns.

A trade buys at the open of the next bar and sells at the close of minute t + h, or of the last bar before it. There is no label where
t + h is beyond the session or beyond the data's end: a horizon is never shortened.

    forward_return          (sold - bought) / bought, before cost; `net_long` is the same after it
    forward_beats_cost      1 if sold - bought > the round trip's cost, else 0
    forward_15m_beats_cost  the same over 15 minutes, whatever the horizon
    dollar_profit           the forward move of one dollar of notional; its cost stands beside it, because the reward of a position is
                            position * move - cost * |position| (SYSTEMS.md section 4)
"""

from __future__ import annotations

import numpy as np
from numba import njit

from tradebot.core.domain.bars import MarketGrid
from tradebot.core.domain.units import NS_PER_MINUTE
from tradebot.learning.config import FORWARD_MIN, RoundTripCost, TrainingConfig
from tradebot.learning.labels.label import Given, Labels
from tradebot.learning.labels.trade import Trades, cost_parameters, data_end, next_bar


def forward_trades(grid: MarketGrid, horizon_min: int) -> Trades:
    """The purchase of each bar, held for `horizon_min` minutes."""
    trades = Trades.none(grid)
    _forward(
        grid.minute_ns, grid.session_of, grid.open, grid.close, grid.present, horizon_min, data_end(grid),
        trades.bought, trades.sold, trades.valid, trades.end_ns,
    )  # fmt: skip
    return trades


def forward_return(grid: MarketGrid, config: TrainingConfig, cost: RoundTripCost, _: Given) -> Labels:
    return _move("forward_return", grid, config.horizon_min, cost)


def dollar_profit(grid: MarketGrid, config: TrainingConfig, cost: RoundTripCost, _: Given) -> Labels:
    return _move("dollar_profit", grid, config.horizon_min, cost)


def forward_beats_cost(grid: MarketGrid, config: TrainingConfig, cost: RoundTripCost, _: Given) -> Labels:
    return beats_cost(grid, config.horizon_min, cost)


def forward_15m_beats_cost(grid: MarketGrid, _: TrainingConfig, cost: RoundTripCost, __: Given) -> Labels:
    return beats_cost(grid, FORWARD_MIN, cost)


def beats_cost(grid: MarketGrid, horizon_min: int, cost: RoundTripCost) -> Labels:
    trades = forward_trades(grid, horizon_min)
    net, paid = trades.net(cost)
    target = np.where(trades.valid, net > 0.0, np.nan)
    name = f"forward_{horizon_min}m_beats_cost" + ("_zero_cost" if cost.is_zero else "")
    return Labels(name, _parameters(horizon_min, cost), target, trades.valid, trades.end_ns, net, paid)


def _move(name: str, grid: MarketGrid, horizon_min: int, cost: RoundTripCost) -> Labels:
    trades = forward_trades(grid, horizon_min)
    net, paid = trades.net(cost)
    return Labels(name, _parameters(horizon_min, cost), trades.gross(), trades.valid, trades.end_ns, net, paid, "number")


def _parameters(horizon_min: int, cost: RoundTripCost) -> dict[str, float]:
    return {"horizon_min": float(horizon_min), **cost_parameters(cost)}


@njit(cache=True, error_model="numpy")
def _forward(  # type: ignore[no-untyped-def]
    minute_ns, session_of, open_, close, present, horizon, end, bought, sold, valid, end_ns
):
    for n in range(present.shape[1]):
        for t in range(end + 1 - horizon):
            exit_ = t + horizon
            if not present[t, n] or session_of[exit_] != session_of[t]:
                continue
            entry = next_bar(session_of, present, t, n)
            if entry < 0 or entry > exit_:
                continue
            end_ns[t, n] = minute_ns[exit_] + NS_PER_MINUTE
            while not present[exit_, n]:
                exit_ -= 1
            bought[t, n] = open_[entry, n]
            sold[t, n] = close[exit_, n]
            valid[t, n] = True
