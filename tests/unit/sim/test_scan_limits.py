"""The fast backtest's limits are the pipeline's: the same sources, compiled, in the order of LIMITS."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.contract.limit_contract import CASES, RULES, asked_and_seen
from tradebot.core.risk import exposure
from tradebot.core.risk.limits import catalogue, headroom, numbers
from tradebot.core.risk.limits.numbers import Asked, Rules, Seen
from tradebot.sim.scan import limits as compiled

units = st.integers(-(10**13), 10**13)
small = st.integers(-2, 12)
risks = st.one_of(st.floats(0, 1e9), st.just(float("nan")), st.just(float("inf")))
seen = st.builds(
    Seen, small, units, units, units, units, units, units, units, units, units, units, risks, risks, small, units,
    st.integers(-(10**9), 10**12), units, st.integers(-(10**9), 10**11), st.integers(-1, 2), st.integers(0, 3), st.integers(0, 1),
    st.integers(0, 1), st.integers(0, 10**8),
)  # fmt: skip
asked = st.builds(Asked, st.integers(-1, 10**7), st.sampled_from([1, -1]), *[st.integers(0, 10**7)] * 3)


@pytest.mark.parametrize("name", CASES)
def test_the_compiled_chain_says_what_the_tuple_says_of_every_crafted_order(name: str) -> None:
    for case in CASES[name]:
        order, world = asked_and_seen(case.changes)
        assert compiled.broken_limit(order, world, RULES) == catalogue.broken_limit(order, world, RULES), case


def test_each_limit_stands_at_its_place() -> None:
    """Each limit alone, all others off: its crafted orders bring up its own place."""
    reached = {catalogue.broken_limit(*asked_and_seen(case.changes), RULES) for cases in CASES.values() for case in cases}
    assert len(reached) > 20
    order = [limit.breaks.__name__ for limit in catalogue.LIMITS]
    source = compiled.broken_limit.py_func.__code__.co_names  # type: ignore[attr-defined]
    assert [name.removeprefix("_") for name in source] == order


@settings(max_examples=400, deadline=None)
@given(asked, seen)
def test_the_compiled_chain_says_what_the_tuple_says_of_any_order(order: Asked, world: Seen) -> None:
    assert compiled.broken_limit(order, world, RULES) == catalogue.broken_limit(order, world, RULES)


@settings(deadline=None)
@given(seen, st.floats(0, 1), st.integers(1, 10**9), st.integers(0, 10**9), st.sampled_from([1, -1]), st.floats(0.0001, 0.5))
def test_what_surrounds_the_chain_is_the_same_too(world: Seen, below: float, price: int, limit: int, sign: int, collar: float) -> None:
    room = headroom.least_headroom(world, RULES)
    assert compiled.least_headroom(world, RULES) == room
    assert compiled.size_scale(room, below) == headroom.size_scale(room, below)
    assert compiled.worst_units(price, limit, sign, collar) == numbers.worst_units(price, limit, sign, collar)
    assert compiled.lent_units(price, 1.0 + below) == exposure.lent_units(price, 1.0 + below)


def test_rules_are_numbers_alone() -> None:
    assert all(isinstance(value, int | float) for value in Rules(*RULES))
