"""XGBoost's trees answer as XGBoost does, find what was planted, stop early, and don't depend on the number of jobs."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from tests.unit.learning.trainers.rows import FEATURES, fit, planted
from tradebot.core.domain.faults import OperatorFault
from tradebot.learning.config import TrainingConfig
from tradebot.learning.trainers import dollar_profit
from tradebot.serving.artefacts.xgboost import XgboostArtefact

KINDS = [("xgboost", "probability"), ("xgboost", "classes"), ("xgboost_regression", "number"), ("dollar_profit", "number")]


def config(kind: str, **changes: object) -> TrainingConfig:
    return TrainingConfig(**({"kind": kind, "trees": 30, "depth": 4, "min_leaf": 10, "device": "cpu"} | changes))  # type: ignore[arg-type]


@pytest.mark.parametrize(("kind", "answer"), KINDS)
def test_served_answers_are_the_librarys(kind: str, answer: str) -> None:
    fitted = fit(planted(1500, 1, answer), config(kind))
    rows = np.concatenate([planted(2000, 2).values, planted(50, 3).values * 1e6])
    served = fitted.artefact.predictor()(rows)
    assert served.shape == ((len(rows), 3) if answer == "classes" else (len(rows),))
    assert np.abs(served - fitted.reference(rows)).max() <= fitted.tolerance == 1e-6
    assert np.ptp(served) > 0.1
    alone = np.concatenate([fitted.artefact.predictor()(rows[i : i + 1]) for i in range(0, len(rows), 31)])
    assert alone.tobytes() == np.ascontiguousarray(served[::31]).tobytes()
    assert fitted.artefact.inputs == FEATURES


@pytest.mark.parametrize(("kind", "answer"), KINDS)
def test_same_trees_whatever_the_jobs(kind: str, answer: str) -> None:
    rows = planted(3000, 4, answer)
    one, two = (fit(rows, config(kind, jobs=jobs)).artefact for jobs in (1, 2))
    assert isinstance(one, XgboostArtefact)
    assert isinstance(two, XgboostArtefact)
    for name in ("feature", "threshold", "left", "value", "roots", "column", "base"):
        assert getattr(one.trees, name).tobytes() == getattr(two.trees, name).tobytes()


def test_finds_what_was_planted() -> None:
    train, later = planted(3000, 5), planted(2000, 6)
    fitted = fit(train, config("xgboost", trees=80))
    assert roc_auc_score(later.target, fitted.artefact.predictor()(later.values)) > 0.7
    train, later = planted(3000, 5, "number"), planted(2000, 6, "number")
    for kind in ("xgboost_regression", "dollar_profit"):
        position = fit(train, config(kind, trees=80)).artefact.predictor()(later.values)
        assert np.abs(position).max() <= 1.0
        net = position * later.target - 2e-4 * np.abs(position)
        assert net.mean() > 1e-4
        assert np.corrcoef(position, later.target)[0, 1] > 0.3


def test_a_regression_gives_its_number_and_its_position() -> None:
    rows = planted(2000, 7, "number")
    fitted = fit(rows, config("xgboost_regression"))
    assert fitted.numbers is not None
    forecast = fitted.numbers(rows.values)
    assert fitted.artefact.answer == "position"
    assert fitted.artefact.predictor()(rows.values) == pytest.approx(np.tanh(forecast / rows.target.std()), abs=1e-6)
    assert np.mean((forecast - rows.target) ** 2) < 0.8 * rows.target.var()


def test_dollar_profit_stands_aside_where_cost_eats_the_move() -> None:
    rows = planted(2000, 8, "number")
    cheap = fit(rows, config("dollar_profit")).artefact.predictor()(rows.values)
    dear = fit(dataclasses.replace(rows, cost=np.full(len(rows), 5e-3)), config("dollar_profit")).artefact.predictor()(rows.values)
    assert np.abs(dear).mean() < 0.2 * np.abs(cheap).mean()


@pytest.mark.parametrize(("kind", "answer"), KINDS)
def test_stops_early_on_the_watched_rows(kind: str, answer: str) -> None:
    train, watch = planted(600, 9, answer), planted(600, 10, answer)
    settings = config(kind, trees=300, learning_rate=0.3, early_stopping_rounds=10)
    artefact = fit(train, settings, watch).artefact
    assert isinstance(artefact, XgboostArtefact)
    assert len(artefact.trees.roots) < 200 * artefact.outputs
    without = fit(train, settings).artefact
    assert isinstance(without, XgboostArtefact)
    assert len(without.trees.roots) == 300 * artefact.outputs


def test_weights_count() -> None:
    rows = planted(1500, 11)
    half = dataclasses.replace(rows, weight=np.where(np.arange(1500) < 750, 2.0, 1e-6))
    settings = config("xgboost", min_leaf=1)
    first = fit(rows.where(np.arange(750)), settings).artefact.predictor()(rows.values)
    assert np.abs(fit(half, settings).artefact.predictor()(rows.values) - first).mean() < 0.1
    assert np.abs(fit(rows, settings).artefact.predictor()(rows.values) - first).mean() > 0.01


def test_refuses_a_gpu_that_is_not_there() -> None:
    with pytest.raises(OperatorFault, match="no NVIDIA GPU"):
        fit(planted(300, 12), config("xgboost", device="cuda"))


numbers = st.floats(-3, 3)


@given(score=numbers, move=numbers, cost=st.floats(0, 3))
def test_gradient_and_curvature_are_the_rewards(score: float, move: float, cost: float) -> None:
    """By central differences; the bound is never below the size of the true curvature, and always positive."""
    h = 1e-5

    def at(s: float) -> float:
        return -float(dollar_profit.reward(np.array([s]), np.array([move]), np.array([cost]))[0])

    def slope(s: float) -> float:
        return float(dollar_profit.gradient(np.array([s]), np.array([move]), np.array([cost]))[0])

    assert slope(score) == pytest.approx((at(score + h) - at(score - h)) / (2 * h), abs=1e-5)
    curvature = (slope(score + h) - slope(score - h)) / (2 * h)
    bound = float(dollar_profit.curvature_bound(np.array([score]), np.array([move]), np.array([cost]))[0])
    assert bound >= abs(curvature) + dollar_profit.FLOOR - 1e-3
