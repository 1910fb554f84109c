"""Frames: the contract, and the formulas in pandas on frame bars that pandas grouped."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from tests.unit.features.family import CHECKS, agree, run, run_unmasked
from tests.unit.features.hostile import Bars, hostile, walk
from tradebot.core.features import feature as row
from tradebot.core.features import frames


@pytest.mark.parametrize("check", CHECKS)
@pytest.mark.parametrize("minutes", [390, 47])
def test_contract(check, minutes: int) -> None:
    check(frames, sessions=9 if minutes == 390 else 60, minutes=minutes)


def frame_bars(bars: Bars, tf: int) -> pd.DataFrame:
    """Bars of `tf` minutes by grouping, with the index of the one-minute bar at which each became known."""
    one = bars.frame()
    one["bucket"] = (one["minute"] - one["session"]) // tf
    one["t"] = np.arange(len(one))
    grouped = one.groupby(["session", "bucket"])
    frame = grouped.agg(high=("high", "max"), low=("low", "min"), close=("close", "last"), volume=("volume", "sum"), last=("t", "last"))
    ends = np.minimum(grouped["session"].first() + tf * (grouped["bucket"].first() + 1), grouped["session_end"].first())
    frame["known"] = frame["last"] + (grouped["minute"].last() + 1 < ends)  # else the next bar tells that it is over
    return frame.reset_index(drop=True)


def formulas(b: pd.DataFrame, tf: int) -> pd.DataFrame:
    """The one-minute formulas on frame bars."""
    c, v = b["close"], b["volume"]
    x, mean = c.pct_change(), c.rolling(8).mean()
    out = pd.DataFrame({"price_change_1m": x, "momentum_1m": x, "momentum_3m": c.pct_change(3), "momentum_5m": c.pct_change(5)})
    out["volatility_5m"], out["volatility_20"] = x.rolling(5).std(), x.rolling(20).std()
    out["volume_ratio"] = (v / v.rolling(10).mean()).fillna(1.0)
    out["signal_strength"] = out["momentum_3m"] * out["volume_ratio"] / (out["volatility_5m"] + 1e-6)
    out["breakout_high_5"] = c / b["high"].rolling(5).max().shift() - 1
    out["breakout_low_5"] = c / b["low"].rolling(5).min().shift() - 1
    out["ma_spread_2_8"] = c.rolling(2).mean() / mean - 1
    out["ma_spread_2_8_prev"] = out["ma_spread_2_8"].shift()
    out["mean_deviation_8"] = c / mean - 1
    out["zscore_20"] = (c - c.rolling(20).mean()) / c.rolling(20).std()
    rises = c.diff().clip(lower=0).rolling(14).sum()
    out["rsi_14"] = 100 * rises / c.diff().abs().rolling(14).sum()
    filters = [filtered(np.log(c.to_numpy()[max(0, i - 31) : i + 1]), tf) for i in range(len(c))]
    out[["garch_volatility_5", "kalman_innovation", "kalman_slope"]] = filters
    return out


def filtered(y: np.ndarray, tf: int) -> tuple[float, float, float]:
    """GARCH, and a Kalman filter with its covariance at the steady state, over 31 returns."""
    if len(y) < 32:
        return np.nan, np.nan, np.nan
    r = np.diff(y)
    long_run = float(np.mean(r**2))
    v = long_run
    for each in r:
        v = 0.04 * long_run + 0.06 * each**2 + 0.90 * v
    path = [v]
    for _ in range(4):
        path.append(long_run + 0.96 * (path[-1] - long_run))
    noise, process = 1e-6 * tf, max(long_run, 1e-8 * tf)
    covariance = noise
    for _ in range(500):
        covariance = (covariance + process) * noise / (covariance + process + noise)
    levels, innovation = [y[0]], 0.0
    for price in y[1:]:
        innovation = price - levels[-1]
        spread = covariance + process + noise
        levels.append(levels[-1] + (covariance + process) / spread * innovation)
    return float(np.sqrt(np.mean(path))), innovation / float(np.sqrt(spread)), (levels[-1] - levels[-6]) / 5


def held(bars: Bars, tf: int) -> dict[str, pd.Series]:
    """Each minute's columns: those of the last frame bar known by then."""
    b = frame_bars(bars, tf)
    values = formulas(b, tf)
    values["known"] = b["known"]
    latest = values.groupby("known").last().reindex(np.arange(len(bars))).ffill()
    return {f"{name}_tf{tf}": latest[name] for name in values.columns if name != "known"}


def half_days(bars: Bars) -> Bars:
    """Every other session ends after 210 minutes."""
    rows = bars.rows.copy()
    short = (np.cumsum(np.diff(rows[:, row.SESSION], prepend=0.0) != 0) % 2) == 0
    rows[short, row.SESSION_END] = rows[short, row.SESSION] + 210
    return replace(bars, name="half days", rows=rows[rows[:, row.MINUTE] < rows[:, row.SESSION_END]])


def thinned(bars: Bars, keep: float) -> Bars:
    """The bars with minutes missing at random."""
    return replace(bars, name=f"{bars.name}, {keep:.0%} of the minutes", rows=bars.rows[np.random.default_rng(1).random(len(bars)) < keep])


HISTORIES = (
    walk(sessions=9),
    thinned(walk(sessions=12, seed=2), 0.7),
    thinned(walk(sessions=50, seed=3), 0.15),
    *(b for b in hostile(sessions=9) if b.name in ("gaps overnight", "split times ten")),
    half_days(walk(sessions=12, seed=4)),
    half_days(thinned(walk(sessions=12, seed=5), 0.7)),
)


@pytest.mark.parametrize("bars", HISTORIES, ids=lambda b: b.name)
@pytest.mark.parametrize("tf", frames.TIMEFRAMES)
def test_frame_columns_are_the_formulas_on_grouped_bars(bars: Bars, tf: int) -> None:
    expected = held(bars, tf)
    assert set(expected) == {f.name for f in frames.FEATURES if f.name.endswith(f"_tf{tf}")}
    agree(frames, bars, expected, rtol=1e-8, of_scale=1e-9)


@pytest.mark.parametrize("kind", ["half days", "missing minutes"])
def test_the_contract_holds_with_half_days_and_missing_minutes(kind: str) -> None:
    """Two starts and prefixes, on sessions of unequal length."""
    bars = half_days(walk(sessions=14, seed=12))
    bars = thinned(bars, 0.8) if kind == "missing minutes" else bars
    whole = run(frames, bars)
    for start in (100, 401):
        late = run(frames, bars.part(start))
        for f in frames.FEATURES:
            ours, theirs = whole[f.name][start + f.warm_up_bars - 1 :], late[f.name][f.warm_up_bars - 1 :]
            np.testing.assert_array_equal(ours, theirs, err_msg=f.name)
    head = run_unmasked(frames, bars.part(0, 1111))
    assert all(values.tobytes() == run_unmasked(frames, bars)[name][:1111].tobytes() for name, values in head.items())


def test_a_bucket_is_known_with_its_last_minute_or_with_the_first_bar_after_it() -> None:
    """Five-minute closes 1, 2, 3 .. by hand: minute 4 is missing, minute 9 is there, the session's last bucket has three minutes."""
    minutes = [0, 1, 2, 3, 5, 9, 10, 12]
    rows = np.full((len(minutes) + 1, row.ROW_WIDTH), np.nan)
    rows[:, row.SESSION], rows[:, row.SESSION_END] = 1000.0, 1013.0
    rows[-1, row.SESSION], rows[-1, row.SESSION_END] = 9000.0, 9390.0
    rows[:, row.MINUTE] = [*(1000.0 + m for m in minutes), 9000.0]
    closes = np.array([10.0, 11, 12, 13, 14, 15, 16, 17, 18])
    for column in (row.OPEN, row.HIGH, row.LOW, row.CLOSE):
        rows[:, column] = closes
    rows[:, row.VOLUME] = 100.0
    change = run_unmasked(frames, Bars("by hand", rows))["price_change_1m_tf5"]
    # Known: 13 (bucket 0) at minute 5; 15 (bucket 1) at minute 9; 17 (bucket 2, ends with the session) at minute 12; then nothing new.
    np.testing.assert_allclose(change, [0, 0, 0, 0, 0, 15 / 13 - 1, 15 / 13 - 1, 17 / 15 - 1, 17 / 15 - 1], rtol=1e-12)
