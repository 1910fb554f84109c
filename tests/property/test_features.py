"""Features: scan equals steps bit for bit, a prefix of the data gives a prefix of the result, and the values are right."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from tradebot.core.domain.bars import MarketGrid
from tradebot.core.domain.session import Session
from tradebot.core.domain.units import NS_PER_MINUTE
from tradebot.core.features import catalogue
from tradebot.core.features.catalogue import FEATURE_COUNT, FEATURES, scan_features
from tradebot.core.features.rows import grid_rows

DAY_NS = 86_400 * 10**9
OPEN_NS = 1_381_325_400 * 10**9  # 2013-10-09 09:30 New York


def grid(seed: int, *, sessions: int = 3, minutes: int = 390, symbols: int = 2, price_usd: float = 100.0, gaps: float = 0.1) -> MarketGrid:
    """Random walks with missing minutes, constant stretches and zero volume."""
    rng = np.random.default_rng(seed)
    shape = (sessions * minutes, symbols)
    close = price_usd * np.exp(np.cumsum(rng.normal(0, 0.001, shape) * (rng.random(shape) > 0.2), axis=0))
    open_ = close * np.exp(rng.normal(0, 0.0005, shape))
    prices = [open_, np.maximum(open_, close) * 1.0003, np.minimum(open_, close) * 0.9997, close]
    o, h, low, c = (np.maximum(1, np.round(p * 10_000)).astype(np.int64) for p in prices)
    days = tuple(
        Session(dt.date(2013, 10, 9) + dt.timedelta(i), OPEN_NS + i * DAY_NS, OPEN_NS + i * DAY_NS + minutes * NS_PER_MINUTE)
        for i in range(sessions)
    )
    stamps = np.concatenate([np.arange(s.open_ns, s.close_ns, NS_PER_MINUTE) for s in days])
    volume = (rng.integers(0, 5000, shape) * (rng.random(shape) > 0.05)).astype(np.int64)
    present = rng.random(shape) > gaps
    return MarketGrid(
        tuple(f"S{n}" for n in range(symbols)), stamps, np.repeat(np.arange(sessions), minutes), days, o, h, low, c, volume, present
    )  # fmt: skip


def steps(g: MarketGrid, state: np.ndarray, rows: range) -> np.ndarray:
    """What live would compute: one call a minute."""
    out, seen = np.empty((len(rows), len(g.symbols), FEATURE_COUNT)), np.zeros(len(g.symbols), np.int64)
    for i, t in enumerate(rows):
        catalogue.step_minute(state, grid_rows(g, t, t + 1)[0], g.present[t], out[i], seen)
    return out


def upto(g: MarketGrid, t: int) -> MarketGrid:
    return MarketGrid(
        g.symbols, g.minute_ns[:t], g.session_of[:t], g.sessions, g.open[:t], g.high[:t], g.low[:t], g.close[:t], g.volume[:t],
        g.present[:t],
    )  # fmt: skip


walks = st.builds(
    grid,
    st.integers(0, 2**32),
    minutes=st.sampled_from([7, 60, 390]),
    price_usd=st.sampled_from([1e-3, 0.5, 14.0, 180.0, 1e5]),
    gaps=st.sampled_from([0.0, 0.1, 0.9]),
)


@settings(max_examples=30, deadline=None)
@given(walks)
def test_scan_equals_steps_bit_for_bit(g: MarketGrid) -> None:
    scanned, _ = scan_features(g)
    assert scanned.tobytes() == steps(g, catalogue.new_state(len(g.symbols)), range(len(g.minute_ns))).tobytes()


@settings(max_examples=30, deadline=None)
@given(walks, st.floats(0, 1))
def test_a_prefix_of_the_data_gives_a_prefix_of_the_result(g: MarketGrid, part: float) -> None:
    t = int(part * len(g.minute_ns))
    whole, valid = scan_features(g)
    head, head_valid = scan_features(upto(g, t))
    assert whole[:t].tobytes() == head.tobytes()
    assert valid[:t].tobytes() == head_valid.tobytes()


@settings(max_examples=15, deadline=None)
@given(walks, st.floats(0, 1))
def test_a_restored_memory_continues_bit_for_bit(g: MarketGrid, part: float) -> None:
    t = int(part * len(g.minute_ns))
    whole, _ = scan_features(g)
    state = catalogue.new_state(len(g.symbols))
    steps(g, state, range(t))
    restored = np.frombuffer(state.tobytes()).reshape(state.shape).copy()
    assert whole[t:].tobytes() == steps(g, restored, range(t, len(g.minute_ns))).tobytes()


def test_two_starts_agree_to_float32_after_the_declared_warm_up() -> None:
    g = grid(7, gaps=0.0)
    whole, _ = scan_features(g)
    late = steps(g, catalogue.new_state(2), range(390, len(g.minute_ns)))
    for f, feature in enumerate(FEATURES):
        ours, theirs = whole[390 + feature.warm_up_bars :, :, f], late[feature.warm_up_bars :, :, f]
        scale = np.abs(ours).max()
        assert np.abs(ours - theirs).max() <= np.finfo(np.float32).eps * scale, feature.name


def test_values_agree_with_pandas() -> None:
    g = grid(11, symbols=1, gaps=0.0)
    values, _ = scan_features(g)
    got = {f.name: values[:, 0, i] for i, f in enumerate(FEATURES)}
    o, h, low, c = (pd.Series(x[:, 0] / 10_000) for x in (g.open, g.high, g.low, g.close))
    v, session = pd.Series(g.volume[:, 0].astype(float)), pd.Series(g.session_of)
    typical = (h + low + c) / 3
    traded = v.groupby(session).cumsum()
    vwap = ((typical * v).groupby(session).cumsum() / traded).where(traded > 0, typical)
    macd = c.ewm(span=12, adjust=False).mean() - c.ewm(span=26, adjust=False).mean()
    signal = macd.ewm(span=9, adjust=False).mean()
    expected = {
        "open": o, "high": h, "low": low, "close": c, "volume": v, "typical_price": typical, "vwap": vwap,
        "vwap_deviation": (c - vwap) / vwap, "macd": macd, "macd_signal": signal, "macd_hist": macd - signal,
        "open_rel": o / c - 1, "high_rel": h / c - 1, "low_rel": low / c - 1, "typical_rel": typical / c - 1,
        "return_1m": np.log(c / c.shift()), "macd_rel": macd / c, "macd_signal_rel": signal / c,
        "macd_hist_rel": (macd - signal) / c, "volume_ratio_ema20": v / v.ewm(span=20, adjust=False).mean(),
    }  # fmt: skip
    assert set(expected) == set(got)
    for feature in FEATURES:
        warm = feature.warm_up_bars - 1
        assert np.isnan(got[feature.name][:warm]).all(), feature.name
        np.testing.assert_allclose(
            got[feature.name][warm:], expected[feature.name].to_numpy()[warm:], rtol=1e-9, atol=1e-12, err_msg=feature.name
        )


def test_scale_free_features_do_not_see_the_price_level() -> None:
    g = grid(3, symbols=1, gaps=0.0)
    tenfold = MarketGrid(
        g.symbols, g.minute_ns, g.session_of, g.sessions, g.open * 10, g.high * 10, g.low * 10, g.close * 10, g.volume, g.present
    )  # fmt: skip
    one, ten = scan_features(g)[0], scan_features(tenfold)[0]
    for f, feature in enumerate(FEATURES):
        if feature.scale_free:
            np.testing.assert_allclose(one[:, :, f], ten[:, :, f], rtol=1e-6, atol=1e-9, err_msg=feature.name)


def test_a_long_silence_starts_the_memory_anew() -> None:
    g = grid(5, sessions=2, symbols=1, gaps=0.0)
    later = tuple(Session(s.date, s.open_ns + i * 30 * DAY_NS, s.close_ns + i * 30 * DAY_NS) for i, s in enumerate(g.sessions))
    parted = MarketGrid(g.symbols, g.minute_ns, g.session_of, later, g.open, g.high, g.low, g.close, g.volume, g.present)
    values, valid = scan_features(parted)
    second = MarketGrid(
        g.symbols, g.minute_ns[390:], np.zeros(390, np.int64), later[1:], g.open[390:], g.high[390:], g.low[390:], g.close[390:],
        g.volume[390:], g.present[390:],
    )  # fmt: skip
    assert values[390:].tobytes() == scan_features(second)[0].tobytes()
    assert not valid[390:779].any()
