"""The institutional system: five specialists and their meta-model, purged from each other, exact on disk, by hand where hands can."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest

from tests.unit.learning.market import market
from tradebot.core.domain.faults import OperatorFault
from tradebot.core.features.institutional import INSTITUTIONAL
from tradebot.learning.alarms.alarm import AlarmConfig
from tradebot.learning.config import RoundTripCost, TrainingConfig
from tradebot.learning.dataset import Dataset, build_dataset
from tradebot.learning.institutional.alarms import specialist_alarms
from tradebot.learning.institutional.meta import regime_weights
from tradebot.learning.institutional.rows import learns_from, parts_of, specialist_rows
from tradebot.learning.institutional.specialists import SPECIALISTS
from tradebot.learning.institutional.training import InstitutionalMetrics, train_institutional
from tradebot.learning.training import Trained
from tradebot.serving.artefacts.institutional import FILE, InstitutionalArtefact
from tradebot.serving.institutional import combined, positions

CONFIG = TrainingConfig(
    kind="institutional",
    features="institutional",
    label="forward_return",
    horizon_min=30,
    trees=8,
    depth=3,
    watch_fraction=0.3,
    device="cpu",
)  # fmt: skip
GRID = market(count=9)


@pytest.fixture(scope="module")
def rows() -> Dataset:
    return build_dataset(GRID, CONFIG, RoundTripCost())


@pytest.fixture(scope="module")
def trained() -> Trained:
    return train_institutional(GRID, CONFIG, RoundTripCost(), lambda _: None)


def test_every_specialist_reads_its_own_columns_and_the_model_reads_them_all(trained: Trained) -> None:
    assert trained.features == INSTITUTIONAL
    assert isinstance(trained.artefact, InstitutionalArtefact)
    for specialist in SPECIALISTS:
        read = tuple(INSTITUTIONAL[c] for c in trained.artefact.meta.columns[specialist.name])
        assert read == specialist.features
    assert {name for s in SPECIALISTS for name in s.features} == set(INSTITUTIONAL)


def test_positions_within_bounds_one_row_as_a_batch_and_exact_on_disk(trained: Trained, rows: Dataset, tmp_path: Path) -> None:
    values = rows.rows[::7].copy()
    values[3, 0] = np.nan
    predict = trained.artefact.predictor()
    served = predict(values)
    assert np.isnan(served[3])
    assert np.isnan(served).sum() == 1
    inside = np.delete(served, 3)
    assert np.abs(inside).max() <= 1.0
    assert np.ptp(inside) > 0.1
    assert served[:200].tobytes() == np.concatenate([predict(values[i : i + 1]) for i in range(200)]).tobytes()
    trained.artefact.write(tmp_path)
    again = InstitutionalArtefact.read(tmp_path)
    assert again.predictor()(values).tobytes() == served.tobytes()
    assert (again.answer, again.inputs, again.outputs) == ("position", len(INSTITUTIONAL), 1)
    assert {p.name for p in tmp_path.iterdir()} == {FILE, *(s.name for s in SPECIALISTS)}


def test_the_report_tells_of_all_five_and_of_the_weights(trained: Trained) -> None:
    metrics = trained.metrics
    assert isinstance(metrics, InstitutionalMetrics)
    assert metrics.rows == trained.test.rows
    assert set(metrics.specialists) == {s.name for s in SPECIALISTS}
    assert set(metrics.weights) == {"high_volatility", "trending", "ranging"}
    for row in metrics.weights.values():
        assert sum(row.values()) == pytest.approx(1.0)
    told = json.dumps(dataclasses.asdict(metrics))
    assert "NaN" not in told


def test_no_part_knows_of_a_later_one(rows: Dataset) -> None:
    parts = parts_of(rows, CONFIG)
    assert rows.end_ns[parts.fit].max() <= parts.watch_start_ns
    assert rows.end_ns[parts.watch].max() <= rows.minute_ns[parts.test].min()
    for specialist in SPECIALISTS:
        own = specialist_rows(GRID, rows, specialist, CONFIG, RoundTripCost())
        used = learns_from(own, parts, specialist)
        assert 0 < used.sum() <= parts.fit.sum()
        assert own.end_ns[used].max() <= parts.watch_start_ns
        assert np.isfinite(own.target[used]).all()


def test_a_specialist_looks_back_as_far_as_it_says(rows: Dataset) -> None:
    parts = parts_of(rows, CONFIG)
    short = dataclasses.replace(SPECIALISTS[0], sessions_max=2)
    own = specialist_rows(GRID, rows, short, CONFIG, RoundTripCost())
    assert len(np.unique(own.session_of[learns_from(own, parts, short)])) == 2


def test_same_model_whatever_the_jobs(trained: Trained, rows: Dataset) -> None:
    again = train_institutional(GRID, dataclasses.replace(CONFIG, jobs=2), RoundTripCost(), lambda _: None)
    some = rows.rows[:500]
    assert again.artefact.predictor()(some).tobytes() == trained.artefact.predictor()(some).tobytes()
    assert again.metrics == trained.metrics


def test_the_meta_model_by_hand() -> None:
    said = positions(np.array([0.1, 0.1]), np.array([0.75, 0.25]), np.array([-0.2, 0.0]), np.array([0.01, -0.01]))
    assert said.tolist() == [[0.1, -0.5, -0.2], [0.1, -0.5, 0.0]]
    regime = np.array([[1.0, 0.0], [0.0, 1.0]])
    weights = np.array([[1.0, 0.0, 0.0], [0.5, 0.5, 0.0]])
    size = np.array([0.2, 1.0, 1.0])
    out = combined(said, regime, np.array([0.0, 0.01]), size, weights, 1.645 * 0.04)
    assert out[0] == pytest.approx(0.5)  # only trend counts: half its size, no risk
    assert out[1] == pytest.approx((0.25 * 0.5 - 0.25 * 0.5) / 0.5 * 0.75)
    assert combined(said, regime, np.array([0.02, 9.0]), size, weights, 1.645 * 0.04).tolist() == [pytest.approx(0.25), 0.0]
    assert np.isnan(combined(said, regime * np.nan, np.array([0.0, 0.0]), size, weights, 1.0)).all()


def test_weights_go_to_who_was_right_in_the_regime() -> None:
    """Regime 0: the first is right and the second wrong; regime 1: nobody is, and all count alike."""
    word = np.array([[1.0, -1.0], [-0.5, 0.5], [1.0, 1.0], [-1.0, -1.0]])
    regime = np.array([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0], [0.0, 1.0]])
    move = np.array([0.01, -0.01, -0.01, 0.01])
    assert regime_weights(word, regime, move).tolist() == [[1.0, 0.0], [0.5, 0.5]]


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"features": "both"}, "needs model.features"),
        ({"label": "triple_barrier"}, "needs model.features"),
        ({"watch_fraction": 0.0}, "watch_fraction must be greater"),
        ({"rows_min": 10**6}, "rows are too few"),
    ],
)
def test_refuses_what_it_can_not_be_trained_from(changes: dict[str, object], why: str) -> None:
    with pytest.raises(OperatorFault, match=why):
        train_institutional(GRID, dataclasses.replace(CONFIG, **changes), RoundTripCost(), lambda _: None)  # type: ignore[arg-type]


def test_each_specialist_is_held_to_account_by_its_name() -> None:
    limits = AlarmConfig(rows_max=500, trees_max=2, depth_max=2, shuffles=1, noise_columns=1, cuts=1, values_max=1000)
    found = specialist_alarms(market(count=6), CONFIG, RoundTripCost(), lambda _: None, limits)
    names = [alarm.name.split("/") for alarm in found]
    assert {name for name, _ in names} == {s.name for s in SPECIALISTS}
    assert len({alarm for _, alarm in names}) * len(SPECIALISTS) == len(found) >= 5 * 6
    assert not [alarm.sentence for alarm in found if alarm.rang and alarm.name.endswith(("future_shift", "label_maturity", "purge"))]


def test_a_spoiled_model_is_refused(trained: Trained, tmp_path: Path) -> None:
    trained.artefact.write(tmp_path)
    good = json.loads((tmp_path / FILE).read_text())
    spoiled = (
        {"weights": [[0.5, 0.5, 0.5]] * 3},
        {"weights": [[1.0, 0.0, 0.0]]},
        {"size": [0.0, 1.0, 1.0]},
        {"columns": {**good["columns"], "trend": [9999]}},
        {"columns": {**good["columns"], "trend": good["columns"]["regime"]}},
        {"var_max": -1.0},
    )
    for change in spoiled:
        (tmp_path / FILE).write_text(json.dumps(good | change))
        with pytest.raises(OperatorFault, match="no institutional model of ours"):
            InstitutionalArtefact.read(tmp_path)
    (tmp_path / FILE).write_text(json.dumps(good))
    (tmp_path / "trend" / "model.ubj").write_bytes(b"{}")
    with pytest.raises(OperatorFault, match="no XGBoost model of ours"):
        InstitutionalArtefact.read(tmp_path)
