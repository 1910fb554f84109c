"""Training end to end on a made-up market: repeatable, honest about skill, and refusing what can't be learned from."""

from __future__ import annotations

import dataclasses
import json
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
from tradebot.learning.registry import save
from tradebot.learning.training import Trained, fit_dataset, train
from tradebot.learning.universe import screen_by_volume
from tradebot.serving.artefacts.forest import ForestArtefact
from tradebot.serving.forest import Forest
from tradebot.serving.store import load_model

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


@pytest.mark.parametrize(
    ("kind", "label", "answer"),
    [
        ("xgboost", "forward_beats_cost", "probability"),
        ("xgboost", "regime", "classes"),
        ("random_forest", "regime", "classes"),
        ("xgboost_regression", "forward_return", "position"),
        ("xgboost_regression", "realised_volatility", "position"),
        ("dollar_profit", "dollar_profit", "position"),
    ],
)
def test_every_kind_trains_saves_and_serves(kind: str, label: str, answer: str, tmp_path: Path) -> None:
    config = dataclasses.replace(CONFIG, kind=kind, label=label, device="cpu", early_stopping_rounds=5, watch_fraction=0.3)
    trained = train(GRID, config, RoundTripCost(half_spread_bps=0.1, half_spread_usd_min=0.0))
    assert trained.artefact.answer == answer
    told = json.loads(json.dumps(dataclasses.asdict(trained.metrics)))
    assert told["rows"] == trained.test.rows
    if answer == "classes":
        assert trained.classes == ("high_volatility", "trending", "ranging") or set(trained.classes) == set(told["shares"])
        assert told["accuracy"] > 0.3
    elif answer == "probability":
        assert told["conformal"]["covered"] == pytest.approx(0.9, abs=0.03)
        assert told["reliability"]["uncertainty"] == pytest.approx(told["base_rate"] * (1 - told["base_rate"]))
    else:
        assert (told["r2"] is None) == (kind == "dollar_profit")
        assert (told["net_per_row"] is None) == (label == "realised_volatility")
        assert told["conformal"] is None or told["conformal"]["covered"] == pytest.approx(0.9, abs=0.04)
    folder = save(trained, tmp_path, "made_up")
    model = load_model(folder)
    rows = build_dataset(GRID, config, RoundTripCost()).rows[:300]
    assert model.predict(rows).tobytes() == trained.artefact.predictor()(rows).tobytes()
    assert (model.answer, model.classes) == (answer, trained.classes)


def test_a_calibrated_ensemble_is_a_model_like_any_other(tmp_path: Path) -> None:
    config = dataclasses.replace(
        CONFIG, kind="ensemble", members=("xgboost", "random_forest"), calibration="venn_abers", watch_fraction=0.3, embargo_sessions=0,
        device="cpu", weighting="uniqueness", half_life_sessions=5.0,
    )  # fmt: skip
    trained = train(GRID, config)
    folder = save(trained, tmp_path, "made_up")
    rows = build_dataset(GRID, config, RoundTripCost()).rows[:100]
    assert load_model(folder).predict(rows).tobytes() == trained.artefact.predictor()(rows).tobytes()
    assert (folder / "inner" / "xgboost" / "model.ubj").is_file()


@pytest.mark.parametrize(
    ("kind", "label", "why"),
    [
        ("gradient_boosting", "regime", "learns a probability, and label regime is a classes"),
        ("xgboost", "forward_return", "learns a probability or classes, and label forward_return is a number"),
        ("dollar_profit", "triple_barrier", "learns a number, and label triple_barrier is a probability"),
        ("dollar_profit", "realised_volatility", "earns a move, and label realised_volatility is none"),
    ],
)
def test_refuses_a_label_that_the_kind_does_not_learn(kind: str, label: str, why: str) -> None:
    with pytest.raises(OperatorFault, match=why):
        train(GRID, dataclasses.replace(CONFIG, kind=kind, label=label))


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_refuses_a_target_that_is_not_finite(bad: float) -> None:
    target = build_dataset(GRID, CONFIG, RoundTripCost()).target.copy()
    target[3] = bad
    with pytest.raises(OperatorFault, match="is not a finite number on 1 of"):
        fit_dataset(changed(target=target), CONFIG, RoundTripCost(), silent)


def test_refuses_a_number_that_never_changes() -> None:
    config = dataclasses.replace(CONFIG, kind="xgboost_regression", label="forward_return")
    dataset = build_dataset(GRID, config, RoundTripCost())
    with pytest.raises(OperatorFault, match=r"label forward_return is 0\.001 on all"):
        fit_dataset(dataclasses.replace(dataset, target=np.full(len(dataset), 1e-3)), config, RoundTripCost(), silent)
