"""Which order an entry becomes: by hand, and for any numbers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradebot.core.domain.orders import Bracket, OrderKind
from tradebot.core.domain.units import tick_units
from tradebot.core.execution.exits import stop_units_of, target_units_of
from tradebot.core.execution.order_type import BY_SPREAD, MARKET, MARKETABLE, ExecutionConfig, choose_entry, entry_limit_units

WIDE = Bracket(1, 10**9)


def limit(config: ExecutionConfig, price: int, spread: int = 0, bracket: Bracket = WIDE) -> int:
    return choose_entry(price, spread, bracket, config).limit_units


def test_a_marketable_limit_is_the_price_and_the_band_rounded_up_to_the_tick() -> None:
    config = ExecutionConfig(entry_order="marketable_limit", limit_band_bps=25.0)
    choice = choose_entry(1_000_000, 0, Bracket(980_000, 1_040_000), config)
    assert (choice.kind, choice.limit_units) == (OrderKind.LIMIT, 1_002_500)
    assert choice.reason == "marketable limit: within 25 bps of 100.00"
    assert limit(config, 20_000) == 20_100  # half a cent beyond 2 dollars: the cent above
    assert limit(config, 5_000) == 5_012  # below a dollar the tick is a unit: 12.5 is rounded to even first
    assert limit(config, 9_999) == 10_100  # beyond a dollar the tick is a cent
    assert limit(config, 1_000_050) == 1_002_600  # a price between the ticks


def test_where_the_spread_is_wide_an_entry_rests_at_its_own_side() -> None:
    config = ExecutionConfig(entry_order="by_spread", limit_band_bps=10.0, wide_spread_bps=20.0)
    assert limit(config, 1_000_000, 1_999) == 1_001_000  # not wide
    choice = choose_entry(1_000_000, 2_000, WIDE, config)
    assert (choice.limit_units, choice.reason) == (999_000, "passive limit: the spread of 0.20 is wide for 100.00")
    assert limit(config, 1_000_000, 2_101) == 998_900  # half of it is 10.51 cents: the cent below
    assert limit(config, 5_000, 11) == 4_994
    assert limit(config, 1_000_000, 0) == 1_001_000  # no quote is known


def test_a_limit_lies_a_cent_inside_the_bracket_or_the_order_goes_at_the_market() -> None:
    config = ExecutionConfig(entry_order="marketable_limit", limit_band_bps=100.0)
    assert limit(config, 1_000_000, bracket=Bracket(990_000, 1_005_000)) == 1_004_900
    cramped = choose_entry(1_000_000, 0, Bracket(990_000, 1_000_000), config)
    assert (cramped.kind, cramped.limit_units) == (OrderKind.MARKET, 0)
    assert cramped.reason == "market: no limit fits between stop and target"
    passive = ExecutionConfig(entry_order="by_spread", wide_spread_bps=1.0)
    assert limit(passive, 1_000_000, 20_000, Bracket(990_000, 1_100_000)) == 0  # half the spread below lies the stop


def test_who_asks_for_the_market_gets_it() -> None:
    choice = choose_entry(1_000_000, 0, WIDE, ExecutionConfig(entry_order="market"))
    assert (choice.kind, choice.limit_units, choice.reason) == (OrderKind.MARKET, 0, "market: the profile asks for it")


@given(
    st.integers(1, 50_000_000),
    st.integers(0, 50_000_000),
    st.floats(0.0001, 0.9),
    st.floats(0.0001, 2.0),
    st.sampled_from([MARKET, MARKETABLE, BY_SPREAD]),
    st.floats(0.01, 1000.0),
    st.floats(0.01, 10_000.0),
)
def test_a_limit_is_on_the_tick_inside_the_bracket_and_on_its_side_of_the_price(
    price: int, spread: int, stop_fraction: float, target_fraction: float, style: int, band: float, wide: float
) -> None:
    stop, target = stop_units_of(price, stop_fraction), target_units_of(price, target_fraction)
    found = entry_limit_units(price, spread, stop, target, style, band, wide)
    if style == MARKET:
        assert found == 0
    if not found:
        return
    assert found % tick_units(found) == 0
    assert stop + 100 <= found <= target - 100
    assert found <= price * (1 + band / 10_000) + tick_units(found) + 1
    passive = style == BY_SPREAD and spread > 0 and spread * 10_000.0 >= price * wide
    assert (found < price) == passive


@pytest.mark.parametrize("style", ["market", "marketable_limit", "by_spread"])
def test_every_choice_has_a_reason(style: str) -> None:
    config = ExecutionConfig(entry_order=style)  # type: ignore[arg-type]
    assert all(choose_entry(price, spread, WIDE, config).reason for price in (1, 9_999, 10**7) for spread in (0, 1, 10**6))
