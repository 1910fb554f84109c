"""All leak alarms of one training, small enough to run every night."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from tradebot.core.domain.bars import MarketGrid
from tradebot.core.features.catalogue import scan_features
from tradebot.learning.alarms.alarm import Alarm, AlarmConfig
from tradebot.learning.alarms.bar_delay import bar_delay
from tradebot.learning.alarms.case import Case, Learn, Predict
from tradebot.learning.alarms.direction import direction
from tradebot.learning.alarms.label_shuffle import label_shuffle
from tradebot.learning.alarms.noise_feature import noise_feature
from tradebot.learning.alarms.split import purge
from tradebot.learning.alarms.truncation import Scan, future_shift, label_maturity
from tradebot.learning.config import RoundTripCost, TrainingConfig
from tradebot.learning.dataset import Dataset, build_dataset
from tradebot.learning.splits import Split, time_split
from tradebot.learning.trainers.trainer import Rows, Trainer
from tradebot.learning.training import rows_of

_EPOCHS_MAX, _WIDTH_MAX = 2, 16

Say = Callable[[str], None]


def run_alarms(
    dataset: Dataset,
    grid: MarketGrid,
    config: TrainingConfig,
    cost: RoundTripCost,
    trainer: Trainer,
    *,
    predict: Predict | None = None,
    alarms: AlarmConfig | None = None,
    split: Split | None = None,
    scan: Scan | None = None,
    rebuild: Callable[[MarketGrid], Dataset] | None = None,
    say: Say | None = None,
) -> tuple[Alarm, ...]:
    """Every alarm on a data set of `build_dataset(grid, config, cost)` and the trainer of its kind.

    `predict` is the fitted model's predictor, for the one-bar delay (by default a small model is trained for it); `split` the training's
    own split; `scan` and `rebuild` are how features and data sets come from a grid. All have the defaults that a training uses. No alarm
    raises for little data: it says that it was not measured.
    """
    limits = alarms or AlarmConfig()
    chosen = split or time_split(dataset.minute_ns, dataset.end_ns, dataset.session_of, config.test_fraction, config.embargo_sessions)
    columns = scan or (lambda part: scan_features(part, dataset.features)[0])
    again = rebuild or (lambda part: build_dataset(part, config, cost))
    rows = rows_of(dataset, np.ones(len(dataset), np.bool_))
    case = Case(
        rows, dataset.end_ns, dataset.net_long, dataset.answer, chosen.train, chosen.test, config.embargo_sessions,
        small_training(trainer, config, limits),
    )  # fmt: skip

    def built(part: MarketGrid) -> tuple[Dataset, np.ndarray]:
        made = again(part)
        return made, made.target

    if say is not None:
        say(f"leak alarms on {len(dataset)} rows, small trainings of at most {limits.rows_max}")
    return (
        future_shift(dataset, grid, columns, limits),
        label_maturity(dataset, dataset.target, grid, built, limits),
        *alarms_of(case, limits, predict),
    )


def alarms_of(case: Case, config: AlarmConfig, predict: Predict | None = None) -> Sequence[Alarm]:
    """The alarms that need rows only."""
    return (
        purge(case),
        label_shuffle(case, config),
        *bar_delay(case, config, predict),
        noise_feature(case, config),
        direction(case, config),
    )


def small_training(trainer: Trainer, config: TrainingConfig, alarms: AlarmConfig) -> Learn:
    """The profile's own kind of training, cut down: fewer and flatter trees, narrow networks, no early stopping and no calibration."""
    network = replace(config.network, epochs=min(config.network.epochs, _EPOCHS_MAX), width=min(config.network.width, _WIDTH_MAX), layers=1)
    small = replace(
        config,
        trees=min(config.trees, alarms.trees_max),
        depth=min(config.depth, alarms.depth_max),
        early_stopping_rounds=0,
        calibration="none",
        network=network,
    )

    def learn(rows: Rows) -> Predict:
        nothing = rows.where(np.zeros(len(rows), np.bool_))
        return trainer(rows, nothing, small, _silent).artefact.predictor()

    return learn


def _silent(_: str) -> None:
    pass
