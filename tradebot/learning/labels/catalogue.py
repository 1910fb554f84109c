"""The labels that a profile can name."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from tradebot.core.domain.bars import MarketGrid
from tradebot.learning.config import RoundTripCost, TrainingConfig
from tradebot.learning.labels import barriers, forward, regime, reversal, volatility
from tradebot.learning.labels.label import NOTHING, Given, LabelRule, Labels

LABELS: Final[Mapping[str, LabelRule]] = MappingProxyType(
    {
        "triple_barrier": barriers.triple_barrier,
        "triple_barrier_volatility": barriers.triple_barrier_volatility,
        "forward_15m_beats_cost": forward.forward_15m_beats_cost,
        "forward_beats_cost": forward.forward_beats_cost,
        "forward_return": forward.forward_return,
        "reversal": reversal.reversal,
        "realised_volatility": volatility.realised_volatility,
        "regime": regime.regime,
        "dollar_profit": forward.dollar_profit,
        "meta_label": barriers.meta_label,
    }
)


def label_grid(grid: MarketGrid, config: TrainingConfig, cost: RoundTripCost, given: Given = NOTHING) -> Labels:
    """The label that the config names. Raises OperatorFault where it needs what is not `given`."""
    return LABELS[config.label](grid, config, cost, given)
