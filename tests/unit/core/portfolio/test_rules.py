"""Each rule against numbers worked out by hand from the documents, and what must hold for any numbers."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradebot.core.portfolio.kelly import half_kelly, kelly_edge, kelly_size, sharpe_of
from tradebot.core.portfolio.leverage import leverage_of
from tradebot.core.portfolio.no_trade import expected_gain, inside_band
from tradebot.core.portfolio.risk_fraction import risk_size
from tradebot.core.portfolio.volatility_target import target_weight

ANY = st.floats(allow_nan=True, allow_infinity=True)
SHARE = st.floats(0.0, 1.0)
RECORD = st.floats(0.0, 500.0)


def seeds_kelly(w: float, b: float) -> float:
    """seeds/000, DynamicPositionSizer."""
    return max(0.0, min((w * b - (1 - w)) / b, 1.0))


@pytest.mark.parametrize(
    ("won", "lost", "gains", "losses", "w", "b"),
    [
        (60.0, 40.0, 0.60, 0.40, 0.6, 1.0),
        (40.0, 60.0, 0.80, 0.60, 0.4, 2.0),
        (50.0, 50.0, 0.50, 0.50, 0.5, 1.0),
        (3.0, 7.0, 0.3, 7.0, 0.3, 0.1),
    ],
)
def test_kelly_is_the_documents_formula_of_win_rate_and_payoff(
    won: float, lost: float, gains: float, losses: float, w: float, b: float
) -> None:
    assert kelly_edge(won, lost, gains, losses, 0.0) == pytest.approx(seeds_kelly(w, b), abs=1e-12)


def test_trades_without_an_edge_are_added_to_a_short_record() -> None:
    full, shrunk = kelly_edge(6, 4, 0.06, 0.04, 0.0), kelly_edge(6, 4, 0.06, 0.04, 30.0)
    # 15 of each kind with the record's average of 0.01 a trade: w = 21/40, b = (0.21/21) / (0.19/19) = 1
    assert full == pytest.approx(0.2)
    assert shrunk == pytest.approx(21 / 40 - 19 / 40)
    assert kelly_edge(5, 0, 0.05, 0.0, 30.0) == pytest.approx(20 / 35 - 15 / 35)  # never lost yet, and still no sure thing
    assert kelly_edge(0, 5, 0.0, 0.05, 30.0) == 0.0
    assert kelly_edge(0, 0, 0.0, 0.0, 30.0) == 0.0


@given(RECORD, RECORD, st.floats(0.0, 5.0), st.floats(0.0, 5.0), st.floats(0.0, 100.0))
def test_an_edge_lies_between_none_and_all(won: float, lost: float, gains: float, losses: float, prior: float) -> None:
    assert 0.0 <= kelly_edge(won, lost, gains, losses, prior) <= 1.0


def test_the_size_of_the_document_with_the_ruling_on_its_floor() -> None:
    # 0.15 * min(2.4 / 1.5, 2) / (1 + 100 * 0.0005) = 0.15 * 1.6 / 1.05 = 0.228571...; times 0.5 * 0.25
    assert kelly_size(0.5, 2.4, 0.0005, 0.25, 0.15, 0.40, 0.0) == pytest.approx(0.15 * 1.6 / 1.05 * 0.125)
    assert kelly_size(0.5, 2.4, 0.0005, 0.25, 0.15, 0.40, 0.05) == 0.05
    assert kelly_size(0.0, 9.0, 0.0005, 0.25, 0.15, 0.40, 0.05) == 0.0  # no edge, no trade
    assert kelly_size(1.0, 99.0, 0.0, 1.0, 0.35, 0.40, 0.05) == 0.40  # capped: 0.35 * 2


@given(st.one_of(SHARE, st.just(math.nan)), ANY, ANY)
def test_a_kelly_size_is_never_below_0_or_above_its_cap(edge: float, strength: float, volatility: float) -> None:
    size = kelly_size(edge, strength, volatility, 0.25, 0.15, 0.40, 0.05)
    assert 0.0 <= size <= 0.40
    assert (size > 0.0) == (edge > 0.0 and strength > 0.0 and 0.0 <= volatility < math.inf)


@given(SHARE, st.floats(0.01, 10.0), st.floats(0.0, 0.1), st.floats(0.0, 0.1))
def test_more_volatility_never_makes_a_larger_kelly_size(edge: float, strength: float, one: float, other: float) -> None:
    calm, wild = (kelly_size(edge, strength, v, 0.25, 0.15, 0.40, 0.05) for v in sorted((one, other)))
    assert wild <= calm


def test_leverage_of_the_document() -> None:
    ratios = (1.6, 1.5, 1.45, 1.0, 0.75, 0.5, 0.49, math.nan, -1.0, math.inf)
    assert [leverage_of(r, 1.0, 3.0) for r in ratios] == pytest.approx([1.0, 1.0, 1.1, 2.0, 2.5, 3.0, 3.0, 1.0, 1.0, 1.0])


@given(ANY)
def test_leverage_stays_within_its_bounds(ratio: float) -> None:
    assert 1.0 <= leverage_of(ratio, 1.0, 3.0) <= 3.0


def test_what_is_lost_at_the_stop_is_the_fraction() -> None:
    # 2 % of 100,000 at a stop 4 % away: 50,000 in the market, of which 4 % are 2,000
    assert risk_size(0.02, 1.0, 0.0, 0.04) * 100_000 == pytest.approx(50_000)
    assert risk_size(0.02, 0.5, 0.25, 0.04) == pytest.approx(0.02 * 0.5 * 0.75 / 0.04)


@given(ANY, ANY, ANY)
def test_no_risk_size_without_a_stop_a_conviction_and_risk_left(conviction: float, score: float, distance: float) -> None:
    size = risk_size(0.02, conviction, score, distance)
    assert size >= 0.0
    if not (conviction > 0 and score < 1 and distance > 0):
        assert size == 0.0
    else:
        assert size == 0.0 or size * distance <= 0.02 * (1 + 1e-9)


def test_the_example_of_the_document() -> None:
    # seeds/004 section 5.1: target 15 %, asset 30 %, weight 0.5
    assert target_weight(0.30, 1.0, 1.0, 0.15, 0.05, 1.0, 2.0, 0.01) == pytest.approx(0.5)
    assert target_weight(0.02, 1.0, 1.0, 0.15, 0.05, 1.0, 2.0, 0.01) == 2.0  # floor 5 %: 3, and at most 2
    assert target_weight(4.00, 1.0, 1.0, 0.15, 0.05, 1.0, 2.0, 0.01) == pytest.approx(0.15)  # ceiling 100 %
    assert target_weight(0.30, 0.019, 1.0, 0.15, 0.05, 1.0, 2.0, 0.01) == 0.0  # 0.95 %: below 1 %


@given(ANY, ANY, ANY)
def test_a_weight_is_0_or_between_its_bounds(volatility: float, conviction: float, budget: float) -> None:
    weight = target_weight(volatility, conviction, budget, 0.15, 0.05, 1.0, 2.0, 0.01)
    assert weight == 0.0 or 0.01 <= weight <= 2.0
    if any(math.isnan(x) or x <= 0 for x in (volatility, conviction, budget)):
        assert weight == 0.0


@given(st.floats(0.001, 3.0), st.floats(0.001, 3.0), st.floats(0.0, 1.0))
def test_twice_the_volatility_is_never_a_larger_weight(one: float, other: float, conviction: float) -> None:
    calm, wild = (target_weight(v, conviction, 1.0, 0.15, 0.05, 1.0, 2.0, 0.01) for v in sorted((one, other)))
    assert wild <= calm


def test_half_kelly_is_half_of_mean_over_variance() -> None:
    assert half_kelly(1e-5, 4e-5, 1000.0, 0.0, 0.5, 1.0) == pytest.approx(0.125)
    assert half_kelly(1e-5, 4e-5, 390.0, 390.0, 0.5, 1.0) == pytest.approx(0.0625)  # half believed
    assert half_kelly(1e-3, 4e-5, 1000.0, 0.0, 0.5, 1.0) == 1.0
    assert half_kelly(-1e-5, 4e-5, 1000.0, 0.0, 0.5, 1.0) == 0.0
    assert sharpe_of(1e-5, 1e-6, 1000.0, 0.0, 98_280.0) == pytest.approx(0.01 * math.sqrt(98_280))


@given(ANY, ANY, ANY)
def test_half_kelly_of_what_is_no_record_is_nothing(mean: float, variance: float, bars: float) -> None:
    assert 0.0 <= half_kelly(mean, variance, bars, 390.0, 0.5, 1.0) <= 1.0
    assert math.isfinite(sharpe_of(mean, variance, bars, 390.0, 98_280.0)) or abs(mean) > 1e100 or variance < 1e-200


def test_a_gain_within_its_cost_is_no_trade() -> None:
    # 20 % a year over 60 of 98,280 minutes: 0.494 %; a forecast of 0.05 hopes for 2.47 bps
    gain = expected_gain(-0.05, 0.20, 60.0)
    assert gain == pytest.approx(0.05 * 0.20 * math.sqrt(60 / 98_280))
    assert not inside_band(gain, 1.0, 0.4)
    assert inside_band(gain, 1.0, 0.5)
    assert inside_band(math.nan, 0.0, 0.0)
    assert inside_band(expected_gain(0.5, math.nan, 60.0), 0.0, 0.0)  # unknown hopes for nothing
