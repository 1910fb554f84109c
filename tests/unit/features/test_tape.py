"""Tape family: the contract, every column against pandas, and absence that lasts as long as the window."""

from __future__ import annotations

import numpy as np
import pytest

from tests.unit.features.family import CHECKS, agree, run
from tests.unit.features.hostile import hostile, walk
from tradebot.core.features import feature, tape

ORDINARY = ("walk", "gaps overnight", "minutes missing", "seldom traded", "tape comes and goes", "split by twenty")


@pytest.mark.parametrize("check", CHECKS)
def test_contract(check) -> None:
    check(tape)


@pytest.mark.parametrize("bars", [b for b in hostile() if b.name in ORDINARY], ids=lambda b: b.name)
def test_values_agree_with_pandas(bars) -> None:
    d = bars.frame()
    mid, depth = (d.bid + d.ask) / 2, d.bid_size + d.ask_size
    micro = (d.bid * d.ask_size + d.ask * d.bid_size) / depth

    def mean(x):
        return x.rolling(20).apply(np.mean, raw=True)

    def over_mean(x):
        return (x / mean(x)).where(~(mean(x) == 0), 1.0)

    spread, imbalance = (d.ask - d.bid) / mid, (d.bid_size - d.ask_size) / depth
    effective, size = 2 * (d.close - mid).abs() / mid, d.volume / d.trades
    side, traded = mean(np.sign((d.close - mid).round(6)) * d.volume), mean(d.volume)
    expected = {
        "spread_rel": spread, "spread_mean_20": mean(spread), "spread_ratio_20": over_mean(spread),
        "book_imbalance": imbalance, "book_imbalance_mean_20": mean(imbalance), "depth_ratio_20": over_mean(depth),
        "quote_mid_deviation": d.close / mid - 1, "quote_mid_change": mid / mid.shift() - 1, "microprice_deviation": micro / mid - 1,
        "effective_spread": effective, "effective_spread_mean_20": mean(effective),
        "quote_rule_imbalance_20": (side / traded).where((traded > 0) | side.isna(), 0.0),
        "trade_size_mean": size, "trade_size_ratio_20": over_mean(size), "trades_ratio_20": over_mean(d.trades),
    }  # fmt: skip
    assert set(expected) == {f.name for f in tape.FEATURES}
    agree(tape, bars, expected, rtol=1e-7, of_scale=1e-9)


def test_one_absent_quote_is_absent_from_every_window_that_holds_it() -> None:
    bars = walk(sessions=1, minutes=100)
    bars.rows[50, feature.ASK] = np.nan
    got = run(tape, bars)
    assert np.flatnonzero(np.isnan(got["spread_rel"])).tolist() == [50]
    assert np.flatnonzero(np.isnan(got["spread_mean_20"])).tolist() == [*range(19), *range(50, 70)]
    assert np.flatnonzero(np.isnan(got["quote_rule_imbalance_20"])).tolist() == [*range(19), *range(50, 70)]
    assert np.flatnonzero(np.isnan(got["quote_mid_change"])).tolist() == [0, 50, 51]
    assert not np.isnan(got["book_imbalance"]).any()
    assert not np.isnan(got["trade_size_mean"]).any()


def test_a_worked_example() -> None:
    """9.99 bid for 300, 10.01 asked for 100, last price 10.00, 1200 shares in 8 trades."""
    bars = walk(sessions=1, minutes=1)
    bars.rows[0, :5] = 10.0, 10.0, 10.0, 10.0, 1200
    bars.rows[0, [feature.BID, feature.ASK, feature.BID_SIZE, feature.ASK_SIZE, feature.TRADES]] = 9.99, 10.01, 300, 100, 8
    got = {name: values[0] for name, values in run(tape, bars).items()}
    assert got["spread_rel"] == pytest.approx(0.002)
    assert got["book_imbalance"] == 0.5
    assert got["microprice_deviation"] == pytest.approx((9.99 * 100 + 10.01 * 300) / 400 / 10 - 1)
    assert got["effective_spread"] == pytest.approx(0.0, abs=1e-15)
    assert got["trade_size_mean"] == 150
