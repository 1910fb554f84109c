"""Each strategy on rows worked out by hand: the formula in plain numbers, at its threshold, on both sides of it."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tradebot.core.strategies.catalogue import STRATEGIES, evaluate, strategy_by_name
from tradebot.core.strategies.conviction import beyond, saturate


def signal_of(name: str, **columns: float) -> float:
    """The signal of one row whose columns are given by name."""
    at = {column: i for i, column in enumerate(columns)}
    signals, valid = evaluate([strategy_by_name(name)], np.array(list(columns.values())), at)
    assert valid.all()
    return float(signals[0])


CASES: tuple[tuple[str, dict[str, float], float], ...] = (
    ("ultra_volatility", {"volatility_5m": 0.004, "momentum_1m": -0.0001}, -0.75),  # (0.004 - 0.001) / 0.004
    ("ultra_volatility", {"volatility_5m": 0.001, "momentum_1m": 0.01}, 0.0),
    ("ultra_volatility", {"volatility_5m": 0.002, "momentum_1m": 0.0}, 0.0),
    ("breakout_momentum", {"breakout_high_5": 0.003, "breakout_low_5": 0.01, "volume_ratio": 2.0, "volatility_5m": 0.001}, 0.75),
    ("breakout_momentum", {"breakout_high_5": 0.003, "breakout_low_5": 0.01, "volume_ratio": 1.99, "volatility_5m": 0.001}, 0.0),
    ("breakout_momentum", {"breakout_high_5": -0.01, "breakout_low_5": -0.001, "volume_ratio": 3.0, "volatility_5m": 0.001}, -0.5),
    ("breakout_momentum", {"breakout_high_5": -0.01, "breakout_low_5": 0.01, "volume_ratio": 9.0, "volatility_5m": 0.001}, 0.0),
    # the weakest of 0.004, 0.003/sqrt(3) = 0.00173, 0.005/sqrt(5) = 0.002236 against one of 0.001
    (
        "momentum_amplification",
        {"momentum_1m": 0.004, "momentum_3m": 0.003, "momentum_5m": 0.005, "volatility_5m": 0.001},
        (0.003 / math.sqrt(3)) / (0.003 / math.sqrt(3) + 0.001),
    ),
    ("momentum_amplification", {"momentum_1m": 0.004, "momentum_3m": 0.003, "momentum_5m": -1e-9, "volatility_5m": 0.001}, 0.0),
    ("momentum_amplification", {"momentum_1m": -0.001, "momentum_3m": -0.1, "momentum_5m": -0.1, "volatility_5m": 0.003}, -0.25),
    ("ma_cross", {"ma_spread_2_8": 0.001, "ma_spread_2_8_prev": -0.002, "volatility_5m": 0.001}, 0.75),
    ("ma_cross", {"ma_spread_2_8": -0.001, "ma_spread_2_8_prev": 0.0, "volatility_5m": 0.001}, -0.5),
    ("ma_cross", {"ma_spread_2_8": 0.003, "ma_spread_2_8_prev": 0.001, "volatility_5m": 0.001}, 0.0),
    ("hf_scalping", {"price_change_1m": 0.0024}, -0.75),
    ("hf_scalping", {"price_change_1m": -0.0012}, 0.5),
    ("hf_scalping", {"price_change_1m": 0.0006}, 0.0),
    ("hf_scalping", {"price_change_1m": 0.0031}, 0.0),
    ("extreme_mean_reversion", {"mean_deviation_8": 0.006}, -0.75),
    ("extreme_mean_reversion", {"mean_deviation_8": -0.0015}, 0.0),
    ("garch_volatility", {"garch_volatility_5": 0.001, "momentum_5m": 3 * 0.001 * math.sqrt(5)}, 0.75),
    ("garch_volatility", {"garch_volatility_5": 0.00009, "momentum_5m": 0.01}, 0.0),
    ("garch_volatility", {"garch_volatility_5": 0.006, "momentum_5m": 0.01}, 0.0),
    ("kalman_ma", {"kalman_innovation": 3.0, "kalman_slope": 1e-6}, 0.75),
    ("kalman_ma", {"kalman_innovation": -1.0, "kalman_slope": -1e-6}, -0.5),
    ("kalman_ma", {"kalman_innovation": 3.0, "kalman_slope": -1e-6}, 0.0),
    # mean VAM 1.5 of 3, ADX 35: confidence 10/25
    ("momentum", {"vam_5": 1.0, "vam_10": 1.0, "vam_20": 2.0, "vam_60": 2.0, "adx_14": 35.0}, 0.5 * 0.4),
    ("momentum", {"vam_5": -9.0, "vam_10": -9.0, "vam_20": -9.0, "vam_60": -9.0, "adx_14": 80.0}, -1.0),
    ("momentum", {"vam_5": 3.0, "vam_10": 3.0, "vam_20": 3.0, "vam_60": 3.0, "adx_14": 25.0}, 0.0),
    ("mean_reversion", {"zscore_20": -2.0, "hurst_64": 0.25}, 0.8 * 0.5),
    ("mean_reversion", {"zscore_20": 4.0, "hurst_64": 0.4}, -0.2),
    ("mean_reversion", {"zscore_20": 1.99, "hurst_64": 0.1}, 0.0),
    ("mean_reversion", {"zscore_20": -3.0, "hurst_64": 0.5}, 0.0),
    ("volatility_breakout", {"channel_high_20": 0.002, "channel_low_20": 0.05, "range_expansion_14": 1.25, "atr_rel_14": 0.002}, 0.5),
    ("volatility_breakout", {"channel_high_20": -0.05, "channel_low_20": -0.006, "range_expansion_14": 2.0, "atr_rel_14": 0.002}, -0.75),
    ("volatility_breakout", {"channel_high_20": 0.002, "channel_low_20": 0.05, "range_expansion_14": 1.2, "atr_rel_14": 0.002}, 0.0),
    # trend 1/2 (one sd), pullback +1/2 (last week one sd down), rank nobody: 0.6/2 + 0.2/2
    (
        "swing",
        {
            "day_return_5": -0.01 * math.sqrt(5), "day_return_20": 0.01 * math.sqrt(20), "day_volatility_20": 0.01,
            "day_zscore_20": 0.5, "day_ma_ratio_5_20": 0.01,
        },
        0.4,
    ),
    # the same, stretched: no trend; and strongest of all symbols
    (
        "swing",
        {
            "day_return_5": -0.01 * math.sqrt(5), "day_return_20": 0.01 * math.sqrt(20), "day_volatility_20": 0.01,
            "day_zscore_20": 2.5, "day_ma_ratio_5_20": 0.01, "rank_momentum_15m": 1.0,
        },
        0.3,
    ),
    # micro-price 0.8 * 5 bp = 4 bp above the mid, last price 1 bp below it: edge 5 bp, half-spread 5 bp
    ("microstructure", {"spread_rel": 0.001, "book_imbalance": 0.8, "quote_mid_deviation": -0.0001, "trade_size_mean": 90.0}, 0.5),
    ("microstructure", {"spread_rel": 0.001, "book_imbalance": 0.8, "quote_mid_deviation": 0.0005, "trade_size_mean": 90.0}, 0.0),
    ("microstructure", {"spread_rel": 0.003, "book_imbalance": 0.8, "quote_mid_deviation": 0.0, "trade_size_mean": 90.0}, 0.0),
    ("microstructure", {"spread_rel": 0.001, "book_imbalance": 0.2, "quote_mid_deviation": 0.0, "trade_size_mean": 90.0}, 0.0),
    ("microstructure", {"spread_rel": 0.001, "book_imbalance": 0.8, "quote_mid_deviation": 0.0, "trade_size_mean": 5.0}, 0.0),
    ("microstructure", {"spread_rel": 0.0, "book_imbalance": 0.8, "quote_mid_deviation": -0.1, "trade_size_mean": 90.0}, 0.0),
)  # fmt: skip


@pytest.mark.parametrize(("name", "columns", "expected"), CASES)
def test_worked_example(name: str, columns: dict[str, float], expected: float) -> None:
    assert signal_of(name, **columns) == pytest.approx(expected, abs=1e-12)


def test_every_strategy_has_a_worked_example_with_and_without_a_signal() -> None:
    for strategy in STRATEGIES:
        answers = [expected for name, _, expected in CASES if name == strategy.name]
        assert any(answers), strategy.name
        assert strategy.name == "swing" or not all(answers), strategy.name


def test_conviction_curves() -> None:
    x = np.array([-4.0, -2.0, -1.0, 0.0, 0.5, 1.0, 2.0, 4.0])
    assert beyond(x, 1.0).tolist() == [0.75, 0.5, 0.0, 0.0, 0.0, 0.0, 0.5, 0.75]
    assert beyond(x, 0.0).tolist() == [1.0, 1.0, 1.0, 0.0, 1.0, 1.0, 1.0, 1.0]
    assert saturate(x, 1.0).tolist() == [-0.8, -2 / 3, -0.5, 0.0, 1 / 3, 0.5, 2 / 3, 0.8]
    assert saturate(x, 0.0).tolist() == [-1.0, -1.0, -1.0, 0.0, 1.0, 1.0, 1.0, 1.0]


def test_conviction_grows_with_the_distance() -> None:
    far = np.linspace(0.0015, 0.05, 200)
    signals, _ = evaluate([strategy_by_name("extreme_mean_reversion")], -far[:, None], {"mean_deviation_8": 0})
    assert (np.diff(signals[:, 0]) > 0.0).all()
