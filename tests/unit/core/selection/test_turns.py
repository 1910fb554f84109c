"""Hypothetical trades: by hand, and against a second implementation that goes through a strategy's positions afterwards."""

from __future__ import annotations

import numpy as np
import pytest

from tests.unit.core.selection.books import market
from tradebot.core.selection import turns
from tradebot.core.selection.config import PerformanceConfig
from tradebot.core.selection.performance import HELD, LEDGER_WIDTH, TARGET, TOTAL, step_minute
from tradebot.core.state import State, state_from_bytes, state_to_bytes


def book() -> np.ndarray:
    return np.zeros(LEDGER_WIDTH)


def test_a_trade_pays_both_its_sides() -> None:
    ledger = book()
    turns.turn(ledger, 0.0, 0.5, 0.01)
    ledger[turns.OPEN_PNL] += 0.02
    turns.turn(ledger, 0.5, 0.25, 0.01)  # half of it closed: the same trade
    turns.turn(ledger, 0.25, 0.0, 0.01)
    assert (ledger[turns.WON], ledger[turns.LOST]) == (1, 0)
    assert ledger[turns.GAINS] == pytest.approx(0.02 - 0.005 - 0.0025 - 0.0025)


def test_turning_shares_the_cost_between_the_old_trade_and_the_new() -> None:
    ledger = book()
    turns.turn(ledger, 0.0, 1.0, 0.01)
    turns.turn(ledger, 1.0, -0.5, 0.01)
    assert (ledger[turns.LOST], ledger[turns.LOSSES]) == (1, pytest.approx(0.02))
    assert ledger[turns.OPEN_PNL] == pytest.approx(-0.005)


def test_forgetting() -> None:
    ledger = book()
    ledger[[turns.WON, turns.LOST, turns.GAINS, turns.LOSSES, turns.OPEN_PNL]] = 4.0, 2.0, 1.0, 3.0, 5.0
    turns.fade(ledger, 0.5)
    assert ledger[[turns.WON, turns.LOST, turns.GAINS, turns.LOSSES, turns.OPEN_PNL]].tolist() == [2.0, 1.0, 0.5, 1.5, 5.0]


@pytest.mark.parametrize(
    "config",
    [
        PerformanceConfig(cost_bps=5.0, position="sign", max_hold_bars=(0, 1, 3, 5), half_life_bars=1e12),
        PerformanceConfig(cost_bps=0.0, half_life_bars=1e12),
        PerformanceConfig(cost_bps=2.0, long_only=True, half_life_bars=1e12),
    ],
)
def test_all_that_was_earned_is_in_trades(config: PerformanceConfig) -> None:
    """Gains less losses and what is under way are the whole P&L; trades are the runs of one sign that the positions show."""
    m = market(12, sessions=4, minutes=100)
    symbols, strategies = m.signals.shape[1:]
    ledger, marks, opens = np.zeros((symbols, strategies, LEDGER_WIDTH)), np.zeros(symbols), np.full(symbols, -1)
    held = np.zeros((len(m.minute_ns), symbols, strategies))
    for t, session in enumerate(m.session_of):
        before = ledger[..., [HELD, TARGET]].copy()
        step_minute(
            ledger, marks, opens, int(m.minute_ns[t]), int(m.opens_ns[session]), int(m.closes_ns[session]), m.open[t], m.close[t],
            m.present[t], m.signals[t], m.valid[t], config,
        )  # fmt: skip
        # the position of this bar: its last bar of a session closes it within the bar
        held[t] = np.where(m.present[t][:, None], ledger[..., HELD], before[..., 0])
    won, lost, gains, losses = (ledger[..., i] for i in (turns.WON, turns.LOST, turns.GAINS, turns.LOSSES))
    np.testing.assert_allclose(gains - losses + ledger[..., turns.OPEN_PNL], ledger[..., TOTAL], rtol=1e-6, atol=1e-9)
    assert (ledger[..., turns.OPEN_PNL][ledger[..., HELD] == 0] == 0).all()
    sign = np.sign(held)
    runs = ((sign[1:] != sign[:-1]) & (sign[:-1] != 0)).sum(axis=0)
    trades = np.round(won + lost)
    assert (trades >= runs).all()  # and one more where a session's last bar opened and closed one
    assert (trades <= runs + 2 * 4).all()
    assert won.min() > 0
    assert lost.min() > 0


def test_a_snapshot_of_a_version_without_trades_goes_on() -> None:
    old = State()
    old.select(("A", "B"))
    old.remember(("one",), "three", ("calm",))
    old.selection.ledger, old.selection.marks = np.ones((2, 1, 12)), np.array([5.0, 6.0])
    state = state_from_bytes(state_to_bytes(old))
    state.remember(("one",), "three", ("calm",))
    assert state.selection.ledger.shape == (2, 1, LEDGER_WIDTH)
    state = state_from_bytes(state_to_bytes(old))
    state.select(("B", "A"))
    assert state.selection.ledger.shape == (2, 1, LEDGER_WIDTH)
    assert not state.selection.ledger.any()
    assert state.selection.marks.tolist() == [6.0, 5.0]
