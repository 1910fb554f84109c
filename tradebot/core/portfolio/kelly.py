"""Kelly's bet on a record of trades, and on a record of returns. Plain functions of numbers: numba compiles them unchanged.

    k    = clip((w b - (1 - w)) / b, 0, 1)             w win rate, b average win over average loss
    size = min(base * min(strength / 1.5, 2) / (1 + 100 * volatility), cap) * quarter * k, at least `floor` where k > 0
    half = min(share * mean / variance, cap) while the Sharpe ratio is above its threshold

Few trades prove little: `prior` trades are added to each record, half of them won, each as large as the record's average trade, so that
the added ones have no edge at all. Likewise a mean is shrunk by bars / (bars + prior).

Source: SYSTEMS.md sections 1 and 5 (ruling: no edge, no trade; the floor is for k > 0 only); seeds/000 DynamicPositionSizer, seeds/004
section 5.2; Kelly, "A New Interpretation of Information Rate" (1956).
"""

from __future__ import annotations

import math

_STRENGTH = 1.5  # a signal of this strength gets the base size
_STRENGTH_MAX = 2.0


def kelly_edge(won: float, lost: float, gains: float, losses: float, prior: float) -> float:
    """k in [0, 1] of a record: trades won and lost, and what they came to (both sums above 0). 0 for no record."""
    count, moved = won + lost, gains + losses
    if not (count > 0.0 and moved > 0.0 and math.isfinite(moved) and math.isfinite(count)):
        return 0.0
    typical, half = moved / count, 0.5 * prior
    wins, falls = won + half, lost + half
    if falls <= 0.0:
        return 1.0  # never lost, and nothing is added
    if wins <= 0.0:
        return 0.0
    average_loss = (losses + half * typical) / falls
    if average_loss <= 0.0:
        return 1.0
    w, b = wins / (wins + falls), (gains + half * typical) / wins / average_loss
    if b <= 0.0:
        return 0.0
    return min(max((w * b - (1.0 - w)) / b, 0.0), 1.0)


def kelly_size(edge: float, strength: float, volatility: float, kelly_fraction: float, base: float, cap: float, floor: float) -> float:
    """A fraction of equity. `edge` is k, `strength` the signal's, `volatility` the deviation of one bar's return. 0 without an edge."""
    if not (edge > 0.0 and strength > 0.0 and volatility >= 0.0) or math.isinf(volatility):
        return 0.0
    size = base * min(strength / _STRENGTH, _STRENGTH_MAX) / (1.0 + 100.0 * volatility)
    return max(min(size, cap) * edge * kelly_fraction, floor)


def sharpe_of(mean: float, variance: float, bars: float, prior: float, bars_a_year: float) -> float:
    """The annual Sharpe ratio of a record's net return a bar, shrunk; 0 without variance."""
    if not (variance > 0.0 and bars > 0.0 and math.isfinite(mean) and math.isfinite(variance) and math.isfinite(bars)):
        return 0.0
    return mean * (bars / (bars + prior)) / math.sqrt(variance) * math.sqrt(bars_a_year)


def half_kelly(mean: float, variance: float, bars: float, prior: float, share: float, cap: float) -> float:
    """A multiple of capital for a strategy that earns `mean` a bar with this variance over `bars` bars; 0 where it earns nothing."""
    if not (variance > 0.0 and bars > 0.0 and mean > 0.0 and math.isfinite(mean) and math.isfinite(variance) and math.isfinite(bars)):
        return 0.0
    return min(share * mean * (bars / (bars + prior)) / variance, cap)
