"""The five specialists (SYSTEMS.md section 3): what each reads, and what it learns.

trend            the return of the next two hours, from the last six months
mean_reversion   whether half of the last half hour's move is taken back
volatility       the realised volatility of the next hour; GARCH forecasts are among its features
microstructure   the return of the next five minutes
regime           the regime in half an hour
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from tradebot.core.features.institutional import MEAN_REVERSION, MICROSTRUCTURE, REGIME, TREND, VOLATILITY
from tradebot.learning.config import Kind, LabelName, TrainingConfig

LAST_MOVE: Final = "price_change_30m"
"""The move that mean reversion speaks of: its horizon is the label's."""


@dataclass(frozen=True, slots=True)
class Specialist:
    """`sessions_max` bounds how far back it learns (0: all)."""

    name: str
    kind: Kind
    label: LabelName
    horizon_min: int
    features: tuple[str, ...]
    sessions_max: int = 0

    def config(self, profile: TrainingConfig) -> TrainingConfig:
        """The profile's training, for this specialist's label."""
        return replace(
            profile, kind=self.kind, label=self.label, horizon_min=self.horizon_min, features=self.features,
            early_stopping_rounds=0, calibration="none",
        )  # fmt: skip


SPECIALISTS: Final[tuple[Specialist, ...]] = (
    Specialist("trend", "xgboost_regression", "forward_return", 120, TREND, sessions_max=126),
    Specialist("mean_reversion", "xgboost", "reversal", 30, MEAN_REVERSION),
    Specialist("volatility", "xgboost_regression", "realised_volatility", 60, VOLATILITY),
    Specialist("microstructure", "xgboost_regression", "forward_return", 5, MICROSTRUCTURE),
    Specialist("regime", "xgboost", "regime", 30, REGIME),
)
