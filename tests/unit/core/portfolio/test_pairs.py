"""Correlations and what they make of a portfolio."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.core.portfolio.test_volatility import market, stepped
from tradebot.core.portfolio import pairs


def test_half_of_the_variance_in_common_is_a_correlation_of_a_half() -> None:
    at, opened, close, present = market(2, 2, 30, 390)
    present[:] = True
    _, memory = stepped(at, opened, close, present)
    weight = 1 - 0.94 ** (len(at) / 390)
    faith = weight * (1 - pairs.SHRINK)
    assert (pairs.correlation(memory.pairs, 0, 1) - (1 - faith)) / faith == pytest.approx(0.5, abs=0.05)


def test_what_is_not_known_moves_together() -> None:
    fresh, volatility = pairs.new_pairs(2), np.array([0.2, 0.3])
    assert pairs.correlation(fresh, 0, 1) == 1.0
    # 0.5 * 0.2 + 0.4 * 0.3 = 0.22: the sum of the parts
    assert pairs.portfolio_variance({0: 0.5, 1: 0.4}, volatility, fresh) == pytest.approx(0.22**2)
    assert pairs.portfolio_variance({0: 0.5}, np.array([math.nan]), fresh) == math.inf
    assert pairs.portfolio_variance({}, volatility, fresh) == 0.0


def test_the_room_of_a_lone_position_is_the_documents_scale() -> None:
    assert pairs.room_for(0.8, 0.5, 0.0, 0.0, 0.20) == pytest.approx(0.20 / (0.8 * 0.5))
    assert pairs.room_for(0.3, 0.5, 0.0, 0.0, 0.20) == 1.0
    assert pairs.room_for(0.3, math.nan, 0.0, 0.0, 0.20) == 0.0
    assert pairs.room_for(0.3, 0.5, 0.1, 0.05, 0.20) == 0.0  # 22 % already


@given(st.floats(0.01, 2.0), st.floats(0.01, 1.0), st.floats(0.0, 0.3), st.floats(-1.0, 1.0), st.floats(0.05, 0.5))
def test_with_its_room_a_size_brings_the_portfolio_just_to_its_bound(
    weight: float, own: float, held: float, rho: float, most: float
) -> None:
    room, covariance, variance = 0.0, rho * own * held, held * held
    room = pairs.room_for(weight, own, covariance, variance, most)
    together = variance + 2 * room * weight * covariance + (room * weight * own) ** 2
    if held >= most:
        assert room == 0.0
    else:
        assert math.sqrt(max(together, 0.0)) <= most * (1 + 1e-6)
        assert room == 1.0 or math.sqrt(together) == pytest.approx(most, rel=1e-6)


def test_var_of_a_day() -> None:
    assert pairs.var_95(0.16**2) == pytest.approx(1.6448536 * 0.16 / math.sqrt(252), rel=1e-6)
