"""What a profile decides about selection. Without a kernel: settings are read by commands that must answer at once."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Literal

import numpy as np
import numpy.typing as npt
from annotated_types import Ge, Gt, Le, Lt

from tradebot.core.selection.confluence import WEIGHTS

Int = npt.NDArray[np.int64]
Share = Annotated[float, Ge(0), Le(1)]


@dataclass(frozen=True, slots=True, kw_only=True)
class PerformanceConfig:
    """How hypothetical books are kept, and how fast what they earned is forgotten.

    `position`: "graded" holds the signal itself, "sign" holds all of it. `cost_bps` is for each side. The default half-life is a week.
    """

    position: Literal["graded", "sign"] = "graded"
    long_only: bool = False
    cost_bps: Annotated[float, Ge(0)] = 1.5
    half_life_bars: Annotated[float, Gt(0)] = 1950.0
    max_hold_bars: tuple[Annotated[int, Ge(0)], ...] = ()  # by strategy, 0 = no limit; () = no limits

    def keep(self) -> float:
        """The factor by which a weight shrinks each bar."""
        return float(0.5 ** (1.0 / self.half_life_bars))

    def holds(self, strategies: int) -> Int:
        """`max_hold_bars` as an array (K,). Raises ValueError when it is not one number a strategy."""
        if self.max_hold_bars and len(self.max_hold_bars) != strategies:
            raise ValueError(f"max_hold_bars has {len(self.max_hold_bars)} numbers for {strategies} strategies")
        return np.array(self.max_hold_bars or (0,) * strategies, np.int64)


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceConfig:
    """When a record counts: effective bars and trades for full faith, and the t-statistic that proves."""

    bars_min: Annotated[float, Gt(0)] = 780.0
    trades_min: Annotated[float, Gt(0)] = 30.0
    t_scale: Annotated[float, Gt(0)] = 2.0
    score_max: Annotated[float, Ge(1)] = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class BanditConfig:
    """`discount` is for each hour; 0.99 halves a reward's weight in 69 trading hours, about ten sessions."""

    kind: Literal["thompson", "ucb_tuned", "ucb_discounted"] = "thompson"
    discount: Annotated[float, Gt(0), Le(1)] = 0.99
    epsilon: Annotated[float, Ge(0), Lt(1)] = 0.05
    reward_std: Annotated[float, Gt(0)] = 0.002
    seed: Annotated[int, Ge(0), Lt(2**63)] = 7


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
