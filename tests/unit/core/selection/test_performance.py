"""Hypothetical performance: the formula by hand, against a second implementation, and nothing known before its time."""

from __future__ import annotations

import numpy as np
import pytest

from tests.unit.core.selection.books import MINUTE_NS, OPEN_NS, market, slow_pnl
from tradebot.core.selection.performance import (
    BLOCK,
    HELD,
    LEDGER_WIDTH,
    M2,
    MEAN,
    N2,
    TOTAL,
    TRADES,
    N,
    PerformanceConfig,
    block_start_ns,
    performance_history,
    step_minute,
)

CONFIGS = [
    PerformanceConfig(cost_bps=0.0),
    PerformanceConfig(cost_bps=5.0, position="sign", max_hold_bars=(0, 1, 3, 5)),
    PerformanceConfig(cost_bps=2.0, long_only=True, half_life_bars=20.0, max_hold_bars=(2, 2, 0, 0)),
]


def by_hand(signals: list[float], config: PerformanceConfig, minutes: int | None = None) -> list[float]:
    """P&L of one symbol: opens 100, 100, 110, 110 and closes 100, 110, 110, 121."""
    count = len(signals)
    open_ = np.array([100.0, 100, 110, 110, 121, 121, 121, 121][:count])[:, None]
    close = np.array([100.0, 110, 110, 121, 121, 121, 121, 121][:count])[:, None]
    history = performance_history(
        OPEN_NS + np.arange(count) * MINUTE_NS, np.zeros(count, np.int64), np.array([OPEN_NS]),
        np.array([OPEN_NS + (minutes or count) * MINUTE_NS]), open_, close, np.ones((count, 1), np.bool_),
        np.array(signals, float)[:, None, None], np.ones((count, 1, 1), np.bool_), config,
    )  # fmt: skip
    return [round(x, 12) for x in history.pnl[:, 0, 0].tolist()]


def test_worked_examples() -> None:
    free, dear = PerformanceConfig(cost_bps=0.0), PerformanceConfig(cost_bps=100.0)
    assert by_hand([1, 0, 0, 0], free, 9) == [0.0, 0.1, 0.0, 0.0]
    assert by_hand([0, 1, 1, 0], free, 9) == [0.0, 0.0, 0.0, 0.1]
    assert by_hand([-1, -1, -1, 0], free, 9) == [0.0, -0.1, 0.0, -0.1]
    assert by_hand([0.5, 0, 0, 0], dear, 9) == [0.0, 0.045, -0.005, 0.0]  # bought at 1%, sold at 1%, on half
    assert by_hand([1, -1, -1, 0], dear, 9) == [0.0, 0.09, -0.02, -0.1]  # turning costs both sides
    assert by_hand([0, 0, 1, 1], dear) == [0.0, 0.0, 0.0, 0.08]  # the last bar closes at its close, and pays
    assert by_hand([-1, -1, -1, -1], PerformanceConfig(cost_bps=0.0, long_only=True)) == [0.0] * 4


def test_the_gap_before_a_fill_belongs_to_the_old_position() -> None:
    open_, close = np.array([[10.0], [10], [20], [20]]), np.array([[10.0], [10], [20], [20]])
    history = performance_history(
        OPEN_NS + np.arange(4) * MINUTE_NS, np.zeros(4, np.int64), np.array([OPEN_NS]), np.array([OPEN_NS + 9 * MINUTE_NS]),
        open_, close, np.ones((4, 1), np.bool_), np.array([[[1.0, 0]], [[0, 1]], [[0, 1]], [[0, 1]]]), np.ones((4, 1, 2), np.bool_),
        PerformanceConfig(cost_bps=0.0),
    )  # fmt: skip
    assert history.pnl[:, 0, 0].tolist() == [0, 0, 1.0, 0]  # held over the gap, though it had decided to leave
    assert history.pnl[:, 0, 1].tolist() == [0, 0, 0, 0]  # it decided before the gap and was filled after it


def test_a_maximum_hold_ends_a_position_until_the_sign_changes() -> None:
    config = PerformanceConfig(cost_bps=100.0, position="sign", max_hold_bars=(2,))
    assert by_hand([0.3, 0.4, 0.5, 0.6, 0.1, 0, 0.2, 0.2], config, 20)[2:] == [0.0, -0.01, 0.0, 0.0, 0.0, -0.01]


@pytest.mark.parametrize("config", CONFIGS, ids=["free", "sign", "long"])
@pytest.mark.parametrize("missing", [0.0, 0.1, 0.6])
def test_equals_a_second_implementation(config: PerformanceConfig, missing: float) -> None:
    m = market(3, missing=missing)
    history = m.history(config)
    for n in range(2):
        for k in range(4):
            expected = slow_pnl(m, n, k, config)
            np.testing.assert_allclose(history.pnl[:, n, k], expected, atol=1e-15)
            assert history.ledger[n, k, TOTAL] == pytest.approx(expected.sum(), abs=1e-12)


@pytest.mark.parametrize("config", CONFIGS, ids=["free", "sign", "long"])
def test_discounted_moments_are_the_weighted_ones(config: PerformanceConfig) -> None:
    m = market(4, missing=0.0)
    history = m.history(config)
    weight = config.keep() ** np.arange(len(m.minute_ns))[::-1]
    for n in range(2):
        for k in range(4):
            x, book = history.pnl[:, n, k], history.ledger[n, k]
            mean = np.average(x, weights=weight)
            assert book[[N, N2, MEAN]] == pytest.approx([weight.sum(), (weight**2).sum(), mean], rel=1e-9)
            assert book[M2] == pytest.approx((weight * (x - mean) ** 2).sum(), rel=1e-9)


def test_the_hour_runs_from_decision_minute_to_decision_minute() -> None:
    m = market(5, sessions=2, minutes=130, missing=0.0)
    history = m.history(CONFIGS[1])
    pnl, block = history.pnl[:, 0, 0], history.block[:, 0, 0]
    for first, last in [(1, 60), (61, 120), (121, 130), (131, 190)]:
        np.testing.assert_allclose(block[first : last + 1], np.cumsum(pnl[first : last + 1]), atol=1e-15)
    assert block_start_ns(OPEN_NS + 59 * MINUTE_NS, OPEN_NS) == OPEN_NS
    assert block_start_ns(OPEN_NS + 60 * MINUTE_NS, OPEN_NS) == OPEN_NS + 60 * MINUTE_NS


@pytest.mark.parametrize("config", CONFIGS, ids=["free", "sign", "long"])
def test_nothing_is_held_overnight(config: PerformanceConfig) -> None:
    m = market(6, missing=0.2)
    for session in range(1, 4):
        ledger = m.history(config, session * 130).ledger
        assert not ledger[..., HELD].any()


def test_a_last_minute_that_never_came_is_paid_for_at_the_next_session() -> None:
    config = PerformanceConfig(cost_bps=100.0)
    ledger, marks, opens = np.zeros((1, 1, LEDGER_WIDTH)), np.zeros(1), np.full(1, -1)
    one, true = np.ones(1), np.ones((1, 1), np.bool_)

    def step(minute: int, day: int, signal: float) -> float:
        start = OPEN_NS + day * 1440 * MINUTE_NS
        ends = start + 390 * MINUTE_NS
        at = start + minute * MINUTE_NS
        return float(
            step_minute(ledger, marks, opens, at, start, ends, one, one, true[0], np.array([[signal]]), true, config)[0, 0]
        )  # fmt: skip

    assert [step(0, 0, 1.0), step(1, 0, 1.0), step(2, 0, 1.0)] == [0.0, -0.01, 0.0]
    assert [step(0, 1, 0.0), step(1, 1, 0.0)] == [-0.01, 0.0]
    assert ledger[0, 0, TRADES] == 2
    assert ledger[0, 0, BLOCK] == -0.02


def test_trades_are_counted() -> None:
    m = market(7, symbols=1, strategies=1, missing=0.0)
    m.signals[:], m.valid[:] = 0.0, True
    m.signals[10:20], m.signals[20:30] = 1.0, -0.5
    m.signals[125:] = 1.0  # the next session's signals follow
    history = m.history(PerformanceConfig())
    assert history.ledger[0, 0, TRADES] == 3 + 2 + 2 + 2  # in, turn, out; to each session's end and back again


def test_holds_must_fit_the_strategies() -> None:
    with pytest.raises(ValueError, match="2 numbers for 3"):
        PerformanceConfig(max_hold_bars=(1, 2)).holds(3)
