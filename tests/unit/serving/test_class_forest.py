"""A forest over classes answers as scikit-learn's predict_proba, one row or many, bit for bit."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests.unit.serving.test_forest import data, stump
from tradebot.learning.trainers.flat import flatten_classes
from tradebot.serving.artefacts.forest import ForestArtefact, read_forest, write_forest
from tradebot.serving.forest import BAGGED, BOOSTED, Evaluator, Forest
from tradebot.serving.model import StoredModel

CLASSES = 9
ABSENT = 4  # no training row is of this class


def fitted(trees: int, depth: int, leaf: int, seed: int) -> tuple[Forest, Callable[[np.ndarray], np.ndarray], np.ndarray]:
    """The forest, the library's own answer spread over all classes, and the training rows."""
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.preprocessing import StandardScaler

    x, _ = data(900, seed)
    label = np.digitize(x[:, 1] * 1e3 - 5e3 + np.random.default_rng(seed).normal(0, 0.3, len(x)), np.linspace(-1.5, 1.5, CLASSES - 1))
    label[label == ABSENT] = 0
    scaler = StandardScaler().fit(x)
    forest = RandomForestClassifier(trees, max_depth=depth, min_samples_leaf=leaf, random_state=seed).fit(scaler.transform(x), label)
    places = forest.classes_.tolist()
    assert ABSENT not in places

    def reference(rows: np.ndarray) -> np.ndarray:
        out = np.zeros((len(rows), CLASSES))
        out[:, places] = forest.predict_proba(scaler.transform(rows))
        return out

    nodes = flatten_classes([e.tree_ for e in forest.estimators_], places, CLASSES)
    return Forest(combine=BAGGED, mean=scaler.mean_, scale=scaler.scale_, outputs=CLASSES, **nodes), reference, x


@pytest.mark.parametrize(("trees", "depth", "leaf", "seed"), [(1, 1, 1, 0), (25, 8, 1, 1), (100, 12, 1, 2), (40, 4, 30, 3)])
def test_equals_the_library(trees: int, depth: int, leaf: int, seed: int) -> None:
    forest, reference, x = fitted(trees, depth, leaf, seed)
    rows = np.concatenate([x, data(2000, seed + 100)[0], x[:50] * 1e6])
    served = Evaluator(forest)(rows)
    assert served.shape == (len(rows), CLASSES)
    assert np.abs(served - reference(rows)).max() <= 1e-12
    assert np.abs(served.sum(axis=1) - 1.0).max() <= 1e-12
    assert np.ptp(served[:, 0]) > 0.05
    alone = np.concatenate([Evaluator(forest)(rows[i : i + 1]) for i in range(0, len(rows), 7)])
    assert alone.tobytes() == served[::7].tobytes()
    order = np.random.default_rng(0).permutation(len(rows))
    assert Evaluator(forest)(rows[order]).tobytes() == served[order].tobytes()
    assert Evaluator(forest)(np.asfortranarray(rows)).tobytes() == served.tobytes()


def test_a_row_that_is_not_finite_has_no_opinion() -> None:
    forest, _, x = fitted(5, 4, 1, 6)
    rows = x[:3].copy()
    rows[1, 2] = np.nan
    answers = Evaluator(forest)(rows)
    assert np.isnan(answers[1]).all()
    assert answers[[0, 2]].tobytes() == Evaluator(forest)(x[[0, 2]]).tobytes()


def three_way(**changes: object) -> Forest:
    """One feature; left of 0: (0.5, 0.25, 0.25), right of it: (0, 0, 1)."""
    return stump(**({"value": np.array([0, 0, 0, 0.5, 0.25, 0.25, 0, 0, 1.0]), "outputs": 3} | changes))


def test_a_stump_by_hand_names_its_classes() -> None:
    model = StoredModel("p/v", ("close",), "hash", ForestArtefact(three_way()), classes=("a", "b", "flat"))
    assert model.predict(np.array([[-1.0], [1.0]])).tolist() == [[0.5, 0.25, 0.25], [0.0, 0.0, 1.0]]
    assert model.classes == ("a", "b", "flat")
    assert StoredModel("p/v", ("close",), "hash", ForestArtefact(stump())).classes == ()


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"outputs": 2}, "leaf values differ in length"),
        ({"outputs": 0}, "can't hold 0"),
        ({"combine": BOOSTED}, "is bagged"),
        ({"value": np.array([0, 0, 0, np.nan, 0.25, 0.25, 0, 0, 1.0])}, "not finite"),
    ],
)
def test_arrays_that_are_no_forest_are_refused(changes: dict[str, object], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        three_way(**changes)


def test_the_file_gives_the_same_forest_back(tmp_path: Path) -> None:
    forest, _, x = fitted(7, 5, 3, 8)
    write_forest(tmp_path / "f", forest)
    assert Evaluator(read_forest(tmp_path / "f"))(x).tobytes() == Evaluator(forest)(x).tobytes()
    write_forest(tmp_path / "g", stump())
    assert read_forest(tmp_path / "g").outputs == 1
    assert b"outputs" not in (tmp_path / "g").read_bytes()  # files of yes/no forests are what they always were
