from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradebot.learning.evidence.inputs import Target, Trades
from tradebot.learning.evidence.targets import achievement, cost_sensitivity, drawdown_max, total_return, trade_figures

DAILY = st.lists(st.floats(-0.2, 0.2), min_size=1, max_size=60).map(np.array)


def test_windows_that_reach_the_target() -> None:
    target = Target(return_fraction=0.05, window_sessions=2)
    net = np.array([0.0, 0.05, 0.0, 0.0, 0.025, 0.025])  # windows: 5%, 5%, 0, 2.5%, 5.06%
    assert achievement(net, target) == pytest.approx(3 / 5)
    assert achievement(net[:1], target) is None
    assert achievement(np.array([-1.0, 0.5]), target) == 0.0


@given(DAILY)
def test_achievement_is_what_a_loop_counts(net: np.ndarray[tuple[int], np.dtype[np.float64]]) -> None:
    target = Target(return_fraction=0.03, window_sessions=3)
    if len(net) < 3:
        assert achievement(net, target) is None
        return
    windows = [np.prod(1.0 + net[n : n + 3]) - 1.0 for n in range(len(net) - 2)]
    if min(abs(w - 0.03) for w in windows) > 1e-9:
        assert achievement(net, target) == pytest.approx(np.mean([w >= 0.03 for w in windows]))


@given(DAILY)
def test_drawdown_is_what_a_loop_finds(net: np.ndarray[tuple[int], np.dtype[np.float64]]) -> None:
    equity, peak, worst = 1.0, 1.0, 0.0
    for r in net:
        equity *= 1.0 + r
        peak = max(peak, equity)
        worst = max(worst, 1.0 - equity / peak)
    assert drawdown_max(net) == pytest.approx(worst, abs=1e-12)
    assert total_return(net) == pytest.approx(equity - 1.0)


def test_nothing_traded_is_nothing_lost() -> None:
    assert (drawdown_max(np.zeros(0)), total_return(np.zeros(0))) == (0.0, 0.0)


def test_cost_at_half_one_and_two() -> None:
    half, one, two = cost_sensitivity(net=np.array([0.01, -0.02]), gross=np.array([0.02, -0.01]))
    assert [case.multiple for case in (half, one, two)] == [0.5, 1.0, 2.0]
    assert half.total_fraction == pytest.approx(1.015 * 0.985 - 1)
    assert one.total_fraction == pytest.approx(1.01 * 0.98 - 1)
    assert two.total_fraction == pytest.approx(1.0 * 0.97 - 1)
    assert two.annual_fraction == pytest.approx(-0.015 * 252)


def test_trades_net_of_cost() -> None:
    zeros = np.zeros(3)
    trades = Trades(
        symbol_of=np.zeros(3, np.int64),
        entry_ns=np.zeros(3, np.int64),
        exit_ns=np.ones(3, np.int64),
        notional_usd=zeros + 1000,
        gross_usd=np.array([10.0, 2.0, -5.0]),
        spread_usd=zeros + 1.0,
        fees_usd=zeros + 0.5,
        impact_usd=zeros + 0.25,
        borrow_usd=zeros + 0.25,
        side=np.ones(3, np.int64),
    )
    found = trade_figures(trades)
    assert (found.trades, found.win_rate) == (3, pytest.approx(1 / 3))
    assert (found.win_mean_usd, found.loss_mean_usd) == (8.0, -3.5)
    assert found.gross_usd - found.spread_usd - found.fees_usd - found.impact_usd - found.borrow_usd == found.net_usd == 1.0
