"""How much of the capital each strategy speaks for in each regime.

The seven regimes of 004 (Living Lab) weigh three families; strategies of one family share its weight equally, so the weights of a label add
up to at most 1. Two alphas have no column in the table and take one: swing is slow momentum, microstructure fades towards the micro-price.
The three regimes of 000 (MetaTrading) open pools; the strategies that trade share equally. Volatility states and learned regimes
take the row of 004 that describes them. A crisis and an unknown regime give 0 to all: fail closed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final

import numpy as np
import numpy.typing as npt

from tradebot.core.regime.detector import Labels

Float = npt.NDArray[np.float64]
Row = tuple[float, float, float]

FAMILIES: Final = ("momentum", "mean_reversion", "volatility_breakout")
FAMILY_OF_ALPHA: Final[Mapping[str, str]] = MappingProxyType(
    {
        "momentum": "momentum",
        "swing": "momentum",
        "mean_reversion": "mean_reversion",
        "microstructure": "mean_reversion",
        "volatility_breakout": "volatility_breakout",
    }
)

_TRENDING: Final[Row] = (0.7, 0.1, 0.2)
_MEAN_REVERTING: Final[Row] = (0.1, 0.7, 0.2)
_HIGH_VOLATILITY: Final[Row] = (0.3, 0.2, 0.5)
_LOW_VOLATILITY: Final[Row] = (0.4, 0.5, 0.1)
_NORMAL: Final[Row] = (0.4, 0.4, 0.2)
_CASH: Final[Row] = (0.0, 0.0, 0.0)

FAMILY_WEIGHTS: Final[Mapping[str, Row]] = MappingProxyType(
    {
        # 004 section 6.5
        "crisis": _CASH,
        "trending_up": _TRENDING,
        "trending_down": _TRENDING,
        "mean_reverting": _MEAN_REVERTING,
        "high_volatility": _HIGH_VOLATILITY,
        "low_volatility": _LOW_VOLATILITY,
        "normal": _NORMAL,
        # volatility_state.py and the hidden Markov model
        "low": _LOW_VOLATILITY,
        "high": _HIGH_VOLATILITY,
        # learned.py
        "calm_ranging": _MEAN_REVERTING,
        "calm_trending": _TRENDING,
        "volatile_ranging": _HIGH_VOLATILITY,
        "volatile_trending": _HIGH_VOLATILITY,
    }
)
"""(momentum, mean reversion, breakout) by the name of a label."""

POOLED: Final = frozenset({"three"})
"""Detectors whose regimes open pools of strategies in place of weighing families."""


def weight_table(detector: str, labels: Sequence[str], alphas: Sequence[str], pools: Sequence[Sequence[str]]) -> Float:
    """Weights (L + 1, K) of K strategies by label; the last row is that of an unknown regime, so that UNKNOWN (-1) indexes it.

    `alphas` (K,) and `pools` (K,) are the strategies' own. Raises KeyError with a label or alpha that has no weights.
    """
    table = np.zeros((len(labels) + 1, len(alphas)))
    for row, label in enumerate(labels):
        if detector in POOLED:
            trades = np.array([not pool or label in pool for pool in pools], np.bool_)
            table[row] = trades / max(int(trades.sum()), 1)
        else:
            by_family = dict(zip(FAMILIES, FAMILY_WEIGHTS[label], strict=True))
            families = [FAMILY_OF_ALPHA[alpha] for alpha in alphas]
            table[row] = [by_family[family] / families.count(family) for family in families]
    return table


def regime_weights(detector: str, labels: Sequence[str], label: Labels, alphas: Sequence[str], pools: Sequence[Sequence[str]]) -> Float:
    """Weights (..., K) of K strategies under the labels (...) of a detector."""
    return weight_table(detector, labels, alphas, pools)[label]
