"""Volatility of one-minute log returns: what is forecast at t, and what is realised after it.

    sigma(t)^2 = sum w^i r^2 / sum w^i,  w = 0.5 ** (1 / 60)       exponentially weighted over the symbol's bars up to t, newest first

r is the log return from the bar before it of the same session, divided by the square root of the minutes between them; nights don't count.
There is none before 30 returns.

    realised_volatility        sqrt(sum r^2) of the next horizon_min minutes, not annualised; a minute without a bar has no return

Sources: J.P. Morgan, RiskMetrics (1996), 5.2; Andersen, Bollerslev, Diebold, Labys (2003).
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numba import njit

from tradebot.core.domain.bars import Float, MarketGrid
from tradebot.learning.config import RoundTripCost, TrainingConfig
from tradebot.learning.labels.forward import forward_trades
from tradebot.learning.labels.label import Given, Labels

HALF_LIFE_BARS: Final = 60
RETURNS_MIN: Final = 30


def ewma_volatility(grid: MarketGrid) -> Float:
    """sigma (T, N) for one minute, known at the end of bar t; NaN without a bar and before there are enough."""
    sigma = np.full(grid.present.shape, np.nan)
    _ewma(grid.session_of, grid.close, grid.present, 0.5 ** (1.0 / HALF_LIFE_BARS), RETURNS_MIN, sigma)
    return sigma


def realised_volatility(grid: MarketGrid, config: TrainingConfig, cost: RoundTripCost, _: Given) -> Labels:
    trades = forward_trades(grid, config.horizon_min)
    net, paid = trades.net(cost)
    target = np.full(grid.present.shape, np.nan)
    _realised(grid.close, grid.present, trades.valid, config.horizon_min, target)
    parameters = {"horizon_min": float(config.horizon_min)}
    return Labels("realised_volatility", parameters, target, trades.valid, trades.end_ns, net, paid, "number")


@njit(cache=True, error_model="numpy")
def _ewma(session_of, close, present, keep, returns_min, sigma):  # type: ignore[no-untyped-def]
    for n in range(present.shape[1]):
        total, weight, count, before = 0.0, 0.0, 0, -1
        for t in range(len(session_of)):
            if not present[t, n]:
                continue
            if before >= 0 and session_of[before] == session_of[t]:
                r = np.log(close[t, n] / close[before, n])
                total = keep * total + r * r / (t - before)
                weight = keep * weight + 1.0
                count += 1
            before = t
            if count >= returns_min:
                sigma[t, n] = np.sqrt(total / weight)


@njit(cache=True, error_model="numpy")
def _realised(close, present, valid, horizon, target):  # type: ignore[no-untyped-def]
    for n in range(present.shape[1]):
        for t in range(len(present)):
            if not valid[t, n]:
                continue
            total, before = 0.0, float(close[t, n])
            for u in range(t + 1, t + horizon + 1):
                if present[u, n]:
                    r = np.log(close[u, n] / before)
                    total += r * r
                    before = float(close[u, n])
            target[t, n] = np.sqrt(total)
