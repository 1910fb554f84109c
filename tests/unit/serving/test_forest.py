"""The compiled forest answers as scikit-learn's predict_proba, one row or many, bit for bit."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from tradebot.learning.config import TrainingConfig
from tradebot.learning.trainers.trainer import Fitted, Rows
from tradebot.learning.training import TRAINERS
from tradebot.serving.artefacts.forest import ForestArtefact
from tradebot.serving.forest import BAGGED, Evaluator, Forest
from tradebot.serving.model import StoredModel

FEATURES = 6


def data(rows: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Rows on very different scales, with repeated values, so that thresholds fall on and between float32 neighbours."""
    random = np.random.default_rng(seed)
    x = random.normal(size=(rows, FEATURES)) * [1e-5, 1e-3, 1.0, 1e3, 1e7, 1.0] + [0.0, 5.0, 1e4, 0.0, 1e8, 0.0]
    x[:, 5] = np.round(x[:, 5] * 2) / 2
    odds = x[:, 0] * 1e5 + (x[:, 5] > 0) - 0.3
    return x, (random.random(rows) < 1 / (1 + np.exp(-odds))).astype(np.int8)


def rows_of(x: np.ndarray, y: np.ndarray) -> Rows:
    order = np.arange(len(x))
    return Rows(x, y.astype(np.float64), np.ones(len(x)), order, order // 100, np.zeros(len(x), np.int64))


def fit(x: np.ndarray, y: np.ndarray, config: TrainingConfig) -> Fitted:
    rows = rows_of(x, y)
    return TRAINERS[config.kind](rows, rows.where(np.arange(0)), config, lambda _: None)


def forest_of(fitted: Fitted) -> Forest:
    assert isinstance(fitted.artefact, ForestArtefact)
    return fitted.artefact.forest


@pytest.mark.parametrize("kind", ["gradient_boosting", "random_forest"])
@pytest.mark.parametrize(("depth", "leaf", "seed"), [(1, 1, 0), (8, 1, 1), (12, 1, 2), (4, 30, 3)])
def test_equals_the_library(kind: str, depth: int, leaf: int, seed: int) -> None:
    x, y = data(600, seed)
    config = TrainingConfig(kind=kind, trees=25, depth=depth, min_leaf=leaf, seed=seed)
    fitted = fit(x, y, config)
    rows = np.concatenate([x, data(3000, seed + 100)[0], x[:50] * 1e6])
    served = Evaluator(forest_of(fitted))(rows)
    assert np.abs(served - fitted.reference(rows)).max() <= 1e-12
    alone = np.array([Evaluator(forest_of(fitted))(rows[i : i + 1])[0] for i in range(0, len(rows), 7)])
    assert alone.tobytes() == served[::7].tobytes()
    order = np.random.default_rng(0).permutation(len(rows))
    assert Evaluator(forest_of(fitted))(rows[order]).tobytes() == served[order].tobytes()


def test_any_memory_layout_gives_the_same_answer() -> None:
    x, y = data(300, 5)
    predict = Evaluator(forest_of(fit(x, y, TrainingConfig(trees=5, min_leaf=5))))
    assert np.array_equal(predict(np.asfortranarray(x)), predict(x))
    assert np.array_equal(predict(x[::3]), predict(x)[::3])
    assert predict(x[:0]).shape == (0,)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, 1e300])
def test_a_row_that_is_not_finite_has_no_opinion(bad: float) -> None:
    x, y = data(300, 6)
    predict = Evaluator(forest_of(fit(x, y, TrainingConfig(trees=5, min_leaf=5))))
    rows = x[:3].copy()
    rows[1, 2] = bad
    answers = predict(rows)
    assert np.isnan(answers[1])
    assert np.array_equal(answers[[0, 2]], predict(x[[0, 2]]))


def stump(**changes: object) -> Forest:
    """One feature; left of 0: 0.25, right of it: 0.75."""
    arrays: dict[str, object] = {
        "combine": BAGGED,
        "mean": np.array([0.0]),
        "scale": np.array([1.0]),
        "feature": np.array([0, -1, -1], np.int32),
        "threshold": np.array([0.0, 0.0, 0.0]),
        "left": np.array([1, -1, -1], np.int32),
        "right": np.array([2, -1, -1], np.int32),
        "value": np.array([0.0, 0.25, 0.75]),
        "roots": np.array([0], np.int32),
    }
    return Forest(**(arrays | changes))  # type: ignore[arg-type]


def test_a_stump_by_hand() -> None:
    model = StoredModel("p/v", ("close",), "hash", ForestArtefact(stump()))
    assert model.predict(np.array([[-1.0], [0.0], [1e-30], [1.0]])).tolist() == [0.25, 0.25, 0.75, 0.75]
    assert (model.model_id, model.features, model.schema_hash) == ("p/v", ("close",), "hash")


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"combine": "voted"}, "can't be combined"),
        ({"left": np.array([0, -1, -1], np.int32)}, "points back"),
        ({"left": np.array([2, -1, -1], np.int32), "right": np.array([3, -1, -1], np.int32)}, "points back or outside"),
        ({"right": np.array([1, -1, -1], np.int32)}, "not behind its brother"),
        ({"feature": np.array([1, -1, -1], np.int32)}, "not there"),
        ({"feature": np.array([0, 0, -1], np.int32)}, "a leaf has"),
        ({"value": np.array([0.0, np.nan, 0.75])}, "not finite"),
        ({"scale": np.array([0.0])}, "scale is 0"),
        ({"roots": np.array([3], np.int32)}, "root points outside"),
        ({"roots": np.array([], np.int32)}, "no tree"),
        ({"threshold": np.array([0.0])}, "differ in length"),
        ({"mean": np.array([])}, "mean and scale"),
    ],
)
def test_arrays_that_are_no_forest_are_refused(changes: dict[str, object], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        stump(**changes)


def test_serving_needs_no_learning_library() -> None:
    code = (
        "import sys, tradebot.serving.store, tradebot.serving.artefacts.catalogue; "
        "sys.exit(any(m in sys.modules for m in ('sklearn', 'pandas', 'torch', 'pyarrow', 'xgboost')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
