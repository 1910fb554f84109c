"""What a training learns and where it is kept, by the kind of model that the profile names."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from tradebot.core.domain.bars import MarketGrid
from tradebot.core.domain.faults import OperatorFault
from tradebot.core.features.catalogue import FEATURES
from tradebot.core.features.sets import feature_names
from tradebot.core.opinions.playbook import Playbook
from tradebot.learning.dataset import build_dataset, write_dataset
from tradebot.learning.institutional.training import train_institutional
from tradebot.learning.regimes.config import RegimesConfig
from tradebot.learning.regimes.registry import save_regimes
from tradebot.learning.regimes.training import TrainedRegimes, train_regimes
from tradebot.learning.registry import save
from tradebot.learning.selector.config import SelectorConfig
from tradebot.learning.selector.dataset import SelectorDataset
from tradebot.learning.selector.history import label_parameters, learn_hours
from tradebot.learning.selector.training import TrainedSelector, train_selector
from tradebot.learning.training import Trained, fit_dataset
from tradebot.settings import Settings

Say = Callable[[str], None]

_FOREST_AND_SPLIT: Final = ("trees", "depth", "min_leaf", "test_fraction", "embargo_sessions", "rows_min", "seed", "jobs")


def learn(settings: Settings, grid: MarketGrid, dataset: Path | None, say: Say) -> Path:
    """Train what the profile names and save it as a new version; its folder. It doesn't trade yet."""
    root, profile = settings.models_dir, settings.profile
    match settings.model.kind:
        case "regimes":
            return save_regimes(learn_regimes(settings, grid, dataset, say), root, profile)
        case "meta_selector":
            return save(learn_selector(settings, grid, dataset, say), root, profile)
        case "institutional":
            return save(learn_institutional(settings, grid, dataset, say), root, profile)
        case _:
            return save(learn_classifier(settings, grid, dataset, say), root, profile)


def learn_classifier(settings: Settings, grid: MarketGrid, dataset: Path | None, say: Say) -> Trained:
    """A classifier of the profile's label. `dataset` names a folder that gets the rows as CSV and Parquet."""
    rows = build_dataset(grid, settings.training, settings.round_trip)
    if dataset is not None:
        write_dataset(rows, dataset)
    return fit_dataset(rows, settings.training, settings.round_trip, say)


def learn_institutional(settings: Settings, grid: MarketGrid, dataset: Path | None, say: Say) -> Trained:
    """Five specialists and what weighs them; `dataset` gets the rows of the label that the joint position is judged by."""
    if dataset is not None:
        write_dataset(build_dataset(grid, settings.training, settings.round_trip), dataset)
    return train_institutional(grid, settings.training, settings.round_trip, say)


def learn_selector(settings: Settings, grid: MarketGrid, dataset: Path | None, say: Say) -> TrainedSelector:
    """A selector among the profile's strategies, from what each would have earned in the next hour."""
    no_dataset(settings, dataset)
    return train_on_hours(settings, selector_rows(settings, grid, feature_names(settings.model.features)), say)


def selector_rows(settings: Settings, grid: MarketGrid, features: tuple[str, ...]) -> SelectorDataset:
    """What each of the profile's strategies would have earned in each hour, beside `features` at its decision."""
    return learn_hours(grid, playbook_of(settings), features)


def train_on_hours(settings: Settings, rows: SelectorDataset, say: Say) -> TrainedSelector:
    return train_selector(rows, selector_config(settings), label_parameters(playbook_of(settings)), say)


def playbook_of(settings: Settings) -> Playbook:
    assert settings.playbook is not None, "settings refuse a selector without strategies"
    return Playbook.of(settings.playbook, tuple(f.name for f in FEATURES))


def learn_regimes(settings: Settings, grid: MarketGrid, dataset: Path | None, say: Say) -> TrainedRegimes:
    """Regimes of the market, on columns of their own: clusters, a forecast of the next hour's, and a hidden Markov model."""
    no_dataset(settings, dataset)
    return train_regimes(grid, regimes_config(settings), say)


def selector_config(settings: Settings) -> SelectorConfig:
    return SelectorConfig(**_forest_and_split(settings))


def regimes_config(settings: Settings) -> RegimesConfig:
    return RegimesConfig(**_forest_and_split(settings))


def _forest_and_split(settings: Settings) -> dict[str, Any]:
    """What a profile decides about a forest over classes and its rows."""
    return {name: getattr(settings.model, name) for name in _FOREST_AND_SPLIT}


def no_dataset(settings: Settings, dataset: Path | None) -> None:
    """Raise where a kind has no rows to write."""
    if dataset is not None:
        raise OperatorFault(f"--dataset writes the rows of a classifier; {settings.model.kind} has none in that form")
