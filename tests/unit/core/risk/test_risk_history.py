"""How symbols moved together: estimates against plain loops, memory step by step, and a universe that changes."""

from __future__ import annotations

import datetime as dt

import msgspec
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tradebot.core.domain.events import decode_hook, encode_hook
from tradebot.core.risk.history import DECAY, KNOWN, SESSIONS, SYMBOLS_MAX, UNKNOWN_GROUP, RiskHistory, estimate, groups_of, weights_of

Float = npt.NDArray[np.float64]
DAY = dt.date(2013, 10, 7)


def feed(history: RiskHistory, closes: npt.NDArray[np.int64], first: int = 0, correlation_min: float = 0.5) -> None:
    """One minute a session, (T, N) closes; 0 = no bar. The engine sees a minute before it marks to market."""
    marks = np.zeros(closes.shape[1], np.int64) if first == 0 else closes[first - 1].copy()
    for t in range(first, len(closes)):
        history.see(DAY + dt.timedelta(t), marks, closes[t] > 0, correlation_min)
        marks = np.where(closes[t] > 0, closes[t], marks)


def test_the_weights_add_up_and_fade() -> None:
    weights = weights_of(SESSIONS)
    assert weights.sum() == pytest.approx(1.0)
    assert weights[-2] / weights[-1] == pytest.approx(DECAY)


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 2**32 - 1), st.integers(KNOWN, 40), st.integers(2, 5))
def test_the_estimate_is_the_formula_written_out(seed: int, count: int, symbols: int) -> None:
    rng = np.random.default_rng(seed)
    returns = rng.normal(0, 0.02, (count, symbols)) + rng.normal(0, 0.02, (count, 1)) * rng.random()
    variances, correlation, shrinkage = estimate(returns)
    w = [DECAY ** (count - 1 - t) for t in range(count)]
    w = [x / sum(w) for x in w]
    found = [sum(w[t] * returns[t, n] ** 2 for t in range(count)) for n in range(symbols)]
    z = returns / np.sqrt(found)
    used, doubt, size = sum(x * x for x in w), 0.0, 0.0
    raw = np.eye(symbols)
    for i in range(symbols):
        for j in range(symbols):
            if i != j:
                r = sum(w[t] * z[t, i] * z[t, j] for t in range(count))
                raw[i, j] = r
                doubt += used / (1 - used) * sum(w[t] * (z[t, i] * z[t, j] - r) ** 2 for t in range(count))
                size += r * r
    d = min(max(doubt / size, 0.0), 1.0)
    np.testing.assert_allclose(variances, found, rtol=1e-12)
    assert shrinkage == pytest.approx(d, rel=1e-9)
    np.testing.assert_allclose(correlation, np.where(np.eye(symbols) > 0, 1.0, (1 - d) * raw), atol=1e-12)


def test_what_is_independent_shrinks_away_and_what_is_one_does_not() -> None:
    rng = np.random.default_rng(3)
    apart = rng.normal(0, 0.01, (60, 30))
    _, correlation, shrinkage = estimate(apart)
    assert shrinkage > 0.8
    assert np.abs(correlation[~np.eye(30, dtype=bool)]).max() < 0.2
    together = rng.normal(0, 0.01, (60, 1)) + rng.normal(0, 0.001, (60, 4))
    _, correlation, shrinkage = estimate(together)
    assert shrinkage < 0.05
    assert correlation.min() > 0.9


def test_a_symbol_that_never_moved_or_is_unknown_joins_nobody() -> None:
    rng = np.random.default_rng(4)
    returns = rng.normal(0, 0.01, (30, 4))
    returns[:, 1] = returns[:, 0]
    returns[:, 2] = 0.0
    returns[:25, 3] = np.nan
    variances, correlation, _ = estimate(returns)
    assert np.isnan(variances).tolist() == [False, False, False, True]
    assert groups_of(correlation, 0.5).tolist() == [0, 0, 2, UNKNOWN_GROUP]
    assert estimate(np.full((30, 2), np.nan))[2] == 1.0


def test_groups_are_the_connected_parts() -> None:
    chain = np.eye(5)
    for i, j in ((0, 2), (2, 4), (1, 3)):
        chain[i, j] = chain[j, i] = 0.8
    assert groups_of(chain, 0.8).tolist() == [0, 1, 0, 1, 0]
    assert groups_of(chain, 0.81).tolist() == [0, 1, 2, 3, 4]
    assert groups_of(np.full((2, 2), np.nan), 0.1).tolist() == [UNKNOWN_GROUP] * 2


def test_a_session_is_one_row_from_close_to_close_and_a_gap_is_unknown() -> None:
    history = RiskHistory()
    feed(history, np.array([[100, 200], [110, 0], [99, 180], [99, 180]]) * 100)
    np.testing.assert_allclose(history.returns, [[0.1, np.nan], [-0.1, -0.1]])
    assert history.closes.tolist() == [9900, 18000]


@settings(deadline=None, max_examples=20)
@given(st.integers(0, 2**32 - 1), st.integers(2, 90), st.integers(1, 89))
def test_the_memory_goes_on_from_bytes_as_if_it_had_never_stopped(seed: int, sessions: int, cut: int) -> None:
    rng = np.random.default_rng(seed)
    closes = np.round(10_000 * np.exp(np.cumsum(rng.normal(0, 0.02, (sessions, 3)), axis=0))).astype(np.int64)
    closes[rng.random(closes.shape) < 0.05] = 0
    closes[0] = 10_000
    whole, parts = RiskHistory(), RiskHistory()
    feed(whole, closes)
    cut = min(cut, sessions - 1)
    filled = closes.copy()
    for t in range(1, sessions):
        filled[t] = np.where(closes[t] > 0, closes[t], filled[t - 1])
    marks = np.zeros(3, np.int64)
    for t in range(sessions):
        parts.see(DAY + dt.timedelta(t), marks, closes[t] > 0, 0.5)
        marks = filled[t]
        if t == cut:
            data = msgspec.msgpack.encode(parts, enc_hook=encode_hook)
            parts = msgspec.msgpack.decode(data, type=RiskHistory, dec_hook=decode_hook)
    assert len(whole.returns) <= SESSIONS
    for name in ("returns", "closes", "traded", "groups", "variances"):
        np.testing.assert_array_equal(getattr(whole, name), getattr(parts, name), name)
    assert whole.shrinkage == parts.shrinkage


def test_symbols_that_stay_keep_what_is_known_of_them() -> None:
    rng = np.random.default_rng(5)
    common = rng.normal(0, 0.02, (30, 1))
    closes = np.round(10_000 * np.exp(np.cumsum(common + rng.normal(0, 0.002, (30, 3)), axis=0))).astype(np.int64)
    history = RiskHistory()
    feed(history, closes)
    assert history.groups.tolist() == [0, 0, 0]
    before = history.returns.copy()
    history.watch(np.array([2, -1, 1]))
    np.testing.assert_array_equal(history.returns[:, 0], before[:, 2])
    assert np.isnan(history.returns[:, 1]).all()
    assert history.known().tolist() == [True, False, True]
    assert history.groups.tolist()[1] == UNKNOWN_GROUP
    assert history.groups.tolist() == [UNKNOWN_GROUP] * 3, "their first symbol has left: unknown until the next session"
    history.watch(np.array([0, 2]))
    assert history.groups.tolist() == [UNKNOWN_GROUP] * 2


def test_a_split_makes_a_symbol_look_riskier() -> None:
    rng = np.random.default_rng(6)
    closes = np.round(10_000 * np.exp(np.cumsum(rng.normal(0, 0.01, (30, 1)), axis=0))).astype(np.int64)
    plain, split = RiskHistory(), RiskHistory()
    feed(plain, closes)
    closes[20:] //= 4
    feed(split, closes)
    assert split.variances[0] > 10 * plain.variances[0]


def test_a_universe_too_large_for_its_pairs_is_one_group() -> None:
    count = SYMBOLS_MAX + 1
    history = RiskHistory(returns=np.zeros((30, count)), closes=np.full(count, 100), traded=np.ones(count, np.bool_), session=DAY)
    history.see(DAY + dt.timedelta(1), np.full(count, 101), np.ones(count, np.bool_), 0.5)
    assert history.groups.tolist() == [UNKNOWN_GROUP] * count
    assert not history.known().any()
    assert len(history.returns) == 31
