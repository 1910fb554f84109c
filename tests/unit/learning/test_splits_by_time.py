"""No training row may know anything of the test part, whatever the rows look like."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tradebot.core.domain.faults import OperatorFault
from tradebot.learning.splits import time_split, watch_split

DAY, MINUTE = 10_000, 10


@st.composite
def rows(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Sorted minutes, label ends that may cross sessions, and sessions."""
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    count = draw(st.integers(1, 200))
    session_of = np.sort(random.integers(3, 3 + draw(st.integers(1, 12)), count))
    minute_ns = np.sort(session_of * DAY + random.integers(0, 390, count) * MINUTE)
    end_ns = minute_ns + random.integers(1, draw(st.sampled_from([2, 60, 3000])), count) * MINUTE
    return minute_ns, end_ns, minute_ns // DAY


@given(rows(), st.floats(0.05, 0.95), st.integers(0, 4))
@settings(max_examples=200, deadline=None)
def test_no_leak(data: tuple[np.ndarray, np.ndarray, np.ndarray], fraction: float, embargo: int) -> None:
    minute_ns, end_ns, session_of = data
    try:
        split = time_split(minute_ns, end_ns, session_of, fraction, embargo)
    except OperatorFault:
        assume(False)
        raise
    assert split.train.any()
    assert split.test.any()
    assert not (split.train & split.test).any()
    first_test = minute_ns[split.test].min()
    assert end_ns[split.train].max() <= split.test_start_ns <= first_test
    assert (split.test == (minute_ns >= split.test_start_ns)).all()
    sessions = np.unique(session_of)
    between = ((sessions > session_of[split.train].max()) & (sessions < session_of[split.test].min())).sum()
    assert embargo == 0 or between >= embargo


def test_cuts_at_the_nearest_session_boundary() -> None:
    session_of = np.repeat(np.arange(10), 100)
    minute_ns = session_of * DAY + np.tile(np.arange(100) * MINUTE, 10)
    split = time_split(minute_ns, minute_ns + MINUTE, session_of, 0.2, 1)
    assert split.test_start_ns == 8 * DAY
    assert np.unique(session_of[split.train]).tolist() == list(range(7))
    assert split.test.sum() == 200


def test_a_single_session_is_cut_inside() -> None:
    minute_ns = np.arange(100) * MINUTE
    split = time_split(minute_ns, minute_ns + 5 * MINUTE, np.zeros(100, np.int64), 0.2, 0)
    assert split.test.sum() == 21  # the boundary minute tests
    assert split.train.sum() == 75


def test_too_little_for_the_embargo_is_refused() -> None:
    minute_ns = np.arange(100) * MINUTE
    with pytest.raises(OperatorFault, match="too few to train"):
        time_split(minute_ns, minute_ns + MINUTE, np.zeros(100, np.int64), 0.2, 1)
    with pytest.raises(OperatorFault, match="not one row"):
        time_split(minute_ns[:0], minute_ns[:0], minute_ns[:0], 0.2, 1)


@given(rows(), st.floats(0.05, 0.5))
@settings(max_examples=100, deadline=None)
def test_what_is_fitted_had_ended_when_the_watch_begins(data: tuple[np.ndarray, np.ndarray, np.ndarray], fraction: float) -> None:
    minute_ns, end_ns, session_of = data
    try:
        fit, watch = watch_split(minute_ns, end_ns, session_of, fraction)
    except OperatorFault:
        assume(False)
        raise
    assert end_ns[fit].max() <= minute_ns[watch].min()
    assert not (fit & watch).any()


def test_nothing_is_watched_at_fraction_zero() -> None:
    minute_ns = np.arange(100) * MINUTE
    fit, watch = watch_split(minute_ns, minute_ns + MINUTE, np.zeros(100, np.int64), 0.0)
    assert fit.all()
    assert not watch.any()
