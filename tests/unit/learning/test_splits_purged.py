"""Purged k-fold and combinatorial splits: no leak for any rows, and the same rows as the independent package `purgedcv` keeps."""

from __future__ import annotations

import math
from itertools import combinations, pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from purgedcv import CombinatorialPurgedCV, PurgedKFold, apply_embargo, purge, reconstruct_paths

from tradebot.core.domain.faults import OperatorFault
from tradebot.learning.splits import Split, combinatorial_purged, purged_k_fold

DAY, MINUTE = 100_000, 10

Rows = tuple[np.ndarray, np.ndarray, np.ndarray]


@st.composite
def rows(draw: st.DrawFn) -> Rows:
    """Sorted minutes, some of them shared, label ends that may cross sessions, and sessions with gaps between them."""
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    count = draw(st.integers(2, 200))
    session_of = random.integers(3, 3 + draw(st.integers(1, 20)), count)
    minute_ns = np.sort(session_of * DAY + random.integers(0, 390, count) * MINUTE)
    end_ns = minute_ns + random.integers(1, draw(st.sampled_from([2, 60, 3000, 30_000])), count) * MINUTE
    return minute_ns, end_ns, minute_ns // DAY


def even(sessions: int, a_session: int, horizon: int) -> Rows:
    """As many rows in each session, labels of one length inside it."""
    minute = np.tile(np.arange(a_session), sessions)
    session_of = np.repeat(np.arange(sessions), a_session)
    minute_ns = session_of * DAY + minute * MINUTE
    return minute_ns, session_of * DAY + np.minimum(minute + horizon, a_session) * MINUTE, session_of


def kept_by_the_oracle(data: Rows, test: np.ndarray) -> np.ndarray:
    times = [pd.Series(pd.to_datetime(x)) for x in data[:2]]
    kept = np.zeros(len(test), np.bool_)
    kept[purge(np.flatnonzero(~test), np.flatnonzero(test), *times)] = True
    return kept


def assert_no_leak(data: Rows, split: Split, embargo: int) -> None:
    """Literally: no pair of a training and a test row shares an instant or is fewer than `embargo` sessions apart."""
    minute_ns, end_ns, session_of = data
    starts, ends = minute_ns[split.test], end_ns[split.test]
    overlap = (minute_ns[split.train][:, None] < ends) & (end_ns[split.train][:, None] > starts)
    assert not overlap.any()
    rank = np.unique(session_of, return_inverse=True)[1]
    apart = np.abs(rank[split.train][:, None] - rank[split.test])
    assert embargo == 0 or (apart > embargo).all()
    assert not (split.train & split.test).any()
    assert split.test_start_ns == starts.min()


def blocks_of(split: Split) -> list[np.ndarray]:
    """The runs of consecutive test rows, as masks."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], split.test, [False]])))
    return [(np.arange(len(split.test)) >= a) & (np.arange(len(split.test)) < b) for a, b in zip(edges[::2], edges[1::2], strict=True)]


@given(rows(), st.integers(2, 8), st.integers(0, 2))
@settings(max_examples=150, deadline=None)
def test_k_folds_leak_nothing_and_test_every_row_once(data: Rows, folds: int, embargo: int) -> None:
    try:
        splits = purged_k_fold(*data, folds, embargo)
    except OperatorFault:
        assume(False)
        raise
    assert len(splits) == folds
    assert (np.sum([s.test for s in splits], axis=0) == 1).all()
    assert all(b.test_start_ns > a.test_start_ns for a, b in pairwise(splits))
    for split in splits:
        assert_no_leak(data, split, embargo)
        assert len(blocks_of(split)) == 1
        inside = np.unique(data[0][split.test])
        assert not np.isin(data[0][~split.test], inside).any(), "rows of one minute stay together"


@given(rows(), st.integers(2, 6))
@settings(max_examples=100, deadline=None)
def test_purging_keeps_the_rows_that_purgedcv_keeps(data: Rows, folds: int) -> None:
    try:
        splits = (*purged_k_fold(*data, folds, 0), *combinatorial_purged(*data, folds + 1, 2, 0).splits)
    except OperatorFault:
        assume(False)
        raise
    for split in splits:
        assert np.array_equal(split.train, kept_by_the_oracle(data, split.test))


@pytest.mark.parametrize("embargo", [0, 1, 2])
def test_k_fold_is_purgedcv_with_its_embargo_on_both_sides(embargo: int) -> None:
    data = even(sessions=20, a_session=30, horizon=7)
    times = [pd.Series(pd.to_datetime(x)) for x in data[:2]]
    oracle = PurgedKFold(5, prediction_times=times[0], evaluation_times=times[1], embargo_observations=embargo * 30)
    backwards = [pd.Series(pd.to_datetime(10**9 - x[::-1])) for x in data[1::-1]]
    mirror = PurgedKFold(5, prediction_times=backwards[0], evaluation_times=backwards[1], embargo_observations=embargo * 30)
    ours = purged_k_fold(*data, 5, embargo)
    everything = np.zeros((600, 1))
    mirrored = list(mirror.split(everything))[::-1]
    for split, (train, test), (train_back, _) in zip(ours, oracle.split(everything), mirrored, strict=True):
        assert np.array_equal(np.flatnonzero(split.test), test)
        assert np.array_equal(np.flatnonzero(split.train), np.intersect1d(train, 599 - train_back))


def test_combinatorial_splits_are_those_of_purgedcv() -> None:
    data = even(sessions=30, a_session=12, horizon=5)
    times = [pd.Series(pd.to_datetime(x)) for x in data[:2]]
    oracle = CombinatorialPurgedCV(10, 2, prediction_times=times[0], evaluation_times=times[1])
    ours = combinatorial_purged(*data, 10, 2, 0)
    theirs = list(oracle.split(np.zeros((360, 1))))
    assert len(ours.splits) == len(theirs) == 45
    for split, (train, test) in zip(ours.splits, theirs, strict=True):
        assert np.array_equal(np.flatnonzero(split.test), test)
        assert np.array_equal(np.flatnonzero(split.train), train)
    answers = [np.random.default_rng(i).normal(size=int(s.test.sum())) for i, s in enumerate(ours.splits)]
    paths = ours.along_paths(answers)
    assert paths.shape == (9, 360)
    assert np.array_equal(paths, reconstruct_paths(answers, [t for _, t in theirs], 10, 2, 360))


@given(rows(), st.integers(3, 6), st.data(), st.integers(0, 1))
@settings(max_examples=60, deadline=None)
def test_combinatorial_splits_leak_nothing_and_paths_are_whole(data: Rows, blocks: int, draw: st.DataObject, embargo: int) -> None:
    tested = draw.draw(st.integers(1, blocks - 1))
    try:
        result = combinatorial_purged(*data, blocks, tested, embargo)
    except OperatorFault:
        assume(False)
        raise
    choices = list(combinations(range(blocks), tested))
    assert len(result.splits) == len(choices) == math.comb(blocks, tested)
    assert result.paths.shape == (math.comb(blocks - 1, tested - 1), blocks)
    for block in range(blocks):
        assert sorted(result.paths[:, block]) == [i for i, c in enumerate(choices) if block in c], "each test is on one path"
    for split, choice in zip(result.splits, choices, strict=True):
        assert_no_leak(data, split, embargo)
        assert np.array_equal(split.test, np.isin(result.block_of, choice))
    answers = [np.full(int(s.test.sum()), float(i)) for i, s in enumerate(result.splits)]
    assert np.array_equal(result.along_paths(answers), result.paths[:, result.block_of])


def test_the_embargo_after_a_test_is_that_of_purgedcv_for_rows_of_any_kind() -> None:
    data = even(sessions=12, a_session=10, horizon=3)
    times = [pd.Series(pd.to_datetime(x)) for x in data[:2]]
    split = combinatorial_purged(*data, 6, 2, 1).splits[6]  # blocks 1 and 3
    after = apply_embargo(np.flatnonzero(~split.test), np.flatnonzero(split.test), *times, embargo_observations=10)
    before = [b.min() for b in (np.flatnonzero(x) for x in blocks_of(split))]
    expected = [i for i in after if not any(first - 10 <= i < first for first in before)]
    assert np.flatnonzero(split.train).tolist() == expected


def test_folds_lie_on_session_boundaries_and_are_about_equal() -> None:
    data = even(sessions=23, a_session=10, horizon=3)
    tested = [np.unique(data[2][s.test]).tolist() for s in purged_k_fold(*data, 5, 1)]
    assert [len(t) for t in tested] == [5, 4, 5, 4, 5]
    assert np.concatenate(tested).tolist() == list(range(23))


def test_too_little_data_is_refused() -> None:
    one_minute = (np.zeros(9, np.int64), np.full(9, MINUTE), np.zeros(9, np.int64))
    with pytest.raises(OperatorFault, match="1 minutes can't be cut into 3 blocks"):
        purged_k_fold(*one_minute, 3, 0)
    with pytest.raises(OperatorFault, match="0 minutes can't be cut"):
        purged_k_fold(*(x[:0] for x in one_minute), 3, 0)
    with pytest.raises(OperatorFault, match="no row to train on: 3 sessions are too few"):
        purged_k_fold(*even(3, 10, 3), 3, 1)
    with pytest.raises(OperatorFault, match="no row to train on: 1 sessions are too few"):
        purged_k_fold(*even(1, 100, 3), 3, 1)
    assert len(purged_k_fold(*even(1, 100, 3), 3, 0)) == 3
