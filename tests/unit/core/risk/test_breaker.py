"""The breaker's numbers: what moves the high-water mark, what trips, what a change loosens."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tradebot.core.risk.breaker import DAY_LOSS, DRAWDOWN, HOLDS, BreakerConfig, higher, loosened, tripped

units = st.integers(-(10**13), 10**13)


@given(units, st.lists(units, max_size=20))
def test_the_mark_never_falls_and_no_equity_that_is_not_positive_moves_it(mark: int, equities: list[int]) -> None:
    mark = higher(0, mark)
    for equity in equities:
        moved = higher(mark, equity)
        assert moved >= mark
        if equity <= mark or equity <= 0:
            assert moved == mark
        mark = moved


def test_no_equity_at_all_is_a_mark_of_nothing() -> None:
    assert [higher(0, equity) for equity in (0, -1, 5)] == [0, 0, 5]


def test_what_trips_at_its_boundary() -> None:
    kill = (True, 0.02, 0.10)
    assert tripped(98_000_001, 100_000_000, 100_000_000, *kill) == HOLDS
    assert tripped(98_000_000, 100_000_000, 100_000_000, *kill) == DAY_LOSS
    assert tripped(98_000_000, 100_000_000, 100_000_000, False, 0.02, 0.10) == HOLDS
    assert tripped(90_000_001, 90_000_001, 100_000_000, *kill) == HOLDS
    assert tripped(90_000_000, 90_000_000, 100_000_000, *kill) == DRAWDOWN
    assert tripped(90_000_000, 95_000_000, 100_000_000, *kill) == DAY_LOSS  # the heavier of the two


def test_before_the_first_session_nothing_trips_and_an_account_that_lost_all_does() -> None:
    assert tripped(0, 0, 0, True, 0.02, 0.10) == HOLDS
    assert tripped(-1, 0, 100, True, 0.02, 1.0) == DRAWDOWN


def test_what_a_change_loosens() -> None:
    strict, wide = BreakerConfig(day_loss="kill", drawdown_fraction_max=0.1), BreakerConfig(drawdown_fraction_max=0.2)
    assert loosened(strict, wide) == ("breaker.day_loss: kill -> refuse", "breaker.drawdown_fraction_max: 0.1 -> 0.2")
    assert loosened(wide, strict) == loosened(strict, strict) == ()
