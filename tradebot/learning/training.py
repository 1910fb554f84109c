"""One training from bars to a measured model: dataset, split, fit, and figures on rows that it has never seen."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from tradebot.core.domain.bars import Float, Int, MarketGrid
from tradebot.core.domain.faults import OperatorFault
from tradebot.learning.config import RoundTripCost, TrainingConfig
from tradebot.learning.dataset import Dataset, build_dataset
from tradebot.learning.evaluation import Metrics, evaluate
from tradebot.learning.splits import time_split
from tradebot.learning.trainers import gradient_boosting, random_forest
from tradebot.learning.trainers.trainer import Trainer
from tradebot.serving.forest import Evaluator, Forest
from tradebot.serving.manifest import Span, SymbolData

TRAINERS: Final[Mapping[str, Trainer]] = {"random_forest": random_forest.fit, "gradient_boosting": gradient_boosting.fit}
_PARITY_MAX: Final = 1e-12


@dataclass(frozen=True, slots=True)
class Trained:
    """A forest, and everything that its manifest will say."""

    forest: Forest
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
    rows, label = dataset.rows[split.train], dataset.label[split.train]
    _refuse(rows, label, dataset, config)
    say(f"{config.kind}: {config.trees} trees on {len(rows)} rows, {int(split.test.sum())} rows held out, label {dataset.label_name}")
    fitted = TRAINERS[config.kind](rows, label, config)
    test_rows = dataset.rows[split.test]
    served = Evaluator(fitted.forest)(test_rows)
    worst = float(np.abs(served - fitted.reference(test_rows)).max())
    assert worst <= _PARITY_MAX, f"the served forest differs from the trained one by {worst}"
    metrics = evaluate(dataset.label[split.test], served, float(label.mean()), config.confidence_min)
    return Trained(
        forest=fitted.forest,
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


def _refuse(rows: Float, label: npt.NDArray[np.int8], dataset: Dataset, config: TrainingConfig) -> None:
    """Raise on what no model can be learned from."""
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
        all_of = f"label {dataset.label_name} is {label[0]} on all {len(rows)} training rows"
        raise OperatorFault(f"{all_of}: more data is needed, or the denser label forward_15m_beats_cost")


def _span(minute_ns: Int) -> Span:
    return Span(int(minute_ns[0]), int(minute_ns[-1]), len(minute_ns))


def _silent(_: str) -> None:
    pass
