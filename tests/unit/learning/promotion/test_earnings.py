"""What following a model would have earned: one position a symbol, nothing on unknown rows, nats over the usual."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradebot.learning.promotion.earnings import followed, information, long_entries


def test_one_position_a_symbol_held_to_the_labels_end() -> None:
    score = np.array([0.7, 0.9, 0.9, 0.7, 0.2, 0.7])
    symbol = np.array([0, 0, 1, 0, 0, 0])
    minute = np.array([1, 2, 2, 5, 6, 7])
    end = np.array([5, 9, 9, 6, 9, 9])
    earned = long_entries(score, np.arange(1.0, 7.0), symbol, minute, end, 0.7)
    assert earned.traded.tolist() == [True, False, True, True, False, True]
    assert earned.gain.tolist() == [1.0, 0.0, 3.0, 4.0, 0.0, 6.0]
    assert earned.trades == 4


def test_no_opinion_and_no_outcome_is_no_trade() -> None:
    score, net = np.array([np.nan, 0.9, 0.9]), np.array([1.0, np.nan, 2.0])
    earned = long_entries(score, net, np.zeros(3, np.int64), np.arange(3), np.arange(3) + 5, 0.5)
    assert earned.gain.tolist() == [0.0, 0.0, 2.0]


@given(st.integers(0, 10_000), st.integers(1, 3))
def test_no_two_positions_of_a_symbol_overlap_and_no_entry_is_missed(seed: int, symbols: int) -> None:
    random = np.random.default_rng(seed)
    count = 60
    minute = np.sort(random.integers(0, 100, count))
    symbol, end = random.integers(0, symbols, count), minute + random.integers(1, 20, count)
    score = random.random(count)
    traded = long_entries(score, np.ones(count), symbol, minute, end, 0.5).traded
    assert (score[traded] >= 0.5).all()
    for s in range(symbols):
        held = np.flatnonzero(traded & (symbol == s))
        assert (minute[held[1:]] >= end[held[:-1]]).all()
        for row in np.flatnonzero(~traded & (symbol == s) & (score >= 0.5)):
            assert ((minute[held] <= minute[row]) & (minute[row] < end[held])).any()


def test_the_most_probable_strategy_is_followed_and_flat_earns_nothing() -> None:
    probability = np.array([[0.6, 0.3, 0.1], [0.1, 0.7, 0.2], [0.2, 0.2, 0.6], [np.nan, 0.5, 0.5]])
    net = np.array([[1.0, 2.0], [3.0, -4.0], [5.0, 6.0], [7.0, 8.0]])
    earned = followed(probability, net)
    assert earned.gain.tolist() == [1.0, -4.0, 0.0, 0.0]
    assert earned.trades == 2


def test_information_is_the_log_likelihood_over_the_shares() -> None:
    shares = np.array([0.25, 0.75])
    probability = np.array([[0.5, 0.5], [0.25, 0.75], [np.nan, np.nan]])
    gain = information(probability, np.array([0, 1, 0]), shares).gain
    assert gain == pytest.approx([np.log(2.0), 0.0, 0.0], abs=1e-5)
    assert np.isfinite(information(np.array([[0.0, 1.0]]), np.array([0]), shares).gain).all()
