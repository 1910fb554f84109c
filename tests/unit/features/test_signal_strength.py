"""Signal strength family: the contract, and every column against pandas."""

from __future__ import annotations

import numpy as np
import pytest

from tests.unit.features.family import CHECKS, agree, run
from tests.unit.features.hostile import hostile, walk
from tradebot.core.features import signal_strength

ORDINARY = ("walk", "gaps overnight", "minutes missing", "one print a minute", "split by twenty")


@pytest.mark.parametrize("check", CHECKS)
def test_contract(check) -> None:
    check(signal_strength)


@pytest.mark.parametrize("bars", [b for b in hostile() if b.name in ORDINARY], ids=lambda b: b.name)
def test_values_agree_with_pandas(bars) -> None:
    d = bars.frame()
    c, r = d.close, d.close.pct_change()
    std = {n: r.rolling(n).apply(lambda x: x.std(ddof=1), raw=True) for n in (5, 15)}
    volume_ratio = d.volume / d.volume.rolling(10).mean()
    expected = {
        "signal_strength": c.pct_change(3) * volume_ratio / (std[5] + 1e-6),
        "trend_strength_15": c.pct_change(15) / (np.sqrt(15) * std[15] + 1e-6),
        "volume_confirmed_momentum": c.pct_change(5) * volume_ratio.clip(upper=3),
        "momentum_noise_ratio_20": (c - c.shift(20)) / c.diff().abs().rolling(20).apply(np.sum, raw=True),
    }
    assert set(expected) == {f.name for f in signal_strength.FEATURES}
    agree(signal_strength, bars, expected)


def test_a_worked_example() -> None:
    """Ten minutes at 10.00 and 1000 shares, then 10.10 on 4000: 1% * (4000 / 1300) / (std of 0, 0, 0, 0, 1%)."""
    bars = walk(sessions=1, minutes=11)
    bars.rows[:, :5] = 10.0, 10.0, 10.0, 10.0, 1000
    bars.rows[10, :5] = 10.0, 10.1, 10.0, 10.1, 4000
    deviation = 0.01 * np.sqrt(0.8 / 4)
    assert run(signal_strength, bars)["signal_strength"][10] == pytest.approx(0.01 * 4000 / 1300 / (deviation + 1e-6))
