"""What a run looked like to the person whose money it was: the target, drawdown, trades, and what cost does to it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from tradebot.learning.evidence.arrays import SESSIONS_A_YEAR, Float, sharpe_of
from tradebot.learning.evidence.inputs import Target, Trades
from tradebot.learning.evidence.sharpe import ANNUAL

COST_MULTIPLES: Final = (0.5, 1.0, 2.0)


@dataclass(frozen=True, slots=True)
class CostCase:
    """The run with `multiple` times its cost, the same trades. `annual_fraction` is the mean daily net return times 252."""

    multiple: float
    total_fraction: float
    annual_fraction: float
    sharpe_annual: float


@dataclass(frozen=True, slots=True)
class TradeFigures:
    trades: int
    win_rate: float
    win_mean_usd: float
    loss_mean_usd: float
    gross_usd: float
    spread_usd: float
    fees_usd: float
    impact_usd: float
    borrow_usd: float
    net_usd: float


def achievement(net: Float, target: Target) -> float | None:
    """Share of all windows of `window_sessions` sessions, overlapping, that compounded to the target or more; None where none fits."""
    if len(net) < target.window_sessions:
        return None
    grown = np.concatenate(([0.0], np.cumsum(np.log1p(np.maximum(net, -1.0 + 1e-12)))))
    windows = grown[target.window_sessions :] - grown[: -target.window_sessions]
    return float((np.expm1(windows) >= target.return_fraction - 1e-12).mean())


def drawdown_max(net: Float) -> float:
    """Largest loss from a peak of compounded equity, a positive fraction; the start counts as a peak."""
    equity = np.concatenate(([1.0], np.cumprod(1.0 + net)))
    return float((1.0 - equity / np.maximum.accumulate(equity)).max())


def total_return(net: Float) -> float:
    return float(np.prod(1.0 + net) - 1.0)


def cost_sensitivity(net: Float, gross: Float, multiples: tuple[float, ...] = COST_MULTIPLES) -> tuple[CostCase, ...]:
    """Each session's return at a multiple of its cost: gross - m (gross - net)."""
    cases = []
    for multiple in multiples:
        daily = gross - multiple * (gross - net)
        annual = float(daily.mean()) * SESSIONS_A_YEAR if len(daily) else 0.0
        sharpe = float(sharpe_of(daily)) * ANNUAL if len(daily) > 1 else 0.0
        cases.append(CostCase(multiple, total_return(daily), annual, sharpe))
    return tuple(cases)


def trade_figures(trades: Trades) -> TradeFigures:
    """Of closed trades, net of cost; a trade that earned nothing is no win."""
    net = trades.net_usd
    won = net > 0.0
    return TradeFigures(
        trades=len(trades),
        win_rate=float(won.mean()) if len(trades) else 0.0,
        win_mean_usd=float(net[won].mean()) if won.any() else 0.0,
        loss_mean_usd=float(net[~won].mean()) if (~won).any() else 0.0,
        gross_usd=float(trades.gross_usd.sum()),
        spread_usd=float(trades.spread_usd.sum()),
        fees_usd=float(trades.fees_usd.sum()),
        impact_usd=float(trades.impact_usd.sum()),
        borrow_usd=float(trades.borrow_usd.sum()),
        net_usd=float(net.sum()),
    )
