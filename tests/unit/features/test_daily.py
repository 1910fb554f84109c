"""Daily columns: the contract, and pandas on sessions that pandas grouped."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from tests.unit.features.family import CHECKS, agree, run
from tests.unit.features.hostile import Bars, walk
from tradebot.core.features import daily
from tradebot.core.features import feature as row

# A session of 20 minutes counts as one of 390, so that 60 sessions are beyond every warm-up in bars only if that is shortened too.
MINUTES = 20


@pytest.fixture(autouse=True)
def short_sessions(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same features, with warm-up in sessions of 20 minutes."""
    short = tuple(replace(f, warm_up_bars=f.warm_up_bars // 390 * MINUTES) for f in daily.FEATURES)
    monkeypatch.setattr(daily, "FEATURES", short)


@pytest.mark.parametrize("check", CHECKS)
def test_contract(check) -> None:
    check(daily, sessions=60, minutes=MINUTES)


def expected(bars: Bars) -> dict[str, pd.Series]:
    one = bars.frame()
    by_session = one.groupby("session")
    d = by_session.agg(high=("high", "max"), low=("low", "min"), close=("close", "last"), volume=("volume", "sum"), open=("open", "first"))
    c, x = d["close"], d["close"].pct_change()
    full = pd.DataFrame({f"day_return_{n}": c.pct_change(n) for n in (1, 5, 20)})
    full["day_volatility_20"] = x.rolling(20).std()
    full["day_zscore_20"] = (c - c.rolling(20).mean()) / c.rolling(20).std()
    full["day_ma_ratio_5_20"] = c.rolling(5).mean() / c.rolling(20).mean() - 1
    full["day_range_rel"] = (d["high"] - d["low"]) / c
    full["day_volume_ratio_20"] = d["volume"] / d["volume"].rolling(20).mean()
    full["day_rsi_14"] = 100 * c.diff().clip(lower=0).rolling(14).sum() / c.diff().abs().rolling(14).sum()
    full["day_high_20_distance"] = c / d["high"].rolling(20).max() - 1
    full["day_low_20_distance"] = c / d["low"].rolling(20).min() - 1
    # A session's own row is known with its last minute's bar, until then the one before is.
    over = one["minute"] == one["session_end"] - 1
    out = {name: one["session"].map(full[name].shift()).where(~over, one["session"].map(full[name])) for name in full}
    before = {name: one["session"].map(d[name].shift()) for name in ("high", "low", "close")}
    out["gap_open"] = one["session"].map(d["open"]) / before["close"] - 1
    out["previous_close_change"] = one["close"] / before["close"] - 1
    out["previous_high_distance"] = one["close"] / before["high"] - 1
    out["previous_low_distance"] = one["close"] / before["low"] - 1
    usual = one["session"].map(d["volume"].rolling(20).mean().shift())
    out["session_volume_share"] = by_session["volume"].cumsum() / usual
    return out


def unequal(bars: Bars) -> Bars:
    """Every third session is over after 11 minutes, and minutes are missing, often the last."""
    rows = bars.rows.copy()
    short = np.cumsum(np.diff(rows[:, row.SESSION], prepend=0.0) != 0) % 3 == 0
    rows[short, row.SESSION_END] = rows[short, row.SESSION] + 11
    rows = rows[rows[:, row.MINUTE] < rows[:, row.SESSION_END]]
    return replace(bars, name="unequal", rows=rows[np.random.default_rng(2).random(len(rows)) < 0.7])


@pytest.mark.parametrize("bars", [walk(sessions=60, minutes=MINUTES), unequal(walk(sessions=90, minutes=MINUTES))], ids=lambda b: b.name)
def test_daily_columns_are_pandas_on_grouped_sessions(bars: Bars) -> None:
    assert set(expected(bars)) == {f.name for f in daily.FEATURES}
    agree(daily, bars, expected(bars), rtol=1e-9)


def test_a_session_of_one_minute_is_its_own_bar_and_not_its_own_predecessor() -> None:
    bars = walk(sessions=600, minutes=1)
    columns = run(daily, bars)
    close, high = bars.rows[:, row.CLOSE], bars.rows[:, row.HIGH]
    np.testing.assert_allclose(columns["previous_close_change"][440:], close[440:] / close[439:-1] - 1, atol=1e-14)
    np.testing.assert_allclose(columns["previous_high_distance"][440:], close[440:] / high[439:-1] - 1, atol=1e-14)
    np.testing.assert_allclose(columns["day_return_1"][440:], close[440:] / close[439:-1] - 1, atol=1e-14)
