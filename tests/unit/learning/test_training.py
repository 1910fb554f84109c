"""Training end to end on a made-up market: repeatable, honest about skill, and refusing what can't be learned from."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pyarrow.csv as pacsv
import pyarrow.parquet as pq
import pytest

from tests.unit.learning.market import market, sessions, walk
from tradebot.core.domain.bars import BarColumns, market_grid
from tradebot.core.domain.faults import OperatorFault
from tradebot.learning.config import RoundTripCost, TrainingConfig
from tradebot.learning.dataset import Dataset, build_dataset, training_grid, write_dataset
from tradebot.learning.training import Trained, fit_dataset, train
from tradebot.learning.universe import screen_by_volume
from tradebot.serving.artefacts.forest import ForestArtefact
from tradebot.serving.forest import Forest

CONFIG = TrainingConfig(label="forward_15m_beats_cost", trees=12, depth=4, min_leaf=20)
GRID = market()


def silent(_: str) -> None:
    pass


def forest_of(trained: Trained) -> Forest:
    assert isinstance(trained.artefact, ForestArtefact)
    return trained.artefact.forest


@pytest.mark.parametrize("kind", ["random_forest", "gradient_boosting"])
def test_same_input_and_seed_same_forest_whatever_the_jobs(kind: str) -> None:
    config = dataclasses.replace(CONFIG, kind=kind)
    first, second = train(GRID, config), train(GRID, dataclasses.replace(config, jobs=2))
    for name in ("feature", "threshold", "left", "value", "roots", "mean", "scale"):
        assert np.array_equal(getattr(forest_of(first), name), getattr(forest_of(second), name))
    assert first.metrics == second.metrics
    other = train(GRID, dataclasses.replace(config, seed=8))
    if kind == "random_forest":
        assert not np.array_equal(forest_of(first).threshold, forest_of(other).threshold)


def test_the_report_states_spans_label_and_data() -> None:
    lines: list[str] = []
    trained: Trained = train(GRID, CONFIG, RoundTripCost(), lines.append)
    opens = [s.open_ns for s in GRID.sessions]
    assert trained.train.last_ns < opens[4] <= trained.test.first_ns
    assert trained.label == "forward_15m_beats_cost"
    assert trained.label_parameters["half_spread_bps"] == 1.0
    assert set(trained.data) == {"AAA", "BBB"}
    assert trained.metrics.rows == trained.test.rows
    assert any("rows, " in line for line in lines)


def test_a_price_range_limits_the_rows() -> None:
    low = build_dataset(GRID, dataclasses.replace(CONFIG, price_usd_max=15.0), RoundTripCost())
    all_rows = build_dataset(GRID, CONFIG, RoundTripCost())
    closes = low.rows[:, low.features.index("close")]
    assert 0 < len(low) < len(all_rows)
    assert closes.max() <= 15.0


def test_the_dataset_is_written_as_csv_and_parquet(tmp_path: Path) -> None:
    dataset = build_dataset(GRID, CONFIG, RoundTripCost())
    csv, parquet = write_dataset(dataset, tmp_path / "set")
    table = pq.read_table(parquet)
    assert table.column_names == ["timestamp", "symbol", *dataset.features, "forward_15m_beats_cost", "label_end"]
    assert table.num_rows == len(dataset) == pacsv.read_csv(csv).num_rows
    assert np.array_equal(table["close"].to_numpy(), dataset.rows[:, dataset.features.index("close")])
    assert set(table["symbol"].to_pylist()) == {"AAA", "BBB"}
    assert sorted(p.name for p in csv.parent.iterdir()) == ["dataset.csv", "dataset.parquet"]


def changed(**columns: np.ndarray) -> Dataset:
    return dataclasses.replace(build_dataset(GRID, CONFIG, RoundTripCost()), **columns)


def test_refuses_one_class() -> None:
    dataset = build_dataset(GRID, CONFIG, RoundTripCost())
    with pytest.raises(OperatorFault, match="is 0 on all"):
        fit_dataset(dataclasses.replace(dataset, target=np.zeros_like(dataset.target)), CONFIG, RoundTripCost(), silent)


def test_refuses_a_constant_feature() -> None:
    rows = build_dataset(GRID, CONFIG, RoundTripCost()).rows.copy()
    rows[:, 3] = 1.0
    with pytest.raises(OperatorFault, match="feature close is constant"):
        fit_dataset(changed(rows=rows), CONFIG, RoundTripCost(), silent)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_refuses_numbers_that_are_not_finite(bad: float) -> None:
    rows = build_dataset(GRID, CONFIG, RoundTripCost()).rows.copy()
    rows[5, 4] = bad
    with pytest.raises(OperatorFault, match="feature volume has a value that is not finite"):
        fit_dataset(changed(rows=rows), CONFIG, RoundTripCost(), silent)


def test_refuses_too_little_data() -> None:
    with pytest.raises(OperatorFault, match="rows are too few"):
        train(GRID, dataclasses.replace(CONFIG, rows_min=100_000))
    with pytest.raises(OperatorFault, match="not one row"):
        train(market(count=1), CONFIG)


def test_refuses_an_empty_universe() -> None:
    with pytest.raises(OperatorFault, match="universe is empty"):
        train(market_grid([], sessions(3)), CONFIG)


def test_screens_by_volume_and_price() -> None:
    days = sessions(1)
    busy, quiet = walk("BUSY", days, 1), walk("QUIET", days, 2)
    dear = walk("DEAR", days, 3)
    ten = {f: getattr(dear, f) * 10 for f in ("open", "high", "low", "close")}
    quiet = dataclasses.replace(quiet, volume=quiet.volume // 10)
    histories: dict[str, BarColumns] = {"QUIET": quiet, "DEAR": dataclasses.replace(dear, **ten), "BUSY": busy}
    assert screen_by_volume(histories, 0, 1.0, 20.0) == ("BUSY", "QUIET")
    assert screen_by_volume(histories, 1, 1.0, 20.0) == ("BUSY",)
    assert set(screen_by_volume(histories, 0, 1.0, 0.0)) == {"BUSY", "QUIET", "DEAR"}
    with pytest.raises(OperatorFault, match="none of 3 symbols"):
        screen_by_volume(histories, 0, 1000.0, 2000.0)
    grid = training_grid(histories, days, dataclasses.replace(CONFIG, price_usd_max=20.0))
    assert grid.symbols == ("BUSY", "QUIET")


def test_shuffled_labels_show_no_skill() -> None:
    """The leak alarm of FIELD 3.1: whatever the pipeline finds must vanish with the labels' order."""
    dataset = build_dataset(GRID, CONFIG, RoundTripCost())
    target = np.random.default_rng(0).permutation(dataset.target)
    trained = fit_dataset(dataclasses.replace(dataset, target=target), CONFIG, RoundTripCost(), silent)
    assert trained.metrics.roc_auc is not None
    assert abs(trained.metrics.roc_auc - 0.5) < 0.06
