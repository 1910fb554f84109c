"""What a training learns, by the kind of model that the profile names."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tradebot.core.domain.bars import MarketGrid
from tradebot.core.domain.faults import OperatorFault
from tradebot.core.features.catalogue import FEATURES
from tradebot.core.features.sets import feature_names
from tradebot.core.opinions.playbook import Playbook
from tradebot.learning.dataset import build_dataset, write_dataset
from tradebot.learning.selector.config import SelectorConfig
from tradebot.learning.selector.history import label_parameters, learn_hours
from tradebot.learning.selector.training import TrainedSelector, train_selector
from tradebot.learning.training import Trained, fit_dataset
from tradebot.settings import Settings

Say = Callable[[str], None]


def learn_classifier(settings: Settings, grid: MarketGrid, dataset: Path | None, say: Say) -> Trained:
    """A classifier of the profile's label. `dataset` names a folder that gets the rows as CSV and Parquet."""
    rows = build_dataset(grid, settings.training, settings.round_trip)
    if dataset is not None:
        write_dataset(rows, dataset)
    return fit_dataset(rows, settings.training, settings.round_trip, say)


def learn_selector(settings: Settings, grid: MarketGrid, dataset: Path | None, say: Say) -> TrainedSelector:
    """A selector among the profile's strategies, from what each would have earned in the next hour."""
    assert settings.playbook is not None, "settings refuse a selector without strategies"
    if dataset is not None:
        raise OperatorFault("--dataset writes the rows of a classifier; a meta_selector has none in that form")
    playbook = Playbook.of(settings.playbook, tuple(f.name for f in FEATURES))
    rows, model = learn_hours(grid, playbook, feature_names(settings.model.features)), settings.model
    config = SelectorConfig(
        trees=model.trees,
        depth=model.depth,
        min_leaf=model.min_leaf,
        test_fraction=model.test_fraction,
        embargo_sessions=model.embargo_sessions,
        rows_min=model.rows_min,
        seed=model.seed,
        jobs=model.jobs,
    )
    return train_selector(rows, config, label_parameters(playbook), say)
