"""Every rule through the same door: what is not known buys nothing and says why, caps hold, each factor is on record."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradebot.core.portfolio import evidence as at
from tradebot.core.portfolio import pairs
from tradebot.core.portfolio.config import (
    EXTRAS,
    CombinationConfig,
    HalfKellyConfig,
    KellyConfig,
    LeverageConfig,
    NoTradeConfig,
    PortfolioConfig,
    RiskFractionConfig,
    SizingConfig,
    VolatilityTargetConfig,
)
from tradebot.core.portfolio.history import fractions_history
from tradebot.core.portfolio.memory import SizingState
from tradebot.core.portfolio.sizer import Candidate, Sized, Sizer
from tradebot.core.portfolio.sizing import shares_of

Float = npt.NDArray[np.float64]
EQUITY = 1_000_000_000  # $100,000
PRICE = 1_000_000  # $100

PLAIN = SizingConfig(equity_fraction=0.1, max_shares=0)
RISK = SizingConfig(rule="risk_fraction", equity_fraction_max=0.9, max_shares=0, risk_fraction=RiskFractionConfig(fraction=0.02))
KELLY = SizingConfig(rule="kelly", equity_fraction_max=0.9, max_shares=0, kelly=KellyConfig(trades_prior=0.0), leverage=LeverageConfig())
TARGET = SizingConfig(rule="volatility_target", equity_fraction_max=0.9, max_shares=0, volatility_target=VolatilityTargetConfig())
EVERY = [
    PLAIN,
    RISK,
    replace(RISK, risk_fraction=RiskFractionConfig(fraction=0.02, by_conviction=True, var_fraction_max=0.02)),
    KELLY,
    TARGET,
    replace(TARGET, half_kelly=HalfKellyConfig(), portfolio=PortfolioConfig(), no_trade=NoTradeConfig(cost_bps=0.1)),
    replace(TARGET, combination=CombinationConfig(sessions_min=2), leverage=LeverageConfig()),
    replace(PLAIN, portfolio=PortfolioConfig(), leverage=LeverageConfig()),
]


def evidence_row(**changes: float) -> Float:
    row = np.zeros((1, at.WIDTH))
    known = {"STRENGTH": 1.5, "LEADER": 0, "WON": 60, "LOST": 40, "GAINS": 0.6, "LOSSES": 0.4, "BARS": 5000, "MEAN": 1e-6, "VARIANCE": 1e-6}
    for name, value in {**known, "SHARE": 0.5, "SESSIONS": 30, **changes}.items():
        row[0, getattr(at, name)] = value
    return row


def sizer(
    config: SizingConfig, evidence: Float | None = None, seen: tuple[float, float, float] = (0.30, 0.0, 1.0), **more: object
) -> Sizer:
    memory = SizingState(np.zeros((1, 29)), np.array([seen]), pairs.new_pairs(1))
    return Sizer(
        config, memory, **{"equity_units": EQUITY, "held": {}, "evidence": evidence_row() if evidence is None else evidence, **more}
    )


def asked(conviction: float = 0.5, price: int = PRICE, stop: int = 960_000, cash: int = EQUITY) -> Candidate:
    return Candidate(0, conviction, price, stop, cash)


def test_2_percent_of_equity_is_lost_at_the_stop() -> None:
    sized = sizer(RISK).size(asked())
    assert sized.shares * (PRICE - 960_000) == 0.02 * EQUITY
    assert sized.factors == {"risk": 0.02, "conviction": 1.0, "risk_score": 0.0, "stop_distance": 0.04, "fraction": 0.5}


def test_kelly_times_leverage() -> None:
    # k = 0.2, 0.15 * 1 / 1 * 0.2 * 0.25 = 0.0075: the floor of 5 %; ratio 1: leverage 2
    sized = sizer(KELLY).size(asked())
    assert sized.shares == 100
    assert sized.factors["leverage"] == 2.0
    assert sized.factors["kelly"] == pytest.approx(0.2)
    assert sizer(KELLY, seen=(0.3, 0.0, math.nan)).size(asked()).shares == 50  # an unknown ratio is no leverage
    assert sizer(KELLY).size(asked(cash=30 * PRICE)).shares == 30  # never more than buying power allows
    assert sizer(KELLY, evidence_row(WON=40, LOST=60, GAINS=0.4, LOSSES=0.6)).size(asked()).reason.startswith("no edge")


def test_volatility_target_of_the_document() -> None:
    assert sizer(TARGET).size(asked(0.5)).shares == 250  # 0.15 / 0.30 * 0.5 of 1,000 shares
    unknown = Sized(0, {"target": 0.15, "conviction": 0.5, "budget": 1.0}, "volatility not known yet")
    assert sizer(TARGET, seen=(math.nan, 0.0, 1.0)).size(asked()) == unknown


def test_half_kelly_holds_a_size_down_and_a_poor_record_forbids_it() -> None:
    rule = replace(TARGET, half_kelly=HalfKellyConfig(bars_prior=0.0))
    sized = sizer(rule, evidence_row(MEAN=2e-7)).size(asked(0.5))
    assert sized.factors["half_kelly"] == pytest.approx(0.1)  # 0.5 * 2e-7 / 1e-6
    assert sized.shares == 50  # 10 % times the conviction
    assert "Sharpe" in sizer(rule, evidence_row(MEAN=-2e-7)).size(asked(0.5)).reason
    strict = replace(TARGET, half_kelly=HalfKellyConfig(bars_prior=0.0, sharpe_min=0.1))
    assert "0.06" in sizer(strict, evidence_row(MEAN=2e-7)).size(asked(0.5)).reason


def test_the_combinations_share_scales_once_it_knows_enough() -> None:
    rule = replace(TARGET, combination=CombinationConfig(sessions_min=20))
    assert sizer(rule).size(asked(0.5)).shares == 125
    assert sizer(rule, evidence_row(SESSIONS=20)).size(asked(0.5)).shares == 125
    assert sizer(rule, evidence_row(SESSIONS=19)).size(asked(0.5)).shares == 250
    assert sizer(rule, evidence_row(SHARE=0.0)).size(asked(0.5)).shares == 0


def test_the_portfolio_counts_what_is_held_and_what_was_asked_for_this_minute() -> None:
    rule, memory = replace(PLAIN, equity_fraction=0.5, portfolio=PortfolioConfig()), SizingState(
        np.zeros((2, 29)), np.array([[0.30, 0.0, 1.0], [0.30, 0.0, 1.0]]), pairs.new_pairs(2)
    )  # fmt: skip
    both = Sizer(rule, memory, EQUITY, {}, None)
    first = both.size(Candidate(0, 0.5, PRICE, 0, EQUITY))
    assert first.shares == 500  # 15 % volatile
    both.took(0, 500 * PRICE)
    second = both.size(Candidate(1, 0.5, PRICE, 0, EQUITY))
    assert second.factors["portfolio_room"] == pytest.approx(1 / 3)  # 5 % are left, of 15 %
    assert second.shares == 166
    assert "portfolio" in Sizer(rule, memory, EQUITY, {-1: PRICE}, None).size(Candidate(0, 0.5, PRICE, 0, EQUITY)).reason


def test_value_at_risk_of_what_is_held_lowers_the_risk_taken() -> None:
    rule = replace(RISK, risk_fraction=RiskFractionConfig(fraction=0.02, var_fraction_max=0.02))
    half = sizer(rule, held={0: EQUITY // 10}).size(asked())
    score = 1.6448536 * 0.1 * 0.30 / math.sqrt(252) / 0.02
    assert half.factors["risk_score"] == pytest.approx(score)
    assert half.shares == math.floor(500 * (1 - score))
    assert "VaR" in sizer(rule, held={0: EQUITY}).size(asked()).reason


def test_the_no_trade_band_says_both_sides() -> None:
    rule = replace(TARGET, no_trade=NoTradeConfig(cost_bps=1.0, margin_bps=0.5, horizon_min=60))
    assert sizer(rule).size(asked(0.05)).reason == ""  # 0.05 * 30 % * sqrt(60 / 98,280) = 3.71 bps
    assert sizer(rule).size(asked(0.03)).reason == "no-trade band: 2.22 bps to gain, 2.50 to pay"


@pytest.mark.parametrize("config", EVERY, ids=lambda c: "+".join([c.rule, *(name for name in EXTRAS if getattr(c, name))]))
class TestEveryRule:
    def test_a_usual_candidate_gets_shares_and_a_record(self, config: SizingConfig) -> None:
        sized = sizer(config).size(asked())
        assert sized.shares > 0
        assert sized.reason == ""
        assert sized.factors
        assert all(type(value) is float and math.isfinite(value) for value in sized.factors.values())

    @pytest.mark.parametrize("price", [0, -PRICE])
    def test_no_price_no_shares(self, config: SizingConfig, price: int) -> None:
        assert sizer(config).size(asked(price=price)).shares == 0

    @pytest.mark.parametrize("equity", [0, -EQUITY])
    def test_no_equity_no_shares(self, config: SizingConfig, equity: int) -> None:
        assert sizer(config, equity_units=equity).size(asked()).shares == 0

    def test_nothing_known_buys_nothing_where_the_rule_reads_it(self, config: SizingConfig) -> None:
        sized = sizer(config, np.zeros((1, at.WIDTH)), (math.nan,) * 3).size(asked(stop=0))
        assert sized.shares == 0 or config.is_plain
        assert bool(sized.reason) != config.is_plain

    def test_caps(self, config: SizingConfig) -> None:
        assert sizer(replace(config, max_shares=7)).size(asked(1.0)).shares <= 7
        assert sizer(replace(config, equity_fraction_max=0.02)).size(asked(1.0)).shares <= (100 if config.is_plain else 20)

    @given(
        st.floats(allow_nan=True, allow_infinity=True), st.floats(0, 5), st.floats(0, 0.1), st.floats(0, 9), st.integers(0, 2 * PRICE),
        st.integers(-EQUITY, EQUITY), st.lists(st.floats(allow_nan=True, allow_infinity=True), min_size=at.WIDTH, max_size=at.WIDTH),
    )  # fmt: skip
    def test_never_negative_never_above_the_cap(
        self, config: SizingConfig, conviction: float, annual: float, bar: float, ratio: float, stop: int, cash: int, row: list[float]
    ) -> None:
        sized = sizer(config, np.array([row]), (annual, bar, ratio)).size(asked(conviction, stop=stop, cash=cash))
        most = config.equity_fraction_max or config.equity_fraction * 3
        assert 0 <= sized.shares <= most * EQUITY / PRICE * (1 + 1e-9)
        assert sized.shares == 0 or not sized.reason

    @given(st.floats(0.01, 1.0), st.floats(0.01, 1.0))
    def test_more_volatile_is_never_more_shares(self, config: SizingConfig, one: float, other: float) -> None:
        lean = replace(config, no_trade=None)  # which asks for movement
        calm, wild = (sizer(lean, seen=(v, v / 313.0, 1.0)).size(asked()).shares for v in sorted((one, other)))
        assert wild <= calm

    def test_a_history_gives_the_live_sizes(self, config: SizingConfig) -> None:
        if config.weighs_portfolio:
            with pytest.raises(ValueError, match="depend on what is held"):
                fractions_history(config, np.zeros((1, 1, 3)), np.ones((1, 1), np.bool_), np.ones((1, 1)), None, np.ones((1, 1)), int)
            return
        rng, minutes = np.random.default_rng(4), 50
        seen, wanted, conviction = rng.random((minutes, 1, 3)), rng.random((minutes, 1)) < 0.7, rng.random((minutes, 1))
        rows, close = np.abs(rng.random((minutes, 1, at.WIDTH))), rng.integers(PRICE, 2 * PRICE, (minutes, 1))
        rows[:, :, at.SESSIONS] = 30
        fractions = fractions_history(config, seen, wanted, conviction, rows, close, lambda price: price * 98 // 100)
        for t in range(minutes):
            price = int(close[t, 0])
            live = sizer(config, rows[t], tuple(seen[t, 0])).size(asked(float(conviction[t, 0]), price, price * 98 // 100))
            assert shares_of(EQUITY, price, float(fractions[t, 0]), config.max_shares) == (live.shares if wanted[t, 0] else 0)
        assert (fractions > 0).any()
