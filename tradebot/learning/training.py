"""One training from bars to a measured model: dataset, split, fit, and figures on rows that it has never seen."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from tradebot.core.domain.bars import Bool, Int, MarketGrid
from tradebot.core.domain.faults import OperatorFault
from tradebot.learning.config import RoundTripCost, TrainingConfig
from tradebot.learning.dataset import Dataset, build_dataset
from tradebot.learning.evaluation import Metrics, evaluate
from tradebot.learning.splits import time_split
from tradebot.learning.trainers import gradient_boosting, random_forest, xgboost
from tradebot.learning.trainers.trainer import Rows, Trainer
from tradebot.serving.artefacts.artefact import Artefact
from tradebot.serving.manifest import Span, SymbolData

TRAINERS: Final[Mapping[str, Trainer]] = {
    "random_forest": random_forest.fit,
    "gradient_boosting": gradient_boosting.fit,
    "xgboost": xgboost.fit,
    "xgboost_regression": xgboost.fit_regression,
    "dollar_profit": xgboost.fit_dollar_profit,
}
_WATCHERS: Final = frozenset({"lstm", "attention"})  # kinds that always stop early


@dataclass(frozen=True, slots=True)
class Trained:
    """An artefact, and everything that its manifest will say."""

    artefact: Artefact
    config: TrainingConfig
    cost: RoundTripCost
    features: tuple[str, ...]
    label: str
    label_parameters: dict[str, float]
    data: dict[str, SymbolData]
    train: Span
    test: Span
    metrics: Metrics


def train(
    grid: MarketGrid, config: TrainingConfig, costs: RoundTripCost | None = None, progress: Callable[[str], None] | None = None
) -> Trained:
    """Train on the past of the grid and measure on its end. `costs` defaults to `RoundTripCost()`; `progress` hears one line a stage.

    Raises OperatorFault for too little data, one class only, a constant feature and a number that is not finite.
    """
    say = progress or _silent
    cost = costs or RoundTripCost()
    say(f"features and labels of {len(grid.symbols)} symbols over {len(grid.sessions)} sessions")
    return fit_dataset(build_dataset(grid, config, cost), config, cost, say)


def fit_dataset(dataset: Dataset, config: TrainingConfig, cost: RoundTripCost, say: Callable[[str], None]) -> Trained:
    """Split, fit, prove that the served forest answers as the library does, and measure it."""
    split = time_split(dataset.minute_ns, dataset.end_ns, dataset.session_of, config.test_fraction, config.embargo_sessions)
    train, test = rows_of(dataset, split.train), rows_of(dataset, split.test)
    _refuse(train, dataset, config)
    train, watch = split_watch(train, dataset.end_ns[split.train], config)
    watched = f", {len(watch)} watched" if len(watch) else ""
    say(f"{config.kind}: {len(train)} rows{watched}, {len(test)} held out, label {dataset.label_name}")
    fitted = TRAINERS[config.kind](train, watch, config, say)
    served = fitted.artefact.predictor()(test.values)
    worst = float(np.abs(served - fitted.reference(test.values)).max())
    assert worst <= fitted.tolerance, f"the served model differs from the trained one by {worst}"
    metrics = evaluate(test.target, served, float(train.target.mean()), config.confidence_min)
    return Trained(
        artefact=fitted.artefact,
        config=config,
        cost=cost,
        features=dataset.features,
        label=dataset.label_name,
        label_parameters=dataset.label_parameters,
        data=dataset.data,
        train=_span(dataset.minute_ns[split.train]),
        test=_span(dataset.minute_ns[split.test]),
        metrics=metrics,
    )


def rows_of(dataset: Dataset, chosen: Bool) -> Rows:
    """The rows of a mask (R,) as a trainer sees them."""
    return Rows(
        dataset.rows[chosen], dataset.target[chosen], dataset.weight[chosen],
        dataset.minute_ns[chosen], dataset.session_of[chosen], dataset.symbol_of[chosen], dataset.end_ns[chosen], dataset.cost[chosen],
        len(dataset.classes),
    )  # fmt: skip


def split_watch(rows: Rows, end_ns: Int, config: TrainingConfig) -> tuple[Rows, Rows]:
    """(train, watch): the last `watch_fraction` of the rows, purged from those before, where the training watches any; else an empty watch.

    `end_ns` (R,) is when each label was known.
    """
    if not watches(config):
        return rows, rows.where(np.arange(0))
    split = time_split(rows.minute_ns, end_ns, rows.session_of, config.watch_fraction, config.embargo_sessions)
    return rows.where(split.train), rows.where(split.test)


def watches(config: TrainingConfig) -> bool:
    """Whether a training keeps rows back to stop early on or to calibrate on."""
    asked = config.early_stopping_rounds > 0 or config.calibration != "none" or config.kind in _WATCHERS
    return asked and config.watch_fraction > 0


def _refuse(train: Rows, dataset: Dataset, config: TrainingConfig) -> None:
    """Raise on what no model can be learned from."""
    rows, label = train.values, train.target
    if len(rows) < config.rows_min:
        raise OperatorFault(f"{len(rows)} rows are too few to train on: {config.rows_min} are needed (rows_min)")
    if not np.isfinite(rows).all():
        column = int(np.argwhere(~np.isfinite(rows))[0, 1])
        raise OperatorFault(f"feature {dataset.features[column]} has a value that is not finite")
    constant = np.flatnonzero(rows.min(axis=0) == rows.max(axis=0))
    if len(constant):
        raise OperatorFault(
            f"feature {dataset.features[constant[0]]} is constant over {len(rows)} training rows: there is nothing to learn"
        )
    if label.min() == label.max():
        all_of = f"label {dataset.label_name} is {label[0]:g} on all {len(rows)} training rows"
        raise OperatorFault(f"{all_of}: more data is needed, or the denser label forward_15m_beats_cost")


def _span(minute_ns: Int) -> Span:
    return Span(int(minute_ns[0]), int(minute_ns[-1]), len(minute_ns))


def _silent(_: str) -> None:
    pass
