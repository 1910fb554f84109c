"""Every member of LIMITS passes one list of checks."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.contract.limit_contract import CASES, CONFIG, FINE, ORDER, RULES, asked_and_seen, faults_of
from tradebot.core.risk.limits.catalogue import LIMITS, REDUCING, Limit, broken_limit, first_refusal
from tradebot.core.risk.limits.config import LimitsConfig, rules_of
from tradebot.core.risk.limits.headroom import least_headroom, size_scale
from tradebot.core.risk.limits.loosened import loosened
from tradebot.core.risk.limits.numbers import Asked, Rules, Seen, worst_units
from tradebot.core.risk.limits.self_test import edges, self_test

BARE = LimitsConfig(positions_max=10, order_usd_max=5000.0, daily_loss_fraction_max=0.02)


@pytest.mark.parametrize("limit", LIMITS, ids=lambda limit: limit.name)
def test_every_limit_keeps_the_contract(limit: Limit) -> None:
    assert faults_of(limit) == []


@pytest.mark.parametrize("limit", LIMITS, ids=lambda limit: limit.name)
def test_what_one_limit_refuses_the_whole_chain_refuses(limit: Limit) -> None:
    refused = [case for case in CASES[limit.name] if case.says]
    assert refused
    assert any(not case.says for case in CASES[limit.name])
    for case in refused:
        asked, seen = asked_and_seen(case.changes)
        place = broken_limit(asked, seen, RULES)
        assert 0 < place <= LIMITS.index(limit) + 1
        assert first_refusal(asked, seen, RULES) == LIMITS[place - 1](asked, seen, RULES)


def test_the_fine_order_passes_the_chain() -> None:
    assert broken_limit(ORDER, FINE, RULES) == 0
    assert first_refusal(ORDER, FINE, RULES) is None
    assert {limit.name for limit in LIMITS} == set(CASES)
    assert len(LIMITS) == len(CASES) == 29


def test_an_order_that_reduces_is_held_against_four_alone() -> None:
    assert [limit.name for limit in REDUCING] == ["no_shares", "done_already", "washes", "not_enough_shares"]
    ruin = Seen(**(FINE._asdict() | {"equity_units": -1, "positions": 99, "status": 1, "data_age_ns": 10**15, "gross_units": 10**15}))
    assert first_refusal(ORDER, ruin, RULES, REDUCING) is None
    assert first_refusal(ORDER, ruin._replace(available_qty=9), RULES, REDUCING) == "shares 10 > 9 available"


@pytest.mark.parametrize("config", [CONFIG, BARE, replace(CONFIG, order_usd_max=10**9), replace(BARE, daily_loss_fraction_max=1.0)])
def test_the_self_test_finds_nothing_wrong_with_the_limits(config: LimitsConfig) -> None:
    assert self_test(config) == ()


@pytest.mark.parametrize("limit", LIMITS, ids=lambda limit: limit.name)
def test_the_self_test_tells_a_limit_that_is_missing_or_blind_or_refuses_all(limit: Limit) -> None:
    rest = tuple(x for x in LIMITS if x is not limit)
    assert self_test(CONFIG, rest) == (f"the limit {limit.name} is missing",)

    def renamed(verdict: bool) -> Limit:
        def breaks(asked: Asked, seen: Seen, rules: Rules) -> bool:
            return verdict

        breaks.__name__ = limit.name
        return Limit(breaks, limit.says)

    assert self_test(CONFIG, (*rest, renamed(False))) == (f"the limit {limit.name} lets an order pass that it must refuse",)
    told = self_test(CONFIG, (*rest, renamed(True)))
    assert len(told) == 2
    assert told[0].startswith(f"the limit {limit.name} refuses a fine order: ")


def test_before_the_first_session_there_is_no_drawdown_on_or_off() -> None:
    for config in (CONFIG, BARE):
        assert first_refusal(ORDER, FINE._replace(high_water_units=0), rules_of(config)) is None


def test_off_is_a_word_and_lifts_just_that_limit() -> None:
    off = {name: edge for name, edge in edges(rules_of(BARE)).items() if edge is None}
    assert set(off) == {
        "too_many_shares", "drawdown_too_deep", "position_too_large", "sector_too_large", "group_too_large", "gross_too_large",
        "net_too_large", "leverage_too_high", "var_too_high", "historical_var_too_high", "too_many_orders", "too_much_in_minute",
        "price_too_low", "price_too_high",
    }  # fmt: skip
    assert None not in edges(RULES).values()


@given(st.integers(1, 10**8), st.floats(0.0001, 0.5))
def test_a_market_orders_worst_price_is_never_better_than_the_price_seen(price: int, collar: float) -> None:
    for sign in (1, -1):
        worst = worst_units(price, 0, sign, collar)
        assert price < worst <= price * (1.0 + collar) + 1
    assert worst_units(price, price + 7, 1, collar) == price + 7
    assert worst_units(price, price + 7, -1, collar) == worst_units(price, 0, -1, collar)


@pytest.mark.parametrize(
    ("changes", "left"),
    [
        ({}, 1.0),
        ({"equity_units": 990_000_000}, 0.5),  # half of the day's 2 %
        ({"equity_units": 980_000_000}, 0.0),
        ({"equity_units": 970_000_000}, 0.0),
        ({"equity_units": 0}, 0.0),
        ({"equity_units": 950_000_000, "day_start_equity_units": 950_000_000}, 0.5),  # half of the drawdown of 10 %
        ({"equity_units": 2 * 10**9}, 1.0),
        ({"sector_units": 100_000_000}, 0.75),
        ({"group_units": 150_000_000}, 0.75),
        ({"gross_units": 350_000_000}, 0.75),  # of the leverage: 140,000 comes before 150,000
        ({"net_units": -300_000_000}, 0.75),
    ],
)
def test_headroom_is_the_least_part_that_is_left(changes: dict[str, int], left: float) -> None:
    assert least_headroom(asked_and_seen(changes)[1], RULES) == pytest.approx(left, abs=1e-12)


def test_headroom_of_the_dollars_held() -> None:
    wide = rules_of(replace(CONFIG, leverage_max=10.0))
    assert least_headroom(FINE._replace(gross_units=375_000_000), wide) == pytest.approx(0.75)


@pytest.mark.parametrize(
    ("headroom", "below", "scale"),
    [(1.0, 1.0, 1.0), (0.25, 1.0, 0.5), (0.0, 1.0, 0.0), (0.5, 0.5, 1.0), (0.125, 0.5, 0.5), (0.9, 0.5, 1.0), (0.0, 0.0, 1.0),
     (1.0, 0.0, 1.0), (float("nan"), 0.5, 0.0), (-1.0, 0.5, 0.0)],
)  # fmt: skip
def test_sizes_shrink_with_the_root_of_the_headroom(headroom: float, below: float, scale: float) -> None:
    assert size_scale(headroom, below) == scale


def test_each_figure_that_is_loosened_is_named_and_tightening_is_not() -> None:
    assert loosened(CONFIG, CONFIG) == ()
    assert loosened(CONFIG, replace(CONFIG, order_usd_max=1000.5)) == ("order_usd_max: 1000.0 -> 1000.5",)
    assert loosened(CONFIG, replace(CONFIG, drawdown_fraction_max="off")) == ("drawdown_fraction_max: 0.1 -> off",)
    assert loosened(CONFIG, replace(CONFIG, symbol_interval_s_min=60.0)) == ("symbol_interval_s_min: 120.0 -> 60.0",)
    assert loosened(CONFIG, replace(CONFIG, price_usd_min="off")) == ("price_usd_min: 20.0 -> off",)
    assert loosened(CONFIG, replace(CONFIG, headroom_fraction_below="off")) == ("headroom_fraction_below: 0.5 -> off",)
    assert loosened(CONFIG, replace(CONFIG, group_correlation_min=0.9)) == ("group_correlation_min: 0.7 -> 0.9",)
    assert loosened(CONFIG, replace(CONFIG, var_confidence=0.95)) == ("var_confidence: 0.99 -> 0.95",)
    assert loosened(CONFIG, replace(CONFIG, sectors={"F": "cars"})) == ("sectors.F: none -> cars",)
    tighter = replace(
        CONFIG, order_usd_max=1.0, symbol_interval_s_min=600.0, price_usd_min=21.0, headroom_fraction_below=1.0, positions_max=1,
        group_correlation_min=0.1, var_confidence=0.995,
    )  # fmt: skip
    assert loosened(CONFIG, tighter) == ()
    assert len(loosened(tighter, CONFIG)) == 7


def test_no_figure_can_be_loosened_unnamed() -> None:
    """Every key of [limits] takes part: making all of them as loose as they go names all of them."""
    numbers = [f.name for f in fields(LimitsConfig) if f.name not in ("sectors", "groups")]
    never_off: dict[str, Any] = {
        "positions_max": 99, "order_usd_max": 1e9, "daily_loss_fraction_max": 1.0, "buying_power_multiple": 4.0,
        "cash_borrowed_fraction_max": 3.0, "var_confidence": 0.9, "unknown_volatility_fraction": 0.001, "group_correlation_min": 1.0,
        "price_collar_fraction": 0.5, "data_age_s_max": 1e9,
    }  # fmt: skip
    loose = replace(CONFIG, **({name: "off" for name in numbers} | never_off))
    assert sorted(line.split(":")[0] for line in loosened(CONFIG, loose)) == sorted(numbers)
