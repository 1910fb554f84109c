"""Macro values: the contract, and a worked example by session."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from tests.unit.features.family import CHECKS, run
from tests.unit.features.hostile import walk
from tradebot.core.features import feature as row
from tradebot.core.features import macro

MINUTES = 20


@pytest.fixture(autouse=True)
def short_sessions(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same features, with warm-up in sessions of 20 minutes."""
    short = tuple(replace(f, warm_up_bars=max(1, f.warm_up_bars // 390 * MINUTES + f.warm_up_bars % 390)) for f in macro.FEATURES)
    monkeypatch.setattr(macro, "FEATURES", short)


@pytest.mark.parametrize("check", CHECKS)
def test_contract(check) -> None:
    check(macro, sessions=60, minutes=MINUTES)


def test_each_session_is_compared_with_those_before_it() -> None:
    bars = walk(sessions=60, minutes=MINUTES)
    one = bars.frame()
    vix = one.groupby("session")["vix"].first()
    rank = vix.rolling(20).apply(lambda x: 100 * (x <= x.iloc[-1]).mean())
    columns = run(macro, bars)
    np.testing.assert_array_equal(columns["vix"], one["vix"])
    np.testing.assert_allclose(columns["vix_change_1"][20:], one["session"].map(vix.diff())[20:], rtol=1e-12)
    np.testing.assert_allclose(columns["vix_percentile_20"][400:], one["session"].map(rank)[400:], rtol=1e-12)
    np.testing.assert_allclose(columns["yield_slope"], one["yield_10y"] - one["yield_3m"], rtol=1e-12)


def test_a_session_without_a_value_is_nan_and_is_not_counted() -> None:
    bars = walk(sessions=30, minutes=MINUTES)
    rows = bars.rows.copy()
    opens = np.unique(rows[:, row.SESSION])
    rows[rows[:, row.SESSION] == opens[25], row.VIX] = np.nan
    columns = run(macro, replace(bars, rows=rows))
    absent, after = rows[:, row.SESSION] == opens[25], rows[:, row.SESSION] == opens[26]
    assert all(np.isnan(columns[name][absent]).all() for name in ("vix", "vix_change_1", "vix_percentile_20"))
    by_session = pd.Series(rows[:, row.VIX]).groupby(rows[:, row.SESSION]).first()
    np.testing.assert_allclose(columns["vix_change_1"][after], by_session[opens[26]] - by_session[opens[24]], rtol=1e-12)
