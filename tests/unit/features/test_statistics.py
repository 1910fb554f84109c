"""Statistics: the contract, pandas and scipy."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from tests.unit.features.family import CHECKS, agree, run
from tests.unit.features.hostile import Bars, hostile, walk
from tradebot.core.features import statistics


@pytest.mark.parametrize("check", CHECKS)
def test_contract(check) -> None:
    check(statistics)


def expected(bars: Bars) -> dict[str, pd.Series]:
    c = bars.frame()["close"]
    r = np.log(c).diff()
    rolling, closes = r.rolling(60), c.rolling(60)
    out = {}
    for n in (20, 60):
        window = r.rolling(n)
        out[f"skewness_{n}"], out[f"kurtosis_{n}"] = window.apply(lambda x: x.skew()), window.apply(lambda x: x.kurt())
        out[f"sharpe_{n}"] = window.mean() / window.apply(lambda x: x.std())
        out[f"return_zscore_{n}"] = window.apply(lambda x: (x.iloc[-1] - x.mean()) / x.std())
    out["jarque_bera_60"] = rolling.apply(lambda x: stats.jarque_bera(x).statistic)
    out["tail_share_60"] = rolling.apply(lambda x: (np.abs(stats.zscore(x)) > 2).mean())
    out["largest_return_share_60"] = r.abs().rolling(60).max() / rolling.apply(lambda x: x.abs().sum())
    out["quantile_position_60"] = closes.apply(lambda x: stats.percentileofscore(x, x.iloc[-1], "mean") / 100)
    out["drawdown_60"] = c / closes.max() - 1
    out["tick_range_60"] = (closes.max() - closes.min()) / c.diff().abs().rolling(59).sum()
    return {name: values.fillna(0.0).where(c.index >= 20) for name, values in out.items()}  # nothing moved: 0 / 0


SLICES = ("gaps overnight", "split times ten", "stale", "minutes missing", "wild")


@pytest.mark.parametrize("bars", [walk(sessions=1), *(b.part(600, 990) for b in hostile() if b.name in SLICES)], ids=lambda b: b.name)
def test_statistics_are_those_of_pandas_and_scipy(bars: Bars) -> None:
    assert set(expected(bars)) == {f.name for f in statistics.FEATURES}
    agree(statistics, bars, expected(bars), rtol=1e-7, of_scale=1e-9)


def test_a_constant_price_is_neutral() -> None:
    columns = run(statistics, next(b for b in hostile() if b.name == "constant"))
    neutral = {"quantile_position_60": 0.5}
    for name, values in columns.items():
        np.testing.assert_array_equal(values[61:], neutral.get(name, 0.0), err_msg=name)
