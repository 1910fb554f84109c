"""Walk-forward folds: the future never trains, every session is traded once by the newest model, and dates are those of a calendar."""

from __future__ import annotations

import datetime as dt
from itertools import pairwise

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tests.unit.learning.market import DAY_NS, FIRST_OPEN_NS, MINUTE_NS
from tradebot.core.domain.faults import OperatorFault
from tradebot.core.domain.session import Session
from tradebot.learning.splits import WalkForwardConfig, walk_forward_folds

FIRST = dt.date(2013, 10, 4)


def weekdays(count: int, holidays: frozenset[int] = frozenset()) -> tuple[Session, ...]:
    """`count` sessions on weekdays, without those whose day number is a holiday."""
    days: list[Session] = []
    number = 0
    while len(days) < count:
        date = FIRST + dt.timedelta(days=number)
        if date.weekday() < 5 and number not in holidays:
            open_ns = FIRST_OPEN_NS + number * DAY_NS
            days.append(Session(date, open_ns, open_ns + 390 * MINUTE_NS))
        number += 1
    return tuple(days)


@given(
    st.integers(1, 200), st.frozensets(st.integers(0, 280), max_size=20), st.integers(1, 120), st.integers(1, 15), st.integers(1, 15),
    st.integers(0, 3), st.booleans(),
)  # fmt: skip
@settings(max_examples=200, deadline=None)
def test_folds(count: int, holidays: frozenset[int], days: int, tested: int, step: int, embargo: int, anchored: bool) -> None:
    sessions = weekdays(count, holidays)
    config = WalkForwardConfig(train_days=days, test_sessions=tested, step_sessions=step, embargo_sessions=embargo, anchored=anchored)
    try:
        folds = walk_forward_folds(sessions, config)
    except OperatorFault:
        assume(False)
        raise
    place = {s: i for i, s in enumerate(sessions)}
    for number, fold in enumerate(folds, 1):
        first = place[fold.test_sessions[0]]
        assert fold.number == number
        assert fold.train_sessions == sessions[place[fold.train_sessions[0]] : first - embargo]
        assert fold.test_sessions == sessions[first : first + tested]
        oldest = sessions[first].date - dt.timedelta(days=days)
        assert sessions[0].date <= oldest, "the training span is whole"
        if anchored:
            assert fold.train_sessions[0] == sessions[0]
        else:
            assert fold.train_sessions[0] == next(s for s in sessions if s.date >= oldest)
    assert all(place[b.test_sessions[0]] - place[a.test_sessions[0]] == step for a, b in pairwise(folds))
    live = [s for fold in folds for s in fold.live_sessions]
    assert live == sorted({s for fold in folds for s in fold.test_sessions}, key=place.__getitem__), "each tested session once, in order"
    for session in live:  # with the newest model that tests it
        newest = max(f.number for f in folds if session in f.test_sessions)
        assert session in folds[newest - 1].live_sessions


def test_the_default_is_180_days_ten_sessions_and_a_week() -> None:
    sessions = weekdays(256)
    folds = walk_forward_folds(sessions, WalkForwardConfig())
    first = folds[0]
    assert first.train_sessions[0].date == FIRST
    assert first.test_sessions[0].date == dt.date(2014, 4, 2)  # 180 days later
    assert sessions.index(first.test_sessions[0]) - sessions.index(first.train_sessions[-1]) == 2  # one session between them
    assert [len(f.test_sessions) for f in folds] == [10] * 24 + [8, 3]
    assert [len(f.live_sessions) for f in folds] == [5] * 25 + [3]
    assert folds[1].train_sessions[0].date == dt.date(2013, 10, 11)


def test_too_few_sessions_are_refused() -> None:
    with pytest.raises(OperatorFault, match="20 sessions are too few to walk forward: 180 days"):
        walk_forward_folds(weekdays(20), WalkForwardConfig())
    with pytest.raises(OperatorFault, match="0 sessions are too few"):
        walk_forward_folds((), WalkForwardConfig())
    with pytest.raises(OperatorFault, match="fold 1, tested from 2013-10-07, has no session to train on"):
        walk_forward_folds(weekdays(30), WalkForwardConfig(train_days=1, embargo_sessions=3))
    with pytest.raises(OperatorFault, match="fold 1, tested from 2013-10-09, has no session to train on"):
        walk_forward_folds(weekdays(30), WalkForwardConfig(train_days=5, embargo_sessions=3))
