"""Each alarm of statistics: rung by its planted leak (F61), quiet on clean data, and how often it is wrong."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from tests.unit.learning.alarms.cases import (
    also_trained_on,
    by_heart,
    case_of,
    clean,
    least_squares,
    one_column_a_class,
    one_row_back,
    rows_of,
)
from tradebot.learning.alarms.alarm import Alarm, AlarmConfig
from tradebot.learning.alarms.bar_delay import bar_delay, one_bar_before
from tradebot.learning.alarms.case import Case, thinned
from tradebot.learning.alarms.direction import direction
from tradebot.learning.alarms.label_shuffle import label_shuffle
from tradebot.learning.alarms.noise_feature import noise_feature
from tradebot.learning.alarms.run import alarms_of
from tradebot.learning.alarms.skill import Answer
from tradebot.learning.alarms.split import purge

CONFIG = AlarmConfig()
OFTEN = AlarmConfig(false_alarm=0.05, skill_min=0.0)
NAMES = ("purge", "label_shuffle", "one_bar_delay", "one_bar_delay_net", "noise_feature", "backward_in_time")


def delay(case: Case, config: AlarmConfig) -> Alarm:
    return bar_delay(case, config)[0]


def delay_net(case: Case, config: AlarmConfig) -> Alarm:
    return bar_delay(case, config)[1]


@pytest.mark.parametrize("answer", ["probability", "number", "classes"])
def test_clean_data_with_a_true_signal_is_quiet(answer: Answer) -> None:
    alarms = alarms_of(clean(1, one_column_a_class if answer == "classes" else least_squares, answer), CONFIG)
    assert tuple(a.name for a in alarms) == NAMES
    assert not [a for a in alarms if a.rang], alarms
    assert [a.name for a in alarms if not a.measured] == (["one_bar_delay_net"] if answer == "classes" else [])


def test_learning_by_heart_is_no_leak() -> None:
    assert not [a for a in alarms_of(clean(2, by_heart), CONFIG) if a.rang]


@pytest.mark.parametrize("alarm", [label_shuffle, delay, delay_net, direction, noise_feature])
@pytest.mark.parametrize("signal", [0.0, 0.3])
def test_false_alarms_are_as_rare_as_they_are_said_to_be(alarm: Callable[[Case, AlarmConfig], Alarm], signal: float) -> None:
    """At a chance of 5 % each, 60 clean markets ring 3 times; more than 9 times has a chance of 0.1 %."""
    rang = sum(alarm(clean(100 + seed, signal=signal), replace(OFTEN, seed=seed)).rang for seed in range(60))
    assert rang <= 9, f"{rang} of 60"


def test_labels_that_cross_the_split_ring_the_purge() -> None:
    case = clean(3)
    last = case.rows.session_of[case.test].min() - 1
    for wrong in (
        replace(case, train=case.train | (case.rows.session_of == last)),  # embargoed
        replace(case, end_ns=case.end_ns + np.where(case.rows.minute_ns == case.rows.minute_ns[case.train].max(), 10 * 86_400 * 10**9, 0)),
        also_trained_on(case, case.rows.minute_ns == case.rows.minute_ns[-1]),
    ):
        found = purge(wrong)
        assert found.rang and found.figure is not None and found.figure > 0, found
    assert purge(case) == Alarm("purge", False, 0.0, 0.0, "none of 1680 training rows in 24 sessions reach into the test")


def test_test_rows_that_were_trained_on_ring_the_shuffle_and_the_noise() -> None:
    case = clean(4, by_heart)
    leak = also_trained_on(case, case.test & (np.arange(len(case.rows)) % 2 == 0))
    assert label_shuffle(leak, CONFIG).rang
    assert noise_feature(leak, CONFIG).rang


def test_outcomes_a_bar_late_ring_the_delay_twice() -> None:
    """Row t carries the outcome that belongs to t - 1: an old prediction fits better than a new one."""
    case = case_of(*rows_of(6, sessions=90, signal=1.0))
    late = replace(case, rows=replace(case.rows, target=one_row_back(case, case.rows.target)), net=one_row_back(case, case.net))
    found = bar_delay(late, CONFIG)
    assert found[0].rang and found[1].rang, found
    assert not any(a.rang for a in bar_delay(case, CONFIG))


def test_the_bar_before_is_the_symbols_own_and_of_its_session() -> None:
    rows = clean(7).rows.where(np.arange(2 * 60 * 2))  # two sessions of two symbols
    holes = rows.where(rows.minute_ns != rows.minute_ns[20])
    before = one_bar_before(holes)
    assert (before < 0).sum() == 2 * (2 + 1)  # each session's first bar of each symbol, and the bar after each hole in session 0
    assert (before < 0).sum() - 2 * 2 == 2
    has = np.flatnonzero(before >= 0)
    assert (holes.symbol_of[has] == holes.symbol_of[before[has]]).all()
    assert set((holes.minute_ns[has] - holes.minute_ns[before[has]]).tolist()) == {60 * 10**9}


def test_later_rows_that_know_the_past_ring_the_direction() -> None:
    """A column that was filled in with hindsight from some day on."""
    case = clean(8)
    values = case.rows.values.copy()
    known = case.rows.session_of >= 8
    values[known, 3] = case.rows.target[known] + 0.5 * values[known, 3]
    assert direction(replace(case, rows=replace(case.rows, values=values)), CONFIG).rang


def test_too_few_sessions_are_not_measured() -> None:
    rows, net = rows_of(9, sessions=5)
    alarms = {a.name: a for a in alarms_of(case_of(rows, net), AlarmConfig(sessions_min=6))}
    for name in ("one_bar_delay", "noise_feature", "backward_in_time"):
        found = alarms[name]
        assert not found.rang and not found.measured and found.figure is None
        assert "sessions" in found.sentence and found.sentence.startswith("not measured: ")
    assert alarms["label_shuffle"].measured


def test_few_held_out_sessions_are_made_up_for_by_folds() -> None:
    """With four sessions held out a delay that helps by a tenth of AUC can't be told from luck; over all twenty-one it can."""
    rows, net = rows_of(12, sessions=21, signal=1.5)
    case = case_of(rows, net)
    case = replace(case, test=rows.session_of >= 17, train=rows.session_of < 16)
    late = replace(case, rows=replace(rows, target=one_row_back(case, rows.target)), net=one_row_back(case, net))
    alone = replace(CONFIG, sessions_enough=4)
    assert not bar_delay(late, alone)[0].rang
    found, quiet = bar_delay(late, CONFIG)[0], bar_delay(case, CONFIG)[0]
    assert found.rang and not quiet.rang, (found, quiet)
    assert not noise_feature(case, CONFIG).rang
    assert "21 sessions" in bar_delay(case, CONFIG)[1].sentence


def test_one_class_is_not_measured() -> None:
    case = clean(10)
    flat = replace(case, rows=replace(case.rows, target=np.zeros(len(case.rows))))
    assert {a.name for a in alarms_of(flat, CONFIG) if a.measured} == {"purge"}


def test_a_cap_on_rows_keeps_whole_sessions_of_symbols() -> None:
    case = clean(11)
    few = thinned(case, case.train, AlarmConfig(rows_max=500))
    assert 0 < len(few) <= 500 and len(few) % 60 == 0
    assert (np.diff(few) > 0).all() and case.train[few].all()
    assert not [a for a in alarms_of(case, AlarmConfig(rows_max=500)) if a.rang]
