"""Skill inside sessions: against scipy and scikit-learn, and its error against what shuffling really does."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import mannwhitneyu, spearmanr
from sklearn.metrics import roc_auc_score

from tests.unit.learning.alarms.cases import clean
from tradebot.learning.alarms.label_shuffle import shuffled
from tradebot.learning.alarms.skill import Answer, skill

ONE = np.zeros(80, np.int64)


def drawn(seed: int, rows: int = 80, ties: bool = True) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    said = random.normal(size=rows)
    return np.round(said, 1) if ties else said, (said + random.normal(size=rows) > 0).astype(np.float64)


def test_one_session_is_the_auc_with_the_exact_variance_of_the_rank_sum() -> None:
    said, target = drawn(1)
    found = skill(said, target, ONE, "probability")
    assert found.figure == pytest.approx(roc_auc_score(target, said), abs=1e-12)
    u = mannwhitneyu(said[target > 0], said[target == 0], method="asymptotic", use_continuity=False)
    z = found.excess / found.error
    assert 2 * (1 - _normal(abs(z))) == pytest.approx(u.pvalue, rel=1e-9)


def test_one_session_is_spearmans_correlation() -> None:
    said, _ = drawn(2)
    other = np.round(said + np.random.default_rng(3).normal(size=80), 1)
    assert skill(said, other, ONE, "number").figure == pytest.approx(spearmanr(said, other).statistic, abs=1e-12)


def test_classes_are_pairs_of_one_class_and_the_rest() -> None:
    random = np.random.default_rng(4)
    said, target = random.random((60, 3)), random.integers(0, 3, 60).astype(np.float64)
    rest = [(roc_auc_score(target == c, said[:, c]), (target == c).sum() * (target != c).sum()) for c in range(3)]
    pairs = sum(n for _, n in rest)
    assert skill(said, target, ONE[:60], "classes").figure == pytest.approx(sum(a * n for a, n in rest) / pairs, abs=1e-12)
    two = np.column_stack([-said[:, 0], said[:, 0]])
    yes = (target > 0) * 1.0
    a, b = skill(two, yes, ONE[:60], "classes"), skill(said[:, 0], yes, ONE[:60], "probability")
    assert (a.figure, a.error) == pytest.approx((b.figure, b.error), abs=1e-12)


@pytest.mark.parametrize("answer", ["probability", "number", "classes"])
def test_the_error_is_what_shuffles_inside_sessions_spread(answer: Answer) -> None:
    case = clean(5, answer=answer)
    random = np.random.default_rng(6)
    rows = case.rows.where(case.rows.session_of < 4)
    said = np.round(random.normal(size=(len(rows), 3) if answer == "classes" else len(rows)), 1)
    luck = [skill(said, shuffled(rows.target, rows.session_of, random), rows.session_of, answer) for _ in range(400)]
    figures = np.array([s.excess for s in luck])
    assert abs(figures.mean()) < 4 * luck[0].error / 20
    assert figures.std() == pytest.approx(luck[0].error, rel=0.15)


def test_what_is_known_of_the_whole_day_is_no_skill() -> None:
    session_of = np.repeat(np.arange(10), 40)
    target = (np.random.default_rng(7).random(400) < session_of / 10).astype(np.float64)
    told = session_of.astype(np.float64)
    assert roc_auc_score(target, told) > 0.7
    found = skill(told, target, session_of, "probability")
    assert found.figure == 0.5 and np.nanmax(np.abs(found.by_session - 0.5)) == 0.0


def test_nothing_to_order_is_said() -> None:
    with pytest.raises(ValueError, match="no session"):
        skill(np.arange(80.0), np.ones(80), ONE, "probability")


def test_shuffling_stays_inside_sessions() -> None:
    session_of = np.array([1, 0, 1, 0, 1, 0])
    target = np.array([10.0, 0.0, 11.0, 1.0, 12.0, 2.0])
    out = shuffled(target, session_of, np.random.default_rng(1))
    assert sorted(out[session_of == 0]) == [0.0, 1.0, 2.0] and sorted(out[session_of == 1]) == [10.0, 11.0, 12.0]


def _normal(z: float) -> float:
    from scipy.special import ndtr

    return float(ndtr(z))
