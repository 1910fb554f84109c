from __future__ import annotations

from tradebot.sim.costs import VenueCosts


def test_each_fee_is_rounded_up_to_a_cent() -> None:
    costs = VenueCosts(sec_fee_usd_per_million=17.40, taf_usd_per_share=0.000119)
    assert costs.session_fee_units(0, 0) == 0
    assert costs.session_fee_units(1_000_000 * 10_000, 10_000) == 174_000 + 11_900
    assert costs.session_fee_units(1, 1) == 100 + 100  # a trace of either costs a cent


def test_rates_are_the_decimals_that_were_written() -> None:
    exact = VenueCosts(sec_fee_usd_per_million=0.1, taf_usd_per_share=0.0)
    assert exact.session_fee_units(1_000_000 * 10_000 * 10, 0) == 10_000  # one dollar, not one dollar and a cent


def test_borrow_is_by_the_night_of_a_year_of_360_days() -> None:
    costs = VenueCosts(borrow_bps_per_year=36)
    assert costs.borrow_units(10**10, 1) == 100_000  # ten dollars a night on a million
    assert costs.borrow_units(10**10, 3) == 300_000
    assert costs.borrow_units(1, 1) == 100
    assert VenueCosts().borrow_units(10**10, 1) == 0
