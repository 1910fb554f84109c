"""What a profile decides about selection."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Literal

from annotated_types import Ge, Le

from tradebot.core.selection.bandit import BanditConfig
from tradebot.core.selection.confluence import WEIGHTS
from tradebot.core.selection.performance import PerformanceConfig
from tradebot.core.selection.weights import EvidenceConfig

Share = Annotated[float, Ge(0), Le(1)]


@dataclass(frozen=True, slots=True, kw_only=True)
class SelectionConfig:
    """How strategies become one forecast.

    `mode` says what weighs a strategy beside its regime's pool (tradebot/core/selection/pool.py): "regime" nothing, "performance" its own
    net record, "ensemble" its volatility, "bandit" whether the hour's arm is this one, "meta" the selector's probability and its record.
    `forecast_min` opens and `exit_below` closes (band.py).

    Raises ValueError when the frame weights sum to more than 1 or a position would be opened where it is closed.
    """

    mode: Literal["meta", "bandit", "performance", "ensemble", "regime"] = "regime"
    confluence_weights: tuple[Share, Share, Share, Share] = WEIGHTS
    forecast_min: Share = 0.2
    exit_below: Share = 0.05
    performance: PerformanceConfig = field(default_factory=PerformanceConfig)
    evidence: EvidenceConfig = field(default_factory=EvidenceConfig)
    bandit: BanditConfig = field(default_factory=BanditConfig)

    def __post_init__(self) -> None:
        if sum(self.confluence_weights) > 1.0 + 1e-9:
            raise ValueError(f"confluence_weights sum to {sum(self.confluence_weights):g} > 1")
        if self.exit_below > self.forecast_min:
            raise ValueError(f"exit_below {self.exit_below:g} > forecast_min {self.forecast_min:g}")
