"""The gate: nothing passes with an alarm, without rows or by luck more often than it says; what is better passes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradebot.core.domain.units import NS_PER_MINUTE
from tradebot.learning.promotion.config import PromotionConfig
from tradebot.learning.promotion.earnings import Earnings
from tradebot.learning.promotion.gate import NATS, Contest, blocks_of, judge, share_above

CONFIG = PromotionConfig()
DAY_NS = 1440 * NS_PER_MINUTE


def contest(candidate: np.ndarray, incumbent: np.ndarray | None, sessions: int = 10) -> Contest:
    """Rows dealt evenly to the sessions, a minute apart; every row a trade."""
    rows = len(candidate)
    session_of = np.arange(rows) * sessions // max(rows, 1)
    first = np.searchsorted(session_of, session_of)
    minute_ns = session_of * DAY_NS + (np.arange(rows) - first) * NS_PER_MINUTE
    every = np.ones(rows, np.bool_)
    old = None if incumbent is None else Earnings(every, incumbent)
    return Contest(minute_ns, session_of, Earnings(every, candidate), old, "" if old is None else "p/1")


def noise(seed: int, rows: int = 2000) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, 1e-3, rows)


def test_what_earns_more_every_day_is_promoted_and_the_reason_says_by_how_much() -> None:
    old = noise(1)
    verdict = judge(contest(old + 1e-4, old), (), CONFIG)
    assert verdict.promote
    assert verdict.reason == "better: 200.00 bp a session more than p/1 over 10 sessions, at confidence 1.00"
    assert verdict.figures["candidate_net_per_session"] == pytest.approx(verdict.figures["incumbent_net_per_session"] + 200.0)
    assert verdict.figures["candidate_net_per_trade"] == pytest.approx(1e4 * (old.mean() + 1e-4))
    assert (verdict.figures["rows"], verdict.figures["sessions"], verdict.figures["candidate_trades"]) == (2000, 10, 2000)


def test_equal_or_worse_is_not_promoted() -> None:
    old = noise(2)
    for candidate in (old, old - 1e-5, np.full(len(old), old.min())):
        verdict = judge(contest(candidate, old), (), CONFIG)
        assert not verdict.promote
        assert verdict.reason.startswith("not proven better: ")


def test_more_must_exceed_the_margin() -> None:
    old = noise(3)
    better = contest(old + 1e-6, old)  # 200 rows a session: 2 bp
    assert judge(better, (), PromotionConfig(margin_bps=1.9)).promote
    assert not judge(better, (), PromotionConfig(margin_bps=2.1)).promote


def test_the_margin_is_a_sessions_also_where_blocks_are_hours() -> None:
    old = noise(3, 720)
    better = contest(old + 1e-6, old, sessions=2)  # 360 rows a session: 3.6 bp, in 6 hours each
    assert judge(better, (), PromotionConfig(margin_bps=3.5)).promote
    refused = judge(better, (), PromotionConfig(margin_bps=3.7))
    assert not refused.promote
    assert (refused.figures["blocks"], refused.figures["block"]) == (12, "hour")


def test_one_alarm_keeps_out_the_best_candidate_and_the_first() -> None:
    old = noise(4)
    for incumbent in (old, None):
        verdict = judge(contest(old + 1.0, incumbent), ("the future leaks in", "noise ranks high"), CONFIG)
        assert not verdict.promote
        assert verdict.reason == "leak alarm: the future leaks in (and 1 more)"


def test_the_first_model_has_to_earn_more_than_flat() -> None:
    every_day = judge(contest(np.full(2000, 1e-5), None), (), CONFIG)
    assert every_day.promote
    assert every_day.reason == "better: 20.00 bp a session more than flat (no model traded before) over 10 sessions, at confidence 1.00"
    for earns in (np.full(2000, -1e-5), np.zeros(2000), noise(11) - noise(11).mean()):
        verdict = judge(contest(earns, None), (), CONFIG)
        assert not verdict.promote
        assert verdict.reason.startswith("not proven better: ")
        assert "than flat (no model traded before)" in verdict.reason
    few = judge(contest(np.full(100, 1e-4), None), (), CONFIG)
    assert not few.promote
    assert few.reason == "100 rows that the model hasn't seen are too few to judge on: 200 are needed"


def test_a_profile_may_let_a_first_model_trade_that_rang_no_alarm() -> None:
    lenient = PromotionConfig(first="no_alarm")
    verdict = judge(contest(np.full(100, -2e-4), None), (), lenient)
    assert verdict.promote
    assert "no model traded before: flat is the incumbent, and no alarm rang" in verdict.reason
    assert "earned -20.00 bp a session in 100 trades" in verdict.reason
    assert judge(contest(np.zeros(0), None), (), lenient).promote
    assert not judge(contest(np.full(100, -2e-4), None), ("the future leaks in",), lenient).promote
    assert not judge(contest(noise(2) - 1e-5, noise(2)), (), lenient).promote, "it is for the first model only"


def test_where_gain_is_no_money_the_first_model_needs_no_alarm_only() -> None:
    assert judge(replace(contest(np.full(100, -0.5), None), unit=NATS), (), CONFIG).promote


def test_too_little_to_judge_on_keeps_the_incumbent() -> None:
    few = judge(contest(noise(5, 150) + 1, noise(5, 150)), (), CONFIG)
    assert not few.promote
    assert "150 rows that neither model has seen are too few" in few.reason
    short = judge(contest(noise(5, 300) + 1, noise(5, 300), sessions=1), (), CONFIG)  # five hours of one session
    assert not short.promote
    assert short.reason == "5 hours are too few to judge on: 6 are needed"


def test_two_models_alike_are_swapped_no_more_often_than_the_confidence_allows() -> None:
    promoted = sum(judge(contest(noise(i), noise(1000 + i), sessions=40), (), CONFIG).promote for i in range(400))
    assert 15 <= promoted <= 65  # 10 % of 400, 4 standard errors wide


def test_one_lucky_day_is_no_proof() -> None:
    old = noise(6)
    lucky = old.copy()
    lucky[:200] += 1e-3
    verdict = judge(contest(lucky, old), (), CONFIG)
    assert not verdict.promote
    assert 0.5 < float(verdict.figures["confidence"] or 0) < 0.9


def test_information_is_counted_in_nats_and_knows_no_margin() -> None:
    old = noise(7)
    given_ = contest(old + 0.01, old)
    verdict = judge(Contest(given_.minute_ns, given_.session_of, given_.candidate, given_.incumbent, "p/1", unit=NATS), (), CONFIG)
    assert verdict.promote
    assert "2.000 nats a session more" in verdict.reason


@given(sessions=st.integers(1, 12), rows=st.integers(1, 400), blocks_min=st.integers(2, 12))
def test_every_row_is_in_one_block_and_blocks_are_sessions_or_hours(sessions: int, rows: int, blocks_min: int) -> None:
    given_ = contest(np.zeros(max(rows, sessions)), None, sessions)
    block, what = blocks_of(given_.minute_ns, given_.session_of, blocks_min)
    assert sorted(set(block)) == list(range(block.max() + 1))
    assert (np.diff(block) >= 0).all()
    for b in range(block.max() + 1):
        inside = block == b
        assert len(set(given_.session_of[inside])) == 1
        if what == "hour":
            assert np.ptp(given_.minute_ns[inside]) < 60 * NS_PER_MINUTE
    assert (what == "session") == (len(np.unique(given_.session_of)) >= blocks_min)


def test_the_bootstrap_agrees_with_the_normal_distribution_where_that_is_exact() -> None:
    """The mean of 200 normal draws is normal: the share above a bound is Phi(mean - bound over its standard error)."""
    from math import erf, sqrt

    values = np.random.default_rng(8).normal(0.1, 1.0, 200)
    z = values.mean() / (values.std() / sqrt(200))
    assert share_above(values, 0.0, 1) == pytest.approx(0.5 * (1 + erf(z / sqrt(2))), abs=0.03)
    assert share_above(values, 0.0, 1) == share_above(values, 0.0, 1)
