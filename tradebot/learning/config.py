"""What a profile decides about training."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from annotated_types import Ge, Gt, Le, Lt

Kind = Literal["random_forest", "gradient_boosting"]
LabelName = Literal["triple_barrier", "forward_15m_beats_cost"]
FORWARD_MIN = 15


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingConfig:
    """Model, label, split and universe of one training.

    `features` names a set of `core.features.sets`, or the features. `depth` and `min_leaf` bound each tree; `learning_rate` is for
    gradient boosting only. Rows enter only while the close lies in `price_usd_min`..`price_usd_max` (0 lifts the upper bound).
    `symbols_max` keeps the most active symbols by volume (0 keeps all). `jobs` is the number of cores; results don't depend on it.
    """

    kind: Kind = "random_forest"
    features: str | tuple[str, ...] = "both"
    label: LabelName = "triple_barrier"
    target_fraction: Annotated[float, Gt(0), Lt(1)] = 0.04
    stop_fraction: Annotated[float, Gt(0), Lt(1)] = 0.02
    trees: Annotated[int, Ge(1), Le(5000)] = 200
    depth: Annotated[int, Ge(1), Le(30)] = 8
    min_leaf: Annotated[int, Ge(1)] = 20
    learning_rate: Annotated[float, Gt(0), Le(1)] = 0.1
    test_fraction: Annotated[float, Gt(0), Lt(1)] = 0.2
    embargo_sessions: Annotated[int, Ge(0)] = 1
    rows_min: Annotated[int, Ge(10)] = 200
    price_usd_min: Annotated[float, Ge(0)] = 0.0
    price_usd_max: Annotated[float, Ge(0)] = 0.0
    symbols_max: Annotated[int, Ge(0)] = 0
    confidence_min: Annotated[float, Ge(0), Le(1)] = 0.65
    seed: Annotated[int, Ge(0), Lt(2**32)] = 7
    jobs: Annotated[int, Ge(1)] = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundTripCost:
    """What buying and selling one share costs, for labels: spread crossed twice, and the fees on the sale.

    Half the spread is `half_spread_bps` of the price, at least `half_spread_usd_min` (half a cent: quotes stand a cent apart).
    """

    half_spread_bps: Annotated[float, Ge(0)] = 1.0
    half_spread_usd_min: Annotated[float, Ge(0)] = 0.005
    sec_fee_usd_per_million: Annotated[float, Ge(0)] = 17.40
    taf_usd_per_share: Annotated[float, Ge(0)] = 0.000119

    @property
    def is_zero(self) -> bool:
        return not (self.half_spread_bps or self.half_spread_usd_min or self.sec_fee_usd_per_million or self.taf_usd_per_share)
