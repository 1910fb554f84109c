"""Square-root impact and the tables that it reads: worked numbers, its shape, and nothing of the future."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.sim.markets import random_bars, sessions
from tradebot.core.domain.bars import market_grid
from tradebot.sim.impact import CROSSOVER, LOOK_BACK_SESSIONS, impact_tables, impact_tables_of, impact_units

TABLE = sessions(26, minutes=20)


@pytest.mark.parametrize(
    ("qty", "expected"),
    [
        (10_000, 700),  # 50 dollars * 0.7 * 2 % * sqrt(1 %) = 7 cents
        (1_000, 222),  # at the crossover: 50 * 0.7 * 0.02 * sqrt(0.001) = 0.02214
        (100, 23),  # linear below it: a tenth of 0.02214, rounded up
        (1, 1),
        (0, 0),
    ],
)
def test_worked_numbers(qty: int, expected: int) -> None:
    assert impact_units(500_000, qty, 0.02, 1e6, 0.7) == expected


@pytest.mark.parametrize(("sigma", "adv", "y"), [(0.0, 1e6, 0.7), (0.02, 0.0, 0.7), (0.02, 1e6, 0.0), (math.nan, 1e6, 0.7)])
def test_where_the_past_says_nothing_there_is_none(sigma: float, adv: float, y: float) -> None:
    assert impact_units(500_000, 100, sigma, adv, y) == 0


@given(st.integers(1, 10**6), st.integers(1, 10**5), st.floats(0.001, 0.2), st.floats(1e3, 1e9))
def test_more_shares_never_cost_less_and_small_orders_pay_less_than_the_root(qty: int, more: int, sigma: float, adv: float) -> None:
    one, other = impact_units(1_000_000, qty, sigma, adv, 1.0), impact_units(1_000_000, qty + more, sigma, adv, 1.0)
    assert 0 < one <= other
    assert one <= 1_000_000 * sigma * math.sqrt(qty / adv) + 1
    if qty / adv > CROSSOVER:
        assert one >= 1_000_000 * sigma * math.sqrt(qty / adv) - 1e-6


def test_tables_are_of_past_sessions_only_and_the_same_from_histories_and_grid() -> None:
    histories = {name: random_bars(name, TABLE, seed) for seed, name in enumerate(("A", "B"))}
    tables = impact_tables(histories, TABLE.sessions)
    of_grid = impact_tables_of(market_grid(list(histories.values()), TABLE.sessions))
    np.testing.assert_array_equal(tables.adv_shares, of_grid.adv_shares)
    np.testing.assert_array_equal(tables.sigma_day_fraction, of_grid.sigma_day_fraction)
    assert (tables.adv_shares[0] == 0).all()
    assert (tables.sigma_day_fraction[:2] == 0).all()  # one close is no return

    bars, last = histories["B"], len(TABLE.sessions) - 1
    days = [(bars.minute_ns >= s.open_ns) & (bars.minute_ns < s.close_ns) for s in TABLE.sessions]
    volume = [bars.volume[day].sum() for day in days]
    close = np.array([bars.close[day][-1] for day in days], np.float64)
    assert tables.adv_shares[last, 1] == np.mean(volume[last - LOOK_BACK_SESSIONS : last])
    returns = (close[1:] / close[:-1] - 1.0)[last - 1 - LOOK_BACK_SESSIONS : last - 1]
    assert tables.sigma_day_fraction[last, 1] == pytest.approx(math.sqrt(np.mean(returns**2)), rel=1e-12)


def test_a_changed_session_changes_no_session_up_to_itself() -> None:
    bars = random_bars("A", TABLE, 3)
    changed = bars.close.copy()
    changed[bars.minute_ns >= TABLE.sessions[10].open_ns] *= 2
    before = impact_tables({"A": bars}, TABLE.sessions)
    after = impact_tables({"A": type(bars)("A", bars.minute_ns, bars.open, bars.high, bars.low, changed, bars.volume)}, TABLE.sessions)
    np.testing.assert_array_equal(before.sigma_day_fraction[:11], after.sigma_day_fraction[:11])
    assert after.sigma_day_fraction[11, 0] > before.sigma_day_fraction[11, 0]
