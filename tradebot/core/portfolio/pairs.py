"""How symbols move together, and what that makes of a portfolio.

    C(t)        = d^m C + (1 - d^m) r_i r_j / m        of minutes in which both have a return (volatility.py RETURN), with its weight W
    rho         = faith * C_ij / sqrt(C_i C_j) + (1 - faith) * 1           faith = W_ij * (1 - SHRINK)
    volatility  = sqrt(sum of w_i w_j s_i s_j rho_ij)            s: the symbols' own annual volatilities

What is not known of a pair is taken to be 1: then the portfolio is as volatile as the sum of its parts, and no size is too large for
that. C_i is of the same minutes as C_ij, so |rho| <= 1.

Source: SYSTEMS.md section 5 (ruling: with the assets' own volatilities); seeds/004 adjust_for_correlation; the shrinkage target of equal
correlations is Ledoit and Wolf, "Honey, I Shrunk the Sample Covariance Matrix" (2004), here at its most careful value.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np
import numpy.typing as npt

from tradebot.core.kernels.kernel import kernel
from tradebot.core.portfolio.volatility import DECAY, RETURN

Float = npt.NDArray[np.float64]

SHRINK: Final = 0.1
Z_95: Final = 1.6448536269514722
SESSIONS_A_YEAR: Final = 252.0

# Columns of a memory (N, N, WIDTH): of pair (i, j), for i != j.
PRODUCT = 0
SQUARE = 1  # of i
OTHER = 2  # of j
WEIGHT = 3
WIDTH: Final = 4


def new_pairs(symbols: int) -> Float:
    return np.zeros((symbols, symbols, WIDTH))


@kernel
def pairs_step(pairs: Float, memory: Float) -> None:
    """One minute, after `volatility_step`. Pairs in which a symbol has no return stay as they are."""
    count = len(memory)
    for i in range(count):
        a = memory[i, RETURN]
        if math.isnan(a):
            continue
        for j in range(i):
            b = memory[j, RETURN]
            if math.isnan(b):
                continue
            pair = pairs[i, j]
            pair[PRODUCT] = DECAY * pair[PRODUCT] + (1.0 - DECAY) * (a * b)
            pair[SQUARE] = DECAY * pair[SQUARE] + (1.0 - DECAY) * (a * a)
            pair[OTHER] = DECAY * pair[OTHER] + (1.0 - DECAY) * (b * b)
            pair[WEIGHT] = DECAY * pair[WEIGHT] + (1.0 - DECAY)


def correlation(pairs: Float, i: int, j: int) -> float:
    """rho of two symbols, 1 of a symbol with itself."""
    if i == j:
        return 1.0
    pair = pairs[max(i, j), min(i, j)]
    spread = float(pair[SQUARE]) * float(pair[OTHER])
    if not spread > 0.0:
        return 1.0
    faith = float(pair[WEIGHT]) * (1.0 - SHRINK)
    measured = float(pair[PRODUCT]) / math.sqrt(spread)
    return faith * min(max(measured, -1.0), 1.0) + (1.0 - faith)


def portfolio_variance(weights: dict[int, float], volatility: Float, pairs: Float) -> float:
    """Annual variance of weights (multiples of equity, by the symbol's place) with volatilities (N,). Infinite where one is not known."""
    total = 0.0
    for i, w in weights.items():
        s = float(volatility[i])
        if not math.isfinite(s):
            return math.inf
        for j, v in weights.items():
            total += w * v * s * float(volatility[j]) * correlation(pairs, i, j)
    return max(total, 0.0)


def covariance_with(n: int, weights: dict[int, float], volatility: Float, pairs: Float) -> float:
    """Annual covariance of one symbol with what is held. NaN where a volatility is not known."""
    total = 0.0  # not `sum`, which rounds otherwise from Python 3.12 on
    for j, w in weights.items():
        total += w * float(volatility[n]) * float(volatility[j]) * correlation(pairs, n, j)
    return total


def room_for(weight: float, volatility: float, covariance: float, variance: float, volatility_max: float) -> float:
    """The share of `weight` in [0, 1] with which the portfolio is at most `volatility_max` volatile: the root of

    variance + 2 s w covariance + s^2 w^2 volatility^2 = volatility_max^2

    With nothing held that is volatility_max / (w * volatility). 0 where the portfolio is too volatile already or a number is unknown.
    """
    own, cross, over = (weight * volatility) ** 2, 2.0 * weight * covariance, variance - volatility_max**2
    if not (math.isfinite(own) and math.isfinite(cross) and over < 0.0):
        return 0.0
    if own + cross + over <= 0.0:
        return 1.0
    if own == 0.0:
        return 0.0
    return min(max((math.sqrt(cross * cross - 4.0 * own * over) - cross) / (2.0 * own), 0.0), 1.0)


def var_95(variance: float) -> float:
    """Value at risk of one day at 95 %, normal, as a fraction of equity, from an annual variance."""
    return Z_95 * math.sqrt(variance / SESSIONS_A_YEAR)
