"""The whole catalogue: scan equals steps, a prefix gives a prefix, a snapshot goes on, two starts agree, values keep their promises."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.property.bars import DAY_NS, HOSTILE, grid
from tradebot.core.domain.bars import MarketGrid
from tradebot.core.domain.session import Session
from tradebot.core.features import catalogue
from tradebot.core.features.catalogue import (
    FAMILIES,
    FEATURE_COUNT,
    FEATURES,
    column_index,
    families_of,
    family_of,
    new_state,
    scan_features,
    scan_sessions,
    step_minute,
)
from tradebot.core.features.rows import grid_rows
from tradebot.core.features.sets import SETS
from tradebot.learning.proofs.prove import choose_sessions, prove

SEED_NAMES = (
    "price_change", "price_change_1m", "price_change_3m", "price_change_5m", "price_change_15m", "volatility_3m", "volatility_5m",
    "volatility_15m", "vol_of_vol", "volume_ratio", "volume_imbalance", "volume_change", "momentum_3m", "momentum_5m", "momentum_15m",
    "momentum_acceleration", "sma_3", "sma_10", "trend_3_10", "signal_strength", "hour", "day_of_week", "kyle_lambda",
    "amihud_illiquidity", "net_buying_pressure", "open", "high", "low", "close", "volume", "typical_price", "vwap", "vwap_deviation",
    "macd", "macd_signal", "macd_hist",
)  # fmt: skip

walks = st.builds(
    grid,
    st.integers(0, 2**32),
    minutes=st.sampled_from([7, 60, 210, 390]),
    price_usd=st.sampled_from([1e-4, 1e-3, 0.5, 14.0, 180.0, 1e5]),
    gaps=st.sampled_from([0.0, 0.1, 0.9]),
)


@settings(max_examples=25, deadline=None)
@given(walks, st.integers(0, 2**32))
def test_all_proofs_hold_on_random_bars(g: MarketGrid, seed: int) -> None:
    proof = prove([g], seed=seed)
    assert proof.difference is None, proof.difference
    assert proof.sessions == len(g.sessions)


@pytest.mark.parametrize("name", HOSTILE)
def test_all_proofs_hold_on_hostile_bars(name: str) -> None:
    proof = prove([HOSTILE[name]()])
    assert proof.difference is None, proof.difference
    assert sorted(proof.compared.values())[1] > 0  # a session of one bar has no prefix


def test_all_proofs_hold_over_200_000_bars_through_every_warm_up() -> None:
    g = grid(17, sessions=513, minutes=390, symbols=1, gaps=0.0)
    assert g.present.sum() > 200_000
    proof = prove([g], replay=choose_sessions(g.dates(), 4))
    assert proof.difference is None, proof.difference
    assert proof.bars == g.present.sum()
    assert len(proof.replayed) == 4


def test_memory_is_bounded_by_sessions_not_by_history() -> None:
    sizes = {values.nbytes for _, values, _ in scan_sessions(grid(3, sessions=6, symbols=2))}
    assert sizes == {390 * 2 * FEATURE_COUNT * 8}


def test_threads_change_nothing() -> None:
    g = grid(5, sessions=1, minutes=64, symbols=600)
    rows, out, seen = grid_rows(g, 0, 64), np.empty((600, FEATURE_COUNT)), np.zeros(600, np.int64)
    shared = new_state(600)
    for t in range(64):
        step_minute(shared, rows[t], g.present[t], out, seen)
    alone = new_state(600)
    for n in range(600):
        part, heard = np.empty((1, FEATURE_COUNT)), np.zeros(1, np.int64)
        for t in range(64):
            step_minute(alone[n : n + 1], rows[t, n : n + 1], g.present[t, n : n + 1], part, heard)
        of_one = FEATURE_COUNT - 2 * len(catalogue.cross_section.SOURCES)
        assert part[0, :of_one].tobytes() == out[n, :of_one].tobytes()
    assert alone.tobytes() == shared.tobytes()


@pytest.mark.parametrize("names", [("rsi_14",), ("rank_momentum_15m", "close"), ("garch_ratio", "vix", "day_return_1"), SETS["both"], ()])
def test_families_that_nobody_reads_are_left_out_and_change_nothing(names: tuple[str, ...]) -> None:
    g = grid(8, sessions=4, symbols=3)
    whole = np.concatenate([values for _, values, _ in scan_sessions(g)])
    part = np.concatenate([values for _, values, _ in scan_sessions(g, new_state(3, families_of(names)))])
    columns = column_index(names)
    assert part[:, :, columns].tobytes() == whole[:, :, columns].tobytes()
    there = np.isfinite(part).any(axis=(0, 1))
    kept = {family_of(f.name) for f, here in zip(FEATURES, there, strict=True) if here}
    assert kept <= {family_of(name) for name in names} | {"cross_section"} | {family_of(n) for n in ("momentum_15m",)}
    assert there.sum() < FEATURE_COUNT


def test_a_symbol_with_too_little_history_is_not_valid_and_has_no_number() -> None:
    g = grid(7, sessions=2, symbols=1, gaps=0.0)
    for names, bars in ((("rsi_14",), 520), (("close", "hurst_64"), 65), (("sma_10",), 10)):
        values, valid = scan_features(g, names)
        assert not valid[: bars - 1].any()
        assert valid[bars - 1 :].all()
        assert np.isnan(values[: bars - 1, :, -1]).all()


def test_a_minute_without_a_bar_has_no_number() -> None:
    g = grid(7, sessions=2, gaps=0.5)
    values, valid = scan_features(g)
    assert np.isnan(values[~g.present]).all()
    assert not valid[~g.present].any()


def test_scale_free_features_do_not_see_the_price_level() -> None:
    g = grid(3, sessions=4, symbols=3, gaps=0.0)
    by_16 = replace(g, open=g.open * 16, high=g.high * 16, low=g.low * 16, close=g.close * 16)  # exact in binary: no rank turns
    one, other = scan_features(g)[0], scan_features(by_16)[0]
    for f, feature in enumerate(FEATURES):
        if feature.scale_free:
            np.testing.assert_allclose(one[:, :, f], other[:, :, f], rtol=1e-6, atol=1e-9, err_msg=feature.name)


def test_a_long_silence_starts_the_memory_anew() -> None:
    g = grid(5, sessions=2, symbols=1, gaps=0.0)
    later = tuple(Session(s.date, s.open_ns + i * 30 * DAY_NS, s.close_ns + i * 30 * DAY_NS) for i, s in enumerate(g.sessions))
    stamps = np.concatenate([g.minute_ns[:390], g.minute_ns[390:] + 30 * DAY_NS])
    values, _ = scan_features(replace(g, sessions=later, minute_ns=stamps))
    second = {name: getattr(g, name)[390:] for name in ("open", "high", "low", "close", "volume", "present")}
    alone = replace(g, sessions=later[1:], minute_ns=stamps[390:], session_of=np.zeros(390, np.int64), **second)
    assert values[390:].tobytes() == scan_features(alone)[0].tobytes()


def test_there_are_200_and_each_says_what_it_is() -> None:
    names = [f.name for f in FEATURES]
    assert len(names) >= 200
    assert len(set(names)) == len(names)
    assert set(SEED_NAMES) <= set(names)
    for feature in FEATURES:
        assert feature.formula and feature.unit and feature.inputs, feature.name
        assert feature.warm_up_bars >= 1 and feature.version >= 1 and feature.low < feature.high, feature.name


def test_every_family_gives_its_formulas_and_their_source() -> None:
    for family in FAMILIES:
        assert family.__doc__ and len(family.__doc__.splitlines()) > 3, family.__name__
        assert "ource" in family.__doc__ or all(f.source for f in family.FEATURES), family.__name__


def test_a_changed_formula_is_another_schema(monkeypatch: pytest.MonkeyPatch) -> None:
    before = catalogue.schema_hash(("rsi_14", "close"))
    raised = tuple(replace(f, version=f.version + 1) if f.name == "rsi_14" else f for f in FEATURES)
    monkeypatch.setattr(catalogue, "FEATURES", raised)
    assert catalogue.schema_hash(("rsi_14", "close")) != before
    assert catalogue.schema_hash(("close",)) == catalogue.schema_hash(("close",))


def test_every_set_names_features_that_are_there() -> None:
    known = {f.name for f in FEATURES}
    for name, features in SETS.items():
        assert set(features) <= known, name
        assert len(set(features)) == len(features), name
    assert len(SETS["raw"]) == 11
    assert len(SETS["meta_qqq"]) >= 85


def test_half_days_are_told_by_the_session() -> None:
    g = grid(2, sessions=2, minutes=210, symbols=1, gaps=0.0)
    values, _ = scan_features(g, ("minutes_to_close", "is_half_day"))
    assert values[0, 0].tolist() == [209.0, 1.0]
    assert values[209, 0].tolist() == [0.0, 1.0]
    assert g.sessions[0].date == dt.date(2013, 10, 9)
