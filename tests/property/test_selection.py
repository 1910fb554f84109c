"""Selection: scan equals steps, a prefix gives a prefix, and a snapshot continues bit for bit, in every mode."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.core.selection.books import Market, market
from tradebot.core.domain.events import decode_hook, encode_hook
from tradebot.core.selection.config import BanditConfig, EvidenceConfig, PerformanceConfig, SelectionConfig
from tradebot.core.selection.memory import SelectionState, new_selection
from tradebot.core.selection.performance import LEDGER_WIDTH, step_minute
from tradebot.core.selection.selector import Selection, select

REGIMES = 3
ENCODER = msgspec.msgpack.Encoder(enc_hook=encode_hook)
DECODER = msgspec.msgpack.Decoder(SelectionState, dec_hook=decode_hook)
MODES = ("meta", "bandit", "performance", "ensemble", "regime")

performances = st.builds(
    PerformanceConfig,
    position=st.sampled_from(["graded", "sign"]),
    long_only=st.booleans(),
    cost_bps=st.sampled_from([0.0, 1.5, 50.0]),
    half_life_bars=st.sampled_from([5.0, 200.0]),
    max_hold_bars=st.sampled_from([(), (0, 1, 5, 60)]),
)
configs = st.builds(
    SelectionConfig,
    mode=st.sampled_from(MODES),
    performance=performances,
    evidence=st.just(EvidenceConfig(bars_min=10, trades_min=2, t_scale=1)),
    bandit=st.builds(BanditConfig, kind=st.sampled_from(["thompson", "ucb_tuned", "ucb_discounted"]), discount=st.just(0.9)),
)
markets = st.builds(
    market,
    st.integers(0, 2**32),
    minutes=st.sampled_from([3, 61, 75, 130]),
    symbols=st.sampled_from([1, 3]),
    missing=st.sampled_from([0.0, 0.1, 0.9]),
)


@settings(max_examples=40, deadline=None)
@given(markets, performances, st.floats(0, 1))
def test_performance_scan_equals_steps_and_a_prefix_gives_a_prefix(m: Market, config: PerformanceConfig, part: float) -> None:
    history = m.history(config)
    _, symbols, strategies = m.signals.shape
    ledger, marks, opens = np.zeros((symbols, strategies, LEDGER_WIDTH)), np.zeros(symbols), np.full(symbols, -1)
    for t, minute_ns in enumerate(m.minute_ns):
        s = m.session_of[t]
        pnl = step_minute(
            ledger, marks, opens, int(minute_ns), int(m.opens_ns[s]), int(m.closes_ns[s]),
            m.open[t], m.close[t], m.present[t], m.signals[t], m.valid[t], config,
        )  # fmt: skip
        assert pnl.tobytes() == history.pnl[t].tobytes()
    upto = int(part * len(m.minute_ns))
    assert m.history(config, upto).pnl.tobytes() == history.pnl[:upto].tobytes()
    assert m.history(config, upto).block.tobytes() == history.block[:upto].tobytes()


@dataclasses.dataclass
class Views:
    """What other stages say: regimes, their weights, and a selector that is sometimes silent."""

    regime: np.ndarray
    regime_weights: np.ndarray
    probabilities: np.ndarray


def views(m: Market, seed: int) -> Views:
    random = np.random.default_rng(seed)
    count, symbols, strategies = m.signals.shape
    regime = np.repeat(random.integers(-1, REGIMES, (-(-count // 20), symbols)), 20, axis=0)[:count]
    table = random.random((REGIMES + 1, strategies)) * (random.random((REGIMES + 1, strategies)) < 0.7)
    probabilities = random.dirichlet(np.ones(strategies + 1), (count, symbols))
    probabilities[random.random((count, symbols)) < 0.3] = np.nan
    return Views(regime, table[regime], probabilities)


def run(state: SelectionState, m: Market, v: Views, minutes: Iterable[int], config: SelectionConfig) -> list[Selection]:
    out = []
    for t in minutes:
        s = m.session_of[t]
        out.append(
            select(
                state, int(m.minute_ns[t]), int(m.opens_ns[s]), int(m.closes_ns[s]), m.open[t], m.close[t], m.present[t],
                m.signals[t], m.valid[t], v.regime[t], v.regime_weights[t], v.probabilities[t], config,
            )
        )  # fmt: skip
    return out


def new(m: Market) -> SelectionState:
    return new_selection(m.signals.shape[1], m.signals.shape[2], REGIMES)


def same(one: list[Selection], other: list[Selection]) -> bool:
    return all(
        getattr(a, f.name).tobytes() == getattr(b, f.name).tobytes()
        for a, b in zip(one, other, strict=True)
        for f in dataclasses.fields(Selection)
    )


@settings(max_examples=60, deadline=None)
@given(markets, configs, st.integers(0, 99), st.floats(0, 1))
def test_a_restored_snapshot_continues_bit_for_bit(m: Market, config: SelectionConfig, seed: int, part: float) -> None:
    v, count = views(m, seed), len(m.minute_ns)
    t = int(part * count)
    state = new(m)
    whole = run(state, m, v, range(count), config)
    half = new(m)
    run(half, m, v, range(t), config)
    restored = DECODER.decode(ENCODER.encode(half))
    assert same(whole[t:], run(restored, m, v, range(t, count), config))
    assert ENCODER.encode(restored) == ENCODER.encode(state)


@settings(max_examples=60, deadline=None)
@given(markets, configs, st.integers(0, 99))
def test_what_is_always_true(m: Market, config: SelectionConfig, seed: int) -> None:
    v = views(m, seed)
    for t, said in enumerate(run(new(m), m, v, range(len(m.minute_ns)), config)):
        assert (said.weights >= 0).all()
        assert (said.weights.sum(axis=1) <= 1 + 1e-12).all()
        assert (np.abs(said.forecast) <= 1).all()
        assert not said.valid[~m.present[t]].any()
        assert not said.forecast[~said.valid].any()
        assert not said.weights[~said.valid].any()
        assert not said.weights[(v.regime_weights[t] <= 0)].any()
        total = said.propensities.sum(axis=1)
        assert np.allclose(total[said.chosen >= 0], 1.0)
        assert not total[said.chosen < 0].any()
        parts = np.abs(said.weights * np.where(m.valid[t], m.signals[t], 0.0))
        assert (parts[np.arange(len(parts)), said.leading][said.leading >= 0] > 0).all()


@pytest.mark.parametrize("mode", MODES)
def test_symbols_do_not_see_each_other(mode: str) -> None:
    """The bandit's memory is shared, but nothing has been learned in the first hour."""
    m, config = market(5, symbols=3, minutes=75), SelectionConfig(mode=mode)  # type: ignore[arg-type]
    v, first = views(m, 1), slice(0, 1)
    one = dataclasses.replace(m, **{name: getattr(m, name)[:, first] for name in ("open", "close", "present", "signals", "valid")})
    minutes = range(60 if mode == "bandit" else len(m.minute_ns))
    alone = Views(v.regime[:, first], v.regime_weights[:, first], v.probabilities[:, first])
    for a, b in zip(run(new(m), m, v, minutes, config), run(new(one), one, alone, minutes, config), strict=True):
        assert a.forecast[first].tobytes() == b.forecast.tobytes()
        assert a.weights[first].tobytes() == b.weights.tobytes()
