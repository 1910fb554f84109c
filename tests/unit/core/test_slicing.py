"""Schedules, curves and slices: never more than the parent, all of it at the end, the same whichever way the time was cut."""

from __future__ import annotations

import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tradebot.core.domain.orders import Bracket, OrderIntent, Role, Side
from tradebot.core.domain.units import NS_PER_MINUTE
from tradebot.core.execution.order_type import AT_MARKET
from tradebot.core.execution.slicing import Parent, SlicingConfig, is_over, schedule, shares_due, slice_of
from tradebot.core.execution.volume_curve import ALPHA, BINS, expected_volume, new_curve, volume_step

NOW = 1_000 * NS_PER_MINUTE
volumes = st.lists(st.floats(0, 1e9), min_size=10, max_size=10)


def parent(qty: int, due: tuple[int, ...]) -> Parent:
    whole = OrderIntent("d-AAA-entry", "d", "AAA", Side.BUY, qty, Role.ENTRY, "", 10_000, NOW, bracket=Bracket(9_000, 12_000))
    return Parent(whole, due)


def test_twap_by_hand() -> None:
    assert schedule(10, SlicingConfig(mode="twap", minutes=4), ()) == (2, 5, 7, 10)


def test_vwap_by_hand_and_twap_where_the_volumes_are_not_known() -> None:
    config = SlicingConfig(mode="vwap", minutes=4)
    assert schedule(100, config, (10, 20, 30, 40)) == (10, 30, 60, 100)
    for unknown in ((), (1.0, math.nan, 1.0, 1.0), (0.0, 0.0, 0.0, 0.0)):
        assert schedule(100, config, unknown) == (25, 50, 75, 100)


@given(st.integers(1, 10**6), st.sampled_from(("at_once", "twap", "vwap")), volumes)
def test_a_schedule_never_falls_and_ends_with_all(qty: int, mode: str, expected: list[float]) -> None:
    due = schedule(qty, SlicingConfig(mode=mode, minutes=10), expected)  # type: ignore[arg-type]
    assert len(due) == 10
    assert list(due) == sorted(due)
    assert due[0] >= 0 and due[-1] == qty


@given(st.integers(1, 10_000), volumes, st.lists(st.tuples(st.integers(0, 3), st.floats(0, 5_000)), max_size=30))
def test_slices_never_add_up_to_more_and_catch_up_after_a_gap(qty: int, expected: list[float], steps: list[tuple[int, float]]) -> None:
    config = SlicingConfig(mode="vwap", minutes=10, participation_max=0.5)
    one, now, sent, keys = parent(qty, schedule(qty, config, expected)), NOW, 0, set()
    for gap, volume in steps:
        now += gap * NS_PER_MINUTE
        shares = shares_due(one, now, config.participation_max, volume)
        assert shares <= volume * 0.5
        if shares:
            child = slice_of(one, shares, 10_000, AT_MARKET, now)
            sent += child.qty
            keys.add(child.client_order_id)
            assert (child.parent_id, child.parent_qty) == ("d-AAA-entry", qty)
        assert sent == one.sent <= one.due[min((now - NOW) // NS_PER_MINUTE, 9)]
    assert len(keys) == one.slices
    assert is_over(one, now) == (sent == qty or now - NOW >= 10 * NS_PER_MINUTE)


def test_without_a_cap_all_is_sent_at_the_end_of_the_schedule() -> None:
    one = parent(7, schedule(7, SlicingConfig(mode="twap", minutes=3), ()))
    sent = []
    for k in range(3):
        if shares := shares_due(one, NOW + k * NS_PER_MINUTE, 1.0, math.nan):
            sent.append(slice_of(one, shares, 10_000, AT_MARKET, NOW).qty)
    assert sent == [2, 2, 3]
    assert is_over(one, NOW + 2 * NS_PER_MINUTE)


def test_an_unknown_volume_lets_nothing_past_a_cap() -> None:
    assert shares_due(parent(7, (7, 7)), NOW, 0.1, math.nan) == 0
    assert shares_due(parent(7, (7, 7)), NOW, 0.1, 39.0) == 3


def test_a_volume_curve_is_an_exponential_mean_of_its_own_five_minutes() -> None:
    curve = new_curve(2)
    for volume in (100, 200, 50):
        volume_step(curve, 7, np.array([volume, 0]))
    mean = 100.0
    for volume in (200, 50):
        mean += ALPHA * (volume - mean)
    assert expected_volume(curve, 5).tolist() == [mean, 0.0]
    assert np.isnan(expected_volume(curve, 4)).all()
    volume_step(curve, 389, np.array([5, 5]))
    volume_step(curve, 500, np.array([9, 9]))
    assert curve[:, BINS - 1].tolist() == [5 + ALPHA * 4] * 2


@given(st.lists(st.tuples(st.integers(0, 389), st.integers(0, 10**9)), max_size=60), st.integers(0, 60))
def test_a_curve_goes_on_from_its_bytes(steps: list[tuple[int, int]], cut: int) -> None:
    whole, half = new_curve(1), new_curve(1)
    for index, volume in steps:
        volume_step(whole, index, np.array([volume]))
    for index, volume in steps[:cut]:
        volume_step(half, index, np.array([volume]))
    half = np.frombuffer(half.tobytes()).reshape(half.shape).copy()
    for index, volume in steps[cut:]:
        volume_step(half, index, np.array([volume]))
    assert half.tobytes() == whole.tobytes()
