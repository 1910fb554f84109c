"""Metrics against scikit-learn's."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import spearmanr
from sklearn import metrics as reference

from tradebot.learning.class_evaluation import evaluate_classes
from tradebot.learning.conformal import Coverage
from tradebot.learning.evaluation import evaluate, reliability
from tradebot.learning.number_evaluation import evaluate_numbers, rank_correlation


@pytest.mark.parametrize("seed", range(5))
def test_figures_are_the_librarys(seed: int) -> None:
    random = np.random.default_rng(seed)
    label = (random.random(300) < 0.3).astype(np.int8)
    probability = np.round(np.clip(0.3 + 0.2 * (label - 0.3) + random.normal(0, 0.2, 300), 0, 1), 2)  # with ties
    m = evaluate(label, probability, 0.25, 0.4)
    for at, threshold in ((m.at_half, 0.5), (m.at_confidence, 0.4)):
        called = probability >= threshold
        assert at.called == called.sum()
        assert at.accuracy == pytest.approx(reference.accuracy_score(label, called))
        assert at.precision == pytest.approx(reference.precision_score(label, called))
        assert at.recall == pytest.approx(reference.recall_score(label, called))
    assert m.roc_auc == pytest.approx(reference.roc_auc_score(label, probability))
    assert m.brier == pytest.approx(reference.brier_score_loss(label, probability))
    assert m.log_loss == pytest.approx(reference.log_loss(label, np.clip(probability, 1e-15, 1 - 1e-15)))
    assert m.no_skill_log_loss == pytest.approx(reference.log_loss(label, np.full(300, 0.25)))
    assert m.no_skill_brier == pytest.approx(reference.brier_score_loss(label, np.full(300, 0.25)))
    assert m.no_skill_accuracy == pytest.approx(1 - m.base_rate)
    assert m.no_skill_precision == m.base_rate == label.mean()


def test_one_class_has_no_auc_and_nothing_called_no_precision() -> None:
    m = evaluate(np.zeros(10, np.int8), np.full(10, 0.1), 0.5, 0.65)
    assert (m.roc_auc, m.at_half.precision, m.at_half.recall) == (None, None, None)
    assert m.at_half.accuracy == 1.0


@given(st.lists(st.tuples(st.integers(0, 20), st.booleans()), min_size=1, max_size=200))
def test_the_brier_score_is_its_parts(rows: list[tuple[int, bool]]) -> None:
    probability = np.array([p / 20 for p, _ in rows])
    truth = np.array([float(t) for _, t in rows])
    parts = reliability(truth, probability)
    whole = parts.reliability - parts.resolution + parts.uncertainty + parts.within
    assert whole == pytest.approx(reference.brier_score_loss(truth, probability, labels=[0.0, 1.0]), abs=1e-12)
    assert sum(row.rows for row in parts.table) == len(rows)
    assert sum(row.rows * row.share for row in parts.table) == pytest.approx(truth.sum())
    if len(set(probability)) <= 9:
        assert parts.within == pytest.approx(0.0, abs=1e-12)  # each forecast has a bin of its own


def test_reliability_by_hand() -> None:
    """0.2 said ten times, one of them yes; 0.6 said ten times, six of them yes."""
    probability = np.repeat([0.2, 0.6], 10)
    truth = np.concatenate([np.eye(10)[0], np.arange(10) < 6]).astype(np.float64)
    parts = reliability(truth, probability)
    assert parts.reliability == pytest.approx(0.5 * 0.1**2)
    assert parts.resolution == pytest.approx(0.25**2)
    assert parts.uncertainty == pytest.approx(0.35 * 0.65)
    assert [(row.rows, round(row.forecast, 9), row.share) for row in parts.table] == [(10, 0.2, 0.1), (10, 0.6, 0.6)]


def test_figures_of_numbers_are_the_librarys() -> None:
    random = np.random.default_rng(6)
    target = random.normal(size=400)
    number = np.round(0.3 * target + random.normal(size=400), 1)
    position = np.tanh(number)
    m = evaluate_numbers(target, position, number, 0.0, np.full(400, 0.1), Coverage(0.9, 0.89, 3.0, 400))
    assert m.rank_correlation == pytest.approx(spearmanr(target, number).statistic)
    assert m.rmse == pytest.approx(reference.root_mean_squared_error(target, number))
    assert m.r2 == pytest.approx(1 - np.sum((target - number) ** 2) / np.sum(target**2))
    assert m.net_per_row == pytest.approx(np.mean(position * target - 0.1 * np.abs(position)))
    assert m.net_always_long == pytest.approx(target.mean() - 0.1)
    assert m.same_sign == pytest.approx(np.mean(np.sign(number) == np.sign(target)))
    assert m.no_skill_same_sign == 0.0
    assert m.conformal == Coverage(0.9, 0.89, 3.0, 400)
    without = evaluate_numbers(target, position, None, 0.0, None)
    assert (without.rmse, without.r2, without.net_per_row, without.net_always_long) == (None, None, None, None)
    assert rank_correlation(np.ones(5), np.arange(5.0)) is None


def test_figures_of_classes_are_the_librarys() -> None:
    random = np.random.default_rng(7)
    label = random.integers(0, 2, 300).astype(np.float64)  # the third class never comes
    probability = random.dirichlet([1, 1, 1], 300)
    m = evaluate_classes(label, probability, np.array([0, 0, 1, 2.0]), ("a", "b", "c"))
    assert m.accuracy == reference.accuracy_score(label, probability.argmax(axis=1))
    assert m.log_loss == pytest.approx(reference.log_loss(label, probability, labels=[0, 1, 2]))
    assert m.brier == pytest.approx(np.mean(np.sum((probability - np.eye(3)[label.astype(int)]) ** 2, axis=1)))
    assert m.recall["a"] == pytest.approx(reference.recall_score(label == 0, probability.argmax(axis=1) == 0))
    assert (m.recall["c"], m.shares["c"]) == (None, 0.0)
    assert m.no_skill_accuracy == (label == 0).mean()
    assert m.no_skill_log_loss == pytest.approx(-np.log(0.5) * (label == 0).mean() - np.log(0.25) * (label == 1).mean())
