"""Leak alarms of a meta-selector: rows are hours, targets the hour's best strategy, the net result that of the strategy followed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from tradebot.core.domain.bars import Float, MarketGrid
from tradebot.core.features.catalogue import scan_features
from tradebot.core.opinions.playbook import Playbook
from tradebot.learning.alarms.alarm import Alarm, AlarmConfig
from tradebot.learning.alarms.case import Case, Predict
from tradebot.learning.alarms.run import alarms_of
from tradebot.learning.alarms.truncation import future_shift, label_maturity
from tradebot.learning.selector.config import SelectorConfig
from tradebot.learning.selector.dataset import SelectorDataset
from tradebot.learning.selector.forest import fit
from tradebot.learning.selector.history import learn_hours
from tradebot.learning.splits import time_split
from tradebot.learning.trainers.trainer import Rows
from tradebot.serving.forest import Evaluator


def run_selector_alarms(
    dataset: SelectorDataset,
    grid: MarketGrid,
    playbook: Playbook,
    config: SelectorConfig,
    *,
    predict: Predict | None = None,
    alarms: AlarmConfig | None = None,
    say: Callable[[str], None] | None = None,
) -> tuple[Alarm, ...]:
    """Every alarm on the hours of `learn_hours(grid, playbook, dataset.features)`. A bar's delay is an hour's here."""
    limits = alarms or AlarmConfig()
    if say is not None:
        say(f"leak alarms on {len(dataset)} hours")

    def again(part: MarketGrid) -> tuple[SelectorDataset, Float]:
        made = learn_hours(part, playbook, dataset.features)
        return made, made.label.astype(np.float64)

    return (
        future_shift(dataset, grid, lambda part: scan_features(part, dataset.features)[0], limits),
        label_maturity(dataset, dataset.label.astype(np.float64), grid, again, limits),
        *alarms_of(selector_case(dataset, config, limits), limits, predict),
    )


def selector_case(dataset: SelectorDataset, config: SelectorConfig, alarms: AlarmConfig) -> Case:
    """The rows, and a small forest to learn from them."""
    small = replace(config, trees=min(config.trees, alarms.trees_max), depth=min(config.depth, alarms.depth_max))
    split = time_split(dataset.minute_ns, dataset.end_ns, dataset.session_of, config.test_fraction, config.embargo_sessions)
    rows = Rows(
        dataset.rows, dataset.label.astype(np.float64), np.ones(len(dataset)), dataset.minute_ns, dataset.session_of, dataset.symbol_of
    )

    def learn(some: Rows) -> Predict:
        forest, _ = fit(some.values, some.target.astype(np.int64), len(dataset.classes), small)
        return Evaluator(forest)

    return Case(rows, dataset.end_ns, dataset.net, "classes", split.train, split.test, config.embargo_sessions, learn)
