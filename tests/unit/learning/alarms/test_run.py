"""Alarms on a real data set of a made-up market: what depends on later bars is found, and the whole runs in seconds."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from tests.unit.learning.market import market
from tradebot.core.domain.bars import MarketGrid
from tradebot.core.features.catalogue import scan_features
from tradebot.core.features.sets import SETS
from tradebot.learning.alarms.alarm import AlarmConfig, as_rows, rung
from tradebot.learning.alarms.futures import mirrored
from tradebot.learning.alarms.run import run_alarms
from tradebot.learning.alarms.truncation import future_shift, label_maturity
from tradebot.learning.config import RoundTripCost, TrainingConfig
from tradebot.learning.dataset import Dataset, build_dataset
from tradebot.learning.grids import minutes_of
from tradebot.learning.labels.catalogue import LABELS
from tradebot.learning.training import TRAINERS

CONFIG = TrainingConfig(label="forward_15m_beats_cost", features="scale_free", trees=60, depth=4, min_leaf=20)
COST = RoundTripCost()
GRID = market(22)
ALARMS = AlarmConfig(rows_max=6000, trees_max=10)
STATISTICS = ["label_shuffle", "one_bar_delay", "one_bar_delay_net", "noise_feature", "backward_in_time"]
NAMES = ["future_shift", "label_maturity", "purge", *STATISTICS]


@pytest.fixture(scope="module")
def dataset() -> Dataset:
    return build_dataset(GRID, CONFIG, COST)


def scan(grid: MarketGrid) -> np.ndarray:
    return scan_features(grid, SETS["scale_free"])[0]


def again(grid: MarketGrid) -> tuple[Dataset, np.ndarray]:
    made = build_dataset(grid, CONFIG, COST)
    return made, made.target


def test_a_training_on_clean_bars_is_quiet_and_measured(dataset: Dataset) -> None:
    said: list[str] = []
    alarms = run_alarms(dataset, GRID, CONFIG, COST, TRAINERS[CONFIG.kind], alarms=ALARMS, say=said.append)
    assert [a.name for a in alarms] == NAMES
    assert rung(alarms) == ()
    assert [a.name for a in alarms if not a.measured] == [], "each had data enough"
    assert len(said) == 1 and str(len(dataset)) in said[0]
    rows = as_rows(alarms)
    assert set(rows[0]) == {"name", "rang", "figure", "bound", "sentence"}
    assert run_alarms(dataset, GRID, CONFIG, COST, TRAINERS[CONFIG.kind], alarms=ALARMS) == alarms, "the same again"


def test_a_fitted_model_is_asked_where_it_is_given(dataset: Dataset) -> None:
    asked = []

    def predict(rows: np.ndarray) -> np.ndarray:
        asked.append(len(rows))
        return rows[:, 0]

    run_alarms(dataset, GRID, CONFIG, COST, TRAINERS[CONFIG.kind], alarms=dataclasses.replace(ALARMS, sessions_enough=4), predict=predict)
    assert len(asked) == 1 and asked[0] > 0
    run_alarms(dataset, GRID, CONFIG, COST, TRAINERS[CONFIG.kind], alarms=ALARMS, predict=predict)
    assert len(asked) == 1, "it has seen all but a few sessions: folds are asked in its place"


def test_a_column_that_looks_one_bar_ahead_rings(dataset: Dataset) -> None:
    def ahead(grid: MarketGrid) -> np.ndarray:
        values = scan(grid)
        values[:-1, :, 2] = values[1:, :, 2]
        return values

    t = np.searchsorted(GRID.minute_ns, dataset.minute_ns)
    leaking = dataclasses.replace(dataset, rows=ahead(GRID)[t, dataset.symbol_of])
    found = future_shift(leaking, GRID, ahead, ALARMS)
    assert found.rang and found.figure is not None and found.figure >= 1
    assert f"{dataset.features[2]} of AAA, 1 minutes before the bars end" in found.sentence


def test_scaling_by_the_whole_history_rings(dataset: Dataset) -> None:
    def scaled(grid: MarketGrid) -> np.ndarray:
        values = scan(grid)
        return (values - np.nanmean(values, axis=(0, 1))) / np.nanstd(values, axis=(0, 1))

    t = np.searchsorted(GRID.minute_ns, dataset.minute_ns)
    leaking = dataclasses.replace(dataset, rows=scaled(GRID)[t, dataset.symbol_of])
    assert future_shift(leaking, GRID, scaled, ALARMS).rang
    found = future_shift(leaking, GRID, scan, ALARMS)
    assert found.rang and "of the training's own rows" in found.sentence
    assert not future_shift(dataset, GRID, scan, ALARMS).rang


def test_what_can_be_computed_again_is_bounded(dataset: Dataset) -> None:
    seen = []

    def watched(grid: MarketGrid) -> np.ndarray:
        seen.append(len(grid.minute_ns))
        return scan(grid)

    few = AlarmConfig(values_max=2 * len(dataset.features) * 390 * 5)
    assert not future_shift(dataset, GRID, watched, few).rang
    assert max(seen) == 390 * 5 and len(seen) == 1 + few.cuts
    tiny = future_shift(dataset, GRID, lambda grid: np.full((len(grid.minute_ns), 2, len(dataset.features)), np.nan), few)
    assert tiny.rang, "the training's own rows are not those"


def test_a_label_that_says_it_was_known_too_early_rings(dataset: Dataset) -> None:
    def hasty(data: Dataset) -> Dataset:
        return dataclasses.replace(data, end_ns=data.minute_ns + 60 * 10**9)

    def hasty_again(grid: MarketGrid) -> tuple[Dataset, np.ndarray]:
        made = hasty(build_dataset(grid, CONFIG, COST))
        return made, made.target

    assert not label_maturity(dataset, dataset.target, GRID, again, ALARMS).rang
    found = label_maturity(hasty(dataset), dataset.target, GRID, hasty_again, ALARMS)
    assert found.rang and found.figure is not None and 1 <= found.figure <= 3 * 2 * 15


def test_a_target_that_uses_the_whole_history_rings(dataset: Dataset) -> None:
    def by_rank(data: Dataset) -> np.ndarray:
        return data.net_long - data.net_long.mean()

    def by_rank_again(grid: MarketGrid) -> tuple[Dataset, np.ndarray]:
        made = build_dataset(grid, CONFIG, COST)
        return made, by_rank(made)

    assert label_maturity(dataset, by_rank(dataset), GRID, by_rank_again, ALARMS).rang


@pytest.mark.parametrize("label", [name for name in LABELS if name != "meta_label"])  # it judges a primary model
def test_barriers_and_horizons_are_mature_when_they_say_so(label: str) -> None:
    config = dataclasses.replace(CONFIG, label=label, target_fraction=0.02, stop_fraction=0.01)
    grid = market(6)
    data = build_dataset(grid, config, COST)

    def again(part: MarketGrid) -> tuple[Dataset, np.ndarray]:
        made = build_dataset(part, config, COST)
        return made, made.target

    found = label_maturity(data, data.target, grid, again, ALARMS)
    assert found.measured and not found.rang, found.sentence
    assert found.figure == found.bound == 0.0


def test_the_other_future_is_upside_down_and_the_past_is_the_same() -> None:
    grid = market(2)
    other = mirrored(grid, 500)
    for name in ("open", "high", "low", "close", "volume"):
        assert np.array_equal(getattr(other, name)[:500], getattr(grid, name)[:500])
    here = grid.present[500:]
    assert (other.low[500:] <= other.high[500:]).all()
    inside = (other.open >= other.low) & (other.open <= other.high) & (other.close >= other.low) & (other.close <= other.high)
    assert inside[500:][here].all()
    rises = np.diff(np.log(grid.close[500:, 0][here[:, 0]]))
    assert np.abs(np.diff(np.log(other.close[500:, 0][here[:, 0]])) + rises).max() < 1e-4
    assert np.array_equal(other.present, grid.present)


def test_a_grid_without_a_mature_label_is_not_measured(dataset: Dataset) -> None:
    short = minutes_of(GRID, 0, 40)
    found = label_maturity(dataset, dataset.target, short, again, ALARMS)
    assert not found.measured and not found.rang
