"""Metrics against scikit-learn's."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn import metrics as reference

from tradebot.learning.evaluation import evaluate


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
