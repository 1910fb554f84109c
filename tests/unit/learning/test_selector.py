"""The meta-selector end to end: labels by hand, nothing from the future, a planted pattern found, shuffled labels not, exact artefacts."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import msgspec
import numpy as np
import pytest

from tests.unit.core.selection.books import market
from tests.unit.learning.market import MINUTE_NS, sessions
from tests.unit.serving.tamper import resign
from tradebot.core.domain.faults import OperatorFault
from tradebot.core.features.catalogue import schema_hash
from tradebot.core.selection.config import PerformanceConfig
from tradebot.learning.registry import save
from tradebot.learning.selector.config import SelectorConfig
from tradebot.learning.selector.dataset import SelectorDataset, selector_dataset
from tradebot.learning.selector.evaluation import evaluate_selector
from tradebot.learning.selector.training import TrainedSelector, train_selector
from tradebot.serving.forest import Evaluator
from tradebot.serving.manifest import read_manifest, write_manifest
from tradebot.serving.store import load_model, promote

FEATURES = ("return_1m", "open_rel", "high_rel")
STRATEGIES = ("one", "two", "three")
CONFIG = SelectorConfig(trees=30, depth=5, min_leaf=5, rows_min=50)


def grid(count: int, symbols: int = 1, minutes: int = 390) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """minute_ns, session_of, P&L of zeros, features of noise."""
    days = sessions(count, minutes)
    minute_ns = np.concatenate([np.arange(s.open_ns, s.close_ns, MINUTE_NS) for s in days])
    features = np.random.default_rng(0).normal(size=(len(minute_ns), symbols, len(FEATURES)))
    return minute_ns, np.repeat(np.arange(count), minutes), np.zeros((len(minute_ns), symbols, len(STRATEGIES))), features


def dataset(pnl: np.ndarray, count: int, features: np.ndarray | None = None, **changes: object) -> SelectorDataset:
    minute_ns, session_of, _, noise = grid(count, pnl.shape[1], len(pnl) // count)
    features = noise if features is None else features
    given = {"valid": np.ones(pnl.shape[:2], np.bool_)} | changes
    return selector_dataset(
        minute_ns, session_of, pnl, features, given.pop("valid"), FEATURES, STRATEGIES, **given  # type: ignore[arg-type]
    )  # fmt: skip


def planted(count: int = 60, seed: int = 1, skill: float = 1.0) -> SelectorDataset:
    """The first feature of a decision minute says which strategy will earn in the hour that follows."""
    random = np.random.default_rng(seed)
    minute_ns, _, pnl, features = grid(count)
    pnl += random.normal(-1e-4, 2e-4, pnl.shape)
    since_open = np.tile(np.arange(390), count)
    for t in np.flatnonzero(since_open % 60 == 0):
        winner = int(np.digitize(features[t, 0, 0], [-0.6, 0.0, 0.6]))  # 0, 1, 2, or 3 for none
        if winner < 3 and random.random() < skill:
            pnl[t + 1 : t + 61 if since_open[t] < 360 else t + 30, 0, winner] += 2e-4
    assert len(minute_ns) == len(pnl)
    return dataset(pnl, count, features)


def test_rows_are_the_decision_minutes_and_labels_the_next_hours_best() -> None:
    minute_ns, _, pnl, features = grid(2)
    pnl[60, 0] = 9.0  # the decision minute itself belongs to the hour before
    pnl[61, 0] = [0.1, 0.2, 0.0]
    pnl[120, 0] = [0.3, 0.1, 0.0]  # the hour's last minute: 0.4 and 0.3
    pnl[121, 0] = [0.0, 0.0, 0.5]
    pnl[361:390, 0, 1] = 0.01  # the last hour has 29 minutes
    pnl[390, 0, 2] = 7.0  # another day
    d = dataset(pnl, 2)
    assert ((d.minute_ns - d.minute_ns[0]) // MINUTE_NS)[:7].tolist() == [0, 60, 120, 180, 240, 300, 360]
    assert len(d) == 14
    assert d.label.tolist()[:7] == [0, 0, 2, 3, 3, 3, 1]
    np.testing.assert_allclose(d.net[[1, 2, 6]], [[0.4, 0.3, 0.0], [0.0, 0.0, 0.5], [0.0, 0.29, 0.0]])
    assert ((d.end_ns - d.minute_ns) // MINUTE_NS)[:7].tolist() == [61] * 6 + [30]
    assert d.label.tolist()[7:] == [3] * 7
    assert d.rows[1].tolist() == features[60, 0].tolist()
    assert d.classes == ("one", "two", "three", "flat")
    assert minute_ns[60] == d.minute_ns[1]


def test_only_valid_rows_and_only_labels_that_are_known() -> None:
    minute_ns, _, pnl, _ = grid(2, symbols=2)
    valid = np.ones(pnl.shape[:2], np.bool_)
    valid[0, 1] = False
    d = dataset(pnl, 2, valid=valid)
    assert len(d) == 27
    assert d.symbol_of[:3].tolist() == [0, 0, 1]
    now = int(minute_ns[390 + 180] + MINUTE_NS)  # the third hour has just ended
    known = dataset(pnl, 2, now_ns=now)
    assert known.minute_ns.max() == minute_ns[390 + 120]
    assert (known.end_ns <= now).all()
    assert dataset(pnl, 2, now_ns=now - 1).minute_ns.max() == minute_ns[390 + 60]


def test_the_future_changes_no_row_that_was_known() -> None:
    _, _, pnl, _ = grid(3)
    pnl += np.random.default_rng(2).normal(0, 1e-3, pnl.shape)
    minute_ns = grid(3)[0]
    now = int(minute_ns[390 + 200])
    before = dataset(pnl, 3, now_ns=now)
    pnl[390 + 201 :] += 1.0
    after = dataset(pnl, 3, now_ns=now)
    assert (before.label.tobytes(), before.net.tobytes(), before.rows.tobytes()) == (
        after.label.tobytes(), after.net.tobytes(), after.rows.tobytes()
    )  # fmt: skip


def test_a_valid_row_that_is_not_finite_is_refused() -> None:
    _, _, pnl, features = grid(1)
    features[60, 0, 1] = np.nan
    with pytest.raises(OperatorFault, match="feature open_rel is not finite"):
        dataset(pnl, 1, features)


@pytest.fixture(scope="module")
def trained() -> TrainedSelector:
    return train_selector(planted(), CONFIG, {"cost_bps": 1.5})


def test_a_planted_pattern_is_found_and_told_beside_no_skill(trained: TrainedSelector) -> None:
    metrics = trained.metrics
    assert metrics.accuracy > metrics.no_skill_accuracy + 0.3
    assert metrics.accuracy > metrics.base_rate + 0.3
    assert metrics.log_loss < metrics.no_skill_log_loss
    assert metrics.net_oracle > metrics.net_selected > 0.0
    assert metrics.net_selected > max(metrics.net_strategies.values()) + 4 * metrics.net_selected_error
    assert metrics.net_flat == 0.0
    assert sum(metrics.selected_shares.values()) == pytest.approx(1.0)
    assert trained.train.last_ns < trained.test.first_ns
    assert trained.kind == "meta_selector"


def test_shuffled_labels_show_no_skill() -> None:
    d = planted()
    random = np.random.default_rng(3)
    order = random.permutation(len(d))
    metrics = train_selector(dataclasses.replace(d, label=d.label[order], net=d.net[order]), CONFIG).metrics
    assert metrics.accuracy < metrics.base_rate + 0.1
    assert metrics.net_selected < metrics.net_oracle / 2


def test_training_rows_end_before_the_test_begins_and_the_embargo_is_kept(trained: TrainedSelector) -> None:
    days = sessions(60)
    assert trained.test.first_ns in {s.open_ns for s in days}
    test_day = next(i for i, s in enumerate(days) if s.open_ns == trained.test.first_ns)
    assert trained.train.last_ns < days[test_day - 1].open_ns
    near = train_selector(planted(), dataclasses.replace(CONFIG, embargo_sessions=0))
    assert days[test_day - 1].open_ns < near.train.last_ns < near.test.first_ns


def test_same_input_and_seed_same_forest_whatever_the_jobs(trained: TrainedSelector) -> None:
    again = train_selector(planted(), dataclasses.replace(CONFIG, jobs=2))
    for name in ("feature", "threshold", "left", "value", "roots", "mean", "scale"):
        assert np.array_equal(getattr(trained.forest, name), getattr(again.forest, name))
    assert again.metrics == trained.metrics


def test_figures_by_hand() -> None:
    label, net = np.array([0, 1, 2]), np.array([[0.3, 0.1], [-0.2, 0.4], [-0.1, -0.1]])
    probability = np.array([[0.6, 0.2, 0.2], [0.5, 0.5, 0.0], [0.1, 0.1, 0.8]])
    metrics = evaluate_selector(label, net, probability, np.array([2, 2, 0, 2]), np.array([[0.0, 0.1]]), ("a", "b", "flat"))
    assert metrics.accuracy == pytest.approx(2 / 3)
    assert (metrics.no_skill_class, metrics.no_skill_accuracy, metrics.base_rate) == ("flat", pytest.approx(1 / 3), pytest.approx(1 / 3))
    assert metrics.net_selected == pytest.approx((0.3 - 0.2 + 0.0) / 3)
    assert metrics.net_oracle == pytest.approx((0.3 + 0.4 + 0.0) / 3)
    assert metrics.net_best_in_training == pytest.approx(net[:, 1].mean())
    assert metrics.net_weighted == pytest.approx((0.18 + 0.02 - 0.1 + 0.2 - 0.02) / 3)
    assert metrics.log_loss == pytest.approx(-(np.log(0.6) + np.log(0.5) + np.log(0.8)) / 3)
    assert metrics.net_strategies == pytest.approx({"a": 0.0, "b": 0.4 / 3})


def test_refuses_what_teaches_nothing() -> None:
    with pytest.raises(OperatorFault, match="too few"):
        train_selector(planted(), dataclasses.replace(CONFIG, rows_min=100_000))
    d = planted()
    with pytest.raises(OperatorFault, match="flat was best in all"):
        train_selector(dataclasses.replace(d, label=np.full(len(d), 3)), CONFIG)
    with pytest.raises(OperatorFault, match="not one row"):
        train_selector(dataset(np.zeros((0, 1, 3)), 1), CONFIG)
    with pytest.raises(OperatorFault, match="not finite"):
        train_selector(dataclasses.replace(d, rows=d.rows * np.inf), CONFIG)


def test_a_saved_selector_comes_back_exactly(trained: TrainedSelector, tmp_path: Path) -> None:
    folder = save(trained, tmp_path / "models", "demo", 1_381_521_600_000_000_000)
    model, manifest = load_model(folder), read_manifest(folder)
    rows = np.random.default_rng(0).normal(size=(200, len(FEATURES)))
    assert model.predict(rows).tobytes() == Evaluator(trained.forest)(rows).tobytes()
    assert model.predict(rows).shape == (200, 4)
    assert model.classes == ("one", "two", "three", "flat")
    assert (model.model_id, model.features, model.schema_hash) == (f"demo/{folder.name}", FEATURES, schema_hash(FEATURES))
    assert (manifest.kind, manifest.label, manifest.classes) == ("meta_selector", "best_net_strategy_next_hour", model.classes)
    assert manifest.metrics["net_strategies"] == trained.metrics.net_strategies
    assert manifest.label_parameters == {"cost_bps": 1.5}
    promote(folder)
    resign(folder, classes=["one", "two", "flat"])
    with pytest.raises(OperatorFault, match="answers with 4 numbers, the manifest names 3 classes"):
        load_model(folder)


def test_a_manifest_without_classes_says_nothing_of_them(trained: TrainedSelector, tmp_path: Path) -> None:
    """The manifests of yes/no models are what they always were."""
    manifest = read_manifest(save(trained, tmp_path / "models", "demo"))
    write_manifest(tmp_path, msgspec.structs.replace(manifest, classes=()))
    assert "classes" not in json.loads((tmp_path / "manifest.json").read_text())
    assert read_manifest(tmp_path).classes == ()


def test_a_label_counts_the_same_hour_as_the_bandits_reward() -> None:
    m = market(8, sessions=2, minutes=130, strategies=len(STRATEGIES))
    history = m.history(PerformanceConfig())
    features = np.zeros((*m.present.shape, len(FEATURES)))
    d = selector_dataset(m.minute_ns, m.session_of, history.pnl, features, np.ones(m.present.shape, np.bool_), FEATURES, STRATEGIES)
    ends = np.array([60, 120, 129, 190, 250, 259])
    np.testing.assert_allclose(d.net.reshape(6, 2, 3), history.block[ends], atol=1e-15)
