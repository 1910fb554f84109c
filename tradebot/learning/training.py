"""One training from bars to a measured model: dataset, split, fit, and figures on rows that it has never seen."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from tradebot.core.domain.bars import Bool, Int, MarketGrid
from tradebot.learning.config import RoundTripCost, TrainingConfig
from tradebot.learning.dataset import Dataset, build_dataset
from tradebot.learning.fitting import fit_rows, refuse
from tradebot.learning.metrics import AnyMetrics, measure
from tradebot.learning.splits import time_split
from tradebot.learning.trainers import ensemble
from tradebot.learning.trainers.catalogue import SINGLE
from tradebot.learning.trainers.trainer import Rows, Trainer, proven
from tradebot.serving.artefacts.artefact import Artefact
from tradebot.serving.manifest import Span, SymbolData

TRAINERS: Final[Mapping[str, Trainer]] = {**SINGLE, "ensemble": ensemble.fit}


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
    metrics: AnyMetrics
    classes: tuple[str, ...] = ()
    left_out: dict[str, int] = field(default_factory=dict)  # bars that became no row, by reason
    effective_rows: float = 0.0


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
    say(dataset.account())
    split = time_split(dataset.minute_ns, dataset.end_ns, dataset.session_of, config.test_fraction, config.embargo_sessions)
    train, test = rows_of(dataset, split.train), rows_of(dataset, split.test)
    refuse(train, dataset, config)
    say(f"{config.kind}: {len(train)} rows, {len(test)} held out, label {dataset.label_name}")
    fitted = fit_rows(TRAINERS[config.kind], train, config, say)
    return Trained(
        artefact=fitted.artefact,
        config=config,
        cost=cost,
        features=dataset.features,
        label=dataset.label_name,
        label_parameters=dataset.label_parameters,
        classes=dataset.classes,
        data=dataset.data,
        train=span(dataset.minute_ns[split.train]),
        test=span(dataset.minute_ns[split.test]),
        metrics=measure(fitted, proven(fitted)(test.values), train, test, dataset, config),
        left_out=dataset.dropped,
        effective_rows=dataset.effective_rows,
    )


def rows_of(dataset: Dataset, chosen: Bool) -> Rows:
    """The rows of a mask (R,) as a trainer sees them."""
    return Rows(
        dataset.rows[chosen], dataset.target[chosen], dataset.weight[chosen],
        dataset.minute_ns[chosen], dataset.session_of[chosen], dataset.symbol_of[chosen], dataset.end_ns[chosen], dataset.cost[chosen],
        len(dataset.classes),
    )  # fmt: skip


def span(minute_ns: Int) -> Span:
    """Of rows in order of time."""
    return Span(int(minute_ns[0]), int(minute_ns[-1]), len(minute_ns))


def _silent(_: str) -> None:
    pass
