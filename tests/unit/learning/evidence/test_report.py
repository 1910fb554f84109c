from __future__ import annotations

import json
import re
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.learning.evidence.runs import null, returns, run
from tradebot.core.domain.faults import OperatorFault
from tradebot.learning.evidence.inputs import TrialCount
from tradebot.learning.evidence.report import build_report

GOOD = returns(3.0, 756)


def test_a_strong_honest_run_is_evidence() -> None:
    report = build_report(run(GOOD))
    assert report.verdict.word == "EVIDENCE", report.verdict.reason
    assert report.sharpe["annual"] == pytest.approx(3.0)
    assert all(gate.passed for gate in report.verdict.gates)


@pytest.mark.parametrize(
    ("net", "changes", "word", "reason"),
    [
        (returns(0.0, 756), {}, "NO EVIDENCE", "it earned nothing|it lost money"),
        (returns(-2.0, 756), {}, "NO EVIDENCE", "it lost money after cost"),
        (np.zeros(756), {}, "NO EVIDENCE", "don't vary"),
        (np.full(756, 0.001), {}, "NO EVIDENCE", "don't vary"),
        (GOOD[:1], {}, "NO EVIDENCE", "too short: 1 sessions, 20 needed"),
        (GOOD[:0], {}, "NO EVIDENCE", "too short: 0 sessions, 20 needed"),
        (GOOD, {"out_of_sample": False}, "NO EVIDENCE", "in sample"),
        (GOOD, {"zero_cost": True}, "NO EVIDENCE", "cost nothing"),
        (GOOD, {"delayed": GOOD + returns(5.0, 756, seed=5)}, "NO EVIDENCE", "a bar later earns more"),
        (GOOD, {"nulls": ()}, "NO EVIDENCE", "no null model of random moments"),
        (GOOD, {"nulls": (null("random_entries", 0.2),)}, "NO EVIDENCE", "random_entries does as well: p = 0.200"),
        (GOOD, {"nulls": (null("random_entries", 0.07),)}, "PROMISING", "random_entries comes near: p = 0.070"),
        (
            GOOD,
            {"benchmarks": {"buy_and_hold": GOOD * 2 + returns(0.0, 756, seed=3) * 0.001}},
            "NO EVIDENCE",
            "beyond_buy_and_hold does as well",
        ),
        (GOOD, {"trials": TrialCount(900, 400, 0.004)}, "PROMISING", "too short: the best of 400 trials"),
        (GOOD, {"trials": TrialCount(9, 5, 0.004)}, "PROMISING", "overfitting is not known: one configuration"),
        (GOOD, {"gross": GOOD + 0.003}, "PROMISING", "at twice the cost it loses"),
        (returns(1.5, 504), {"trials": TrialCount(9, 5, 0.004)}, "PROMISING", "deflated by 5 trials holds with probability 0.6"),
        (returns(1.5, 252), {}, "PROMISING", r"too short: 252 sessions, \d+ needed"),
    ],
)
def test_the_first_gate_that_fails_is_named(net: Any, changes: dict[str, Any], word: str, reason: str) -> None:
    verdict = build_report(run(net, **changes)).verdict
    assert verdict.word == word, verdict.reason
    assert re.search(reason, verdict.reason), verdict.reason


def test_an_overfit_choice_is_no_evidence_of_its_own() -> None:
    noise = np.random.default_rng(4).standard_normal((756, 20)) * 0.01
    report = build_report(run(GOOD, configurations=noise, trials=TrialCount(20, 2, 1 / 756)))
    assert report.verdict.word == "PROMISING"
    assert "PBO" in report.verdict.reason
    assert report.overfitting["pbo"] > 0.2


def test_the_best_of_many_is_not_shown_on_a_short_history() -> None:
    report = build_report(run(GOOD[:252], trials=TrialCount(60, 45, 1 / 252), by_strategy=GOOD[:252, None], strategies=("one",)))
    assert report.sharpe == {}
    assert "the best of 45 trials is expected to show a Sharpe ratio of 1 by luck alone" in report.sharpe_refused
    assert "less than 5.0 years; this history has 1.0" in report.sharpe_refused
    assert {row["sharpe_annual"] for row in (*report.costs, *report.strategies)} == {None}
    assert report.verdict.word != "EVIDENCE"


@pytest.mark.parametrize("net", [GOOD[:60], np.zeros(30), GOOD[:1], GOOD[:0]])
def test_a_report_is_json(net: Any) -> None:
    tree = build_report(run(net, benchmarks={"buy_and_hold": net})).plain()
    assert json.loads(json.dumps(tree, allow_nan=False)) == tree


def test_the_same_run_gives_the_same_report() -> None:
    assert build_report(run(GOOD)).plain() == build_report(run(GOOD)).plain()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"gross": np.zeros(3)}, "gross has 3 rows for 756 sessions"),
        ({"net": np.where(np.arange(756) == 9, np.nan, GOOD)}, "net holds a number that is not finite"),
        ({"benchmarks": {"cash": np.full(756, np.inf)}}, "cash holds a number that is not finite"),
        ({"by_strategy": np.zeros((756, 2)), "strategies": ("a",)}, "doesn't fit its 1 names"),
    ],
)
def test_what_is_no_result_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(OperatorFault, match=message):
        run(**{"net": GOOD} | changes)


VALUES = st.one_of(st.sampled_from([0.0, 0.01, -0.01, -1.0, 1e-300]), st.floats(-0.9, 0.9))


@settings(max_examples=60)
@given(st.lists(st.tuples(VALUES, VALUES, VALUES), max_size=45), st.integers(1, 50), st.booleans())
def test_nothing_finite_is_too_odd_to_judge(rows: list[tuple[float, float, float]], trials: int, beside: bool) -> None:
    net, gross, other = (np.array(column) for column in zip(*rows, strict=True)) if rows else (np.zeros(0),) * 3
    more = {"benchmarks": {"buy_and_hold": other}, "delayed": other, "by_strategy": other[:, None], "strategies": ("a",)} if beside else {}
    configurations = np.column_stack((other, gross, net)) if beside else None
    report = build_report(run(net, gross=gross, trials=TrialCount(trials, trials, 0.0), configurations=configurations, draws=50, **more))
    assert report.verdict.word in ("NO EVIDENCE", "PROMISING", "EVIDENCE")
    assert report.verdict.reason
    assert len(net) >= 20 or report.verdict.word == "NO EVIDENCE"
    json.dumps(report.plain(), allow_nan=False)
