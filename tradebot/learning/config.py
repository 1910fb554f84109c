"""What a profile decides about training."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Literal

from annotated_types import Ge, Gt, Le, Lt

Kind = Literal[
    "random_forest", "gradient_boosting", "xgboost", "xgboost_regression", "dollar_profit", "lstm", "attention", "ensemble", "institutional"
]
LabelName = Literal[
    "triple_barrier",
    "triple_barrier_volatility",
    "forward_15m_beats_cost",
    "forward_beats_cost",
    "forward_return",
    "reversal",
    "realised_volatility",
    "regime",
    "dollar_profit",
    "meta_label",
]
FORWARD_MIN = 15


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkConfig:
    """Size and training of an LSTM or an attention network. `patience`: epochs without a better watched loss before it stops."""

    width: Annotated[int, Ge(4), Le(1024)] = 64
    layers: Annotated[int, Ge(1), Le(8)] = 1
    heads: Annotated[int, Ge(1), Le(16)] = 4
    dropout: Annotated[float, Ge(0), Lt(1)] = 0.1
    epochs: Annotated[int, Ge(1), Le(1000)] = 20
    batch_rows: Annotated[int, Ge(1)] = 1024
    learning_rate: Annotated[float, Gt(0), Lt(1)] = 1e-3
    weight_decay: Annotated[float, Ge(0)] = 1e-4
    patience: Annotated[int, Ge(1)] = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingConfig:
    """Model, label, split and universe of one training.

    `features` names a set of `core.features.sets`, or the features. `depth` and `min_leaf` bound each tree; `learning_rate` is for
    boosting. Rows enter only while the close lies in `price_usd_min`..`price_usd_max` (0 lifts the upper bound).
    `symbols_max` keeps the most active symbols by volume (0 keeps all). `jobs` is the number of cores; results don't depend on it.

    `horizon_min` is the label's, where it has one; `target_units` and `stop_units` are the barriers of `triple_barrier_volatility` in
    units of the forecast volatility over the horizon. `weighting` "uniqueness" weighs a row by the average uniqueness of its label;
    `half_life_sessions` halves a weight every so many sessions into the past (0: none). The last `watch_fraction` of the training rows,
    purged, is what boosting and networks stop early on (after `early_stopping_rounds`, 0: never) and what `calibration` is fitted on.
    `members` are the kinds of an ensemble, joined by `combine`. `device` "auto" takes a GPU where there is one.
    """

    kind: Kind = "random_forest"
    features: str | tuple[str, ...] = "both"
    label: LabelName = "triple_barrier"
    horizon_min: Annotated[int, Ge(1), Le(390)] = FORWARD_MIN
    target_fraction: Annotated[float, Gt(0), Lt(1)] = 0.04
    stop_fraction: Annotated[float, Gt(0), Lt(1)] = 0.02
    target_units: Annotated[float, Gt(0)] = 2.0
    stop_units: Annotated[float, Gt(0)] = 1.0
    weighting: Literal["none", "uniqueness"] = "none"
    half_life_sessions: Annotated[float, Ge(0)] = 0.0
    trees: Annotated[int, Ge(1), Le(5000)] = 200
    depth: Annotated[int, Ge(1), Le(30)] = 8
    min_leaf: Annotated[int, Ge(1)] = 20
    learning_rate: Annotated[float, Gt(0), Le(1)] = 0.1
    watch_fraction: Annotated[float, Ge(0), Lt(0.5)] = 0.15
    early_stopping_rounds: Annotated[int, Ge(0)] = 0
    calibration: Literal["none", "isotonic", "venn_abers"] = "none"
    members: tuple[Kind, ...] = ()
    combine: Literal["stacked", "weighted"] = "stacked"
    network: NetworkConfig = field(default_factory=NetworkConfig)
    device: Literal["auto", "cpu", "cuda"] = "auto"
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
