"""Lags: the contract, pandas on bars that pandas grouped, and that lag k is what lag 0 was."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from tests.unit.features.family import CHECKS, agree, run, run_unmasked
from tests.unit.features.hostile import Bars, walk
from tests.unit.features.test_daily import unequal
from tests.unit.features.test_frames import frame_bars, half_days, thinned
from tradebot.core.features import feature as row
from tradebot.core.features import lags
from tradebot.core.features.lag_names import CHANNELS, LAGS, lag_name

MINUTES = {"1m": 1, "5m": 5, "15m": 15, "60m": 60, "1d": 10**6}


@pytest.mark.parametrize("check", CHECKS)
@pytest.mark.parametrize("minutes", [390, 20])
def test_contract(check, minutes: int, monkeypatch: pytest.MonkeyPatch) -> None:
    if minutes == 20:  # sessions count as 20 minutes in the warm-up of daily lags, as in test_daily.py
        short = (replace(f, warm_up_bars=f.warm_up_bars // 390 * 20) if "lag1d" in f.name else f for f in lags.FEATURES)
        monkeypatch.setattr(lags, "FEATURES", tuple(short))
    check(lags, sessions=4 if minutes == 390 else 60, minutes=minutes)


def channels(bars: Bars, tf: str) -> pd.DataFrame:
    """The three channels of each bar of a timeframe, with the one-minute bar at which it was known."""
    b = frame_bars(bars, MINUTES[tf])
    c, v = b["close"], b["volume"]
    out = pd.DataFrame({"ret": np.log(c / c.shift()), "range": (b["high"] - b["low"]) / c, "known": b["known"]})
    out["rvol"] = np.log1p((v / v.rolling(LAGS[tf]).mean()).fillna(1.0).where(v.rolling(LAGS[tf]).count() == LAGS[tf]))
    return out


def expected(bars: Bars, tf: str) -> dict[str, pd.Series]:
    values, out = channels(bars, tf), {}
    for channel in CHANNELS:
        for lag in range(LAGS[tf]):
            known = pd.DataFrame({"x": values[channel].shift(lag), "known": values["known"]})
            out[lag_name(tf, channel, lag)] = known.groupby("known")["x"].last().reindex(np.arange(len(bars))).ffill()
    return out


HISTORIES = (
    walk(sessions=14),
    thinned(walk(sessions=30, seed=2), 0.7),
    half_days(thinned(walk(sessions=25, seed=5), 0.8)),
)


@pytest.mark.parametrize("bars", HISTORIES, ids=lambda b: b.name)
@pytest.mark.parametrize("tf", LAGS)
def test_columns_are_the_formulas_on_grouped_bars(bars: Bars, tf: str) -> None:
    wanted = expected(bars, tf)
    assert set(wanted) == {f.name for f in lags.FEATURES if f.name.startswith(f"lag{tf}_")}
    agree(lags, bars, wanted)


def test_sessions_of_unequal_length_are_grouped_as_daily_bars() -> None:
    bars = unequal(walk(sessions=400, minutes=20))
    agree(lags, bars, expected(bars, "1d"))


def test_lag_k_is_what_lag_0_was_k_bars_ago_bit_for_bit() -> None:
    bars = thinned(walk(sessions=12, seed=8), 0.9)
    columns = run_unmasked(lags, bars)
    for tf, count in LAGS.items():
        known = np.arange(len(bars)) if tf == "1m" else channels(bars, tf)["known"].to_numpy()
        known = known[known < len(bars)]
        for channel in CHANNELS:
            newest = columns[lag_name(tf, channel, 0)][known]
            for lag in range(1, count):
                later = columns[lag_name(tf, channel, lag)][known]
                assert later[lag:].tobytes() == newest[: len(newest) - lag].tobytes(), (tf, channel, lag)


def test_five_minutes_by_hand() -> None:
    """Closes 10, 11, .. and a hundred shares a minute: bars 10-14 and 15-19, known with minutes 4 and 9."""
    rows = np.full((10, row.ROW_WIDTH), np.nan)
    rows[:, row.SESSION], rows[:, row.SESSION_END], rows[:, row.MINUTE] = 1000.0, 1390.0, 1000.0 + np.arange(10)
    for column in (row.OPEN, row.HIGH, row.LOW, row.CLOSE):
        rows[:, column] = 10.0 + np.arange(10)
    rows[:, row.VOLUME] = np.where(np.arange(10) < 5, 100.0, 300.0)
    columns = run_unmasked(lags, Bars("by hand", rows))
    np.testing.assert_allclose(columns["lag5m_ret_0"][[8, 9]], [0.0, np.log(19 / 14)], rtol=1e-15)
    np.testing.assert_allclose(columns["lag5m_range_0"][[3, 4, 9]], [0.0, 4 / 14, 4 / 19], rtol=1e-15)
    assert columns["lag5m_range_1"][9] == columns["lag5m_range_0"][8]
    volume = 1500 / ((11 * 500 + 1500) / 12)
    np.testing.assert_allclose(columns["lag5m_rvol_0"][[4, 9]], [np.log(2), np.log1p(volume)], rtol=1e-15)


def test_a_column_is_nan_before_its_own_warm_up_only() -> None:
    columns = run(lags, walk(sessions=11, seed=3))
    assert np.isnan(columns["lag1m_ret_29"][:30]).all()
    assert np.isfinite(columns["lag1m_ret_29"][30:]).all()
    assert max(f.warm_up_bars for f in lags.FEATURES) == 390 * 10
