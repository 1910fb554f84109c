"""Against purgedcv, an independent implementation, and the worked examples of the papers."""

from __future__ import annotations

import math

import numpy as np
import purgedcv
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.learning.evidence.runs import returns
from tradebot.learning.evidence.arrays import sharpe_of, stationary_rows
from tradebot.learning.evidence.sharpe import (
    Moments,
    bootstrap_interval,
    deflated_sharpe,
    expected_max_z,
    interval,
    min_backtest_years,
    min_track_record_sessions,
    moments_of,
    probabilistic_sharpe,
    refuse_best_of,
)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000), st.integers(5, 600), st.floats(-0.3, 0.3), st.integers(1, 500), st.floats(0.0, 0.02))
def test_probabilities_are_those_of_purgedcv(seed: int, sessions: int, drift: float, trials: int, variance: float) -> None:
    drawn = (np.random.default_rng(seed).standard_t(5, sessions) + drift) * 0.01
    moments = moments_of(drawn)
    if moments is None:
        with pytest.raises(ValueError, match="denominator"):
            purgedcv.probabilistic_sharpe_ratio(drawn, 0.0)
        return
    assert probabilistic_sharpe(moments, 0.01) == pytest.approx(purgedcv.probabilistic_sharpe_ratio(drawn, 0.01), abs=1e-12)
    assert deflated_sharpe(moments, trials, variance) == pytest.approx(purgedcv.deflated_sharpe_ratio(drawn, trials, variance), abs=1e-9)
    theirs = purgedcv.min_track_record_length(moments.sharpe, 0.0, 0.05, moments.skew, moments.kurtosis)
    assert min_track_record_sessions(moments) == pytest.approx(max(theirs, 1.0), rel=1e-9, abs=1.0)


@pytest.mark.parametrize("trials", [1, 2, 10, 45, 100, 1000])
def test_minimum_backtest_length_is_that_of_purgedcv(trials: int) -> None:
    assert min_backtest_years(trials, 1.3) == pytest.approx(purgedcv.minimum_backtest_length(trials, 1.3), rel=1e-9)


def test_the_example_of_the_deflated_sharpe_ratio() -> None:
    """Bailey and Lopez de Prado 2014: a ratio of 2.5 a year on 1250 days, skew -3, kurtosis 10, best of 100 with variance 1/2: 0.9004."""
    moments = Moments(1250, 2.5 / math.sqrt(250), -3.0, 10.0)
    assert deflated_sharpe(moments, 100, 0.5 / 250) == pytest.approx(0.9004, abs=5e-5)
    assert deflated_sharpe(moments, 46, 0.5 / 250) == pytest.approx(0.9505, abs=5e-5)


def test_the_example_of_the_probabilistic_sharpe_ratio() -> None:
    """Bailey and Lopez de Prado 2012: 24 months of 0.458 a month, skew -2.448, kurtosis 10.164: 0.913; 0.982 if they were normal."""
    assert probabilistic_sharpe(Moments(24, 0.458, -2.448, 10.164)) == pytest.approx(0.913, abs=5e-4)
    assert probabilistic_sharpe(Moments(24, 0.458, 0.0, 3.0)) == pytest.approx(0.982, abs=5e-4)


def test_figures_that_the_field_notes_name() -> None:
    assert [round(expected_max_z(n), 2) for n in (10, 100, 1000)] == [1.57, 2.53, 3.26]
    assert round(min_backtest_years(45), 1) == 5.0
    assert min_track_record_sessions(Moments(0, 1 / math.sqrt(252), 0.0, 3.0)) / 252 == pytest.approx(2.7, abs=0.02)


def test_the_largest_of_n_is_about_what_is_expected() -> None:
    drawn = np.random.default_rng(3).standard_normal((4000, 50)).max(axis=1).mean()
    assert expected_max_z(50) == pytest.approx(drawn, abs=0.04)


@pytest.mark.parametrize("values", [[], [0.1], [0.1] * 50, [0.0] * 50, [0.1, 0.2, 0.3], [0.1, math.nan, 0.3, 0.4], [math.inf] * 9])
def test_what_has_no_sharpe_ratio_has_none(values: list[float]) -> None:
    assert moments_of(np.array(values)) is None


@pytest.mark.parametrize("sharpe", [-1.0, 0.0, 2.0])
def test_intervals_cover_the_truth_about_as_often_as_they_say(sharpe: float) -> None:
    rng, normal, drawn, runs = np.random.default_rng(11), 0, 0, 200
    for seed in range(runs):
        net = rng.standard_t(6, 250) * 0.01 / math.sqrt(1.5) + 0.01 * sharpe / math.sqrt(252)
        moments = moments_of(net)
        assert moments is not None
        low = interval(moments)
        normal += low.low_annual <= sharpe <= low.high_annual
        boot = bootstrap_interval(net, 200, seed)
        drawn += boot.low_annual <= sharpe <= boot.high_annual
    assert 0.90 <= normal / runs <= 0.99
    assert 0.87 <= drawn / runs <= 0.99


def test_resamples_are_blocks_of_the_mean_length() -> None:
    rows = stationary_rows(200, 500, seed=1, mean_block=8)
    steps = np.diff(rows, axis=1) % 200
    assert (steps != 1).mean() == pytest.approx(1 / 8, abs=0.01)
    assert np.bincount(rows.ravel(), minlength=200).std() / 500 < 0.1


def test_the_best_of_many_is_refused_until_history_is_long_enough() -> None:
    years = min_backtest_years(20)
    assert refuse_best_of(20, math.floor(years * 252)) is not None
    assert refuse_best_of(20, math.ceil(years * 252)) is None
    assert refuse_best_of(1, 1) is None


def test_sharpe_of_columns() -> None:
    both = np.column_stack((returns(2.0, 252), np.full(252, 0.1)))
    assert sharpe_of(both, axis=0) == pytest.approx([2.0 / math.sqrt(252) * math.sqrt(251 / 252), 0.0])
