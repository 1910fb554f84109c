"""Every member of STRATEGIES passes one list of checks; so does the catalogue that asks them."""

from __future__ import annotations

from collections.abc import Callable
from types import MappingProxyType

import numpy as np
import pytest

from tests.contract.strategy_contract import CHECKS, rows_for
from tradebot.core.features.catalogue import FEATURES
from tradebot.core.strategies.catalogue import STRATEGIES, evaluate, inputs_of, optional_inputs_of, strategy_by_name
from tradebot.core.strategies.strategy import Strategy

FRAME_COLUMNS = frozenset(
    {"price_change_1m", "momentum_1m", "momentum_3m", "momentum_5m", "volatility_5m", "volume_ratio", "breakout_high_5", "breakout_low_5",
     "ma_spread_2_8", "ma_spread_2_8_prev", "mean_deviation_8", "garch_volatility_5", "kalman_innovation", "kalman_slope",
     "signal_strength", "rsi_14", "volatility_20", "zscore_20"}
)  # fmt: skip


@pytest.mark.parametrize("strategy", STRATEGIES, ids=lambda s: s.name)
@pytest.mark.parametrize("check", CHECKS, ids=lambda c: c.__name__)
def test_every_strategy_keeps_the_contract(strategy: Strategy, check: Callable[[Strategy], None]) -> None:
    check(strategy)


def test_the_twelve_of_the_specification_and_microstructure_are_there() -> None:
    assert [s.name for s in STRATEGIES[:8]] == [
        "ultra_volatility", "breakout_momentum", "momentum_amplification", "ma_cross",
        "hf_scalping", "extreme_mean_reversion", "garch_volatility", "kalman_ma",
    ]  # fmt: skip
    assert [s.pools for s in STRATEGIES[:8]] == [("high_volatility",)] * 2 + [("trending",)] * 2 + [("ranging",)] * 2 + [()] * 2
    assert [s.name for s in STRATEGIES[8:]] == ["momentum", "mean_reversion", "volatility_breakout", "swing", "microstructure"]
    assert {s.name: s.max_hold_bars for s in STRATEGIES if s.max_hold_bars} == {"hf_scalping": 5}
    assert len({s.name for s in STRATEGIES}) == len(STRATEGIES)


def test_the_defaults_of_the_seeds() -> None:
    defaults = {(s.name, name): value for s in STRATEGIES for name, value in s.parameters.items()}
    expected = {
        ("ultra_volatility", "volatility_threshold"): 0.001,
        ("breakout_momentum", "volume_multiplier"): 2.0,
        ("hf_scalping", "scalp_threshold"): 0.0006,
        ("extreme_mean_reversion", "deviation_threshold"): 0.0015,
        ("garch_volatility", "optimal_vol_min"): 0.0001,
        ("momentum", "adx_threshold"): 25.0,
        ("momentum", "vam_max"): 3.0,
        ("mean_reversion", "z_entry"): 2.0,
        ("mean_reversion", "z_max"): 2.5,
        ("mean_reversion", "hurst_max"): 0.5,
    }
    assert {key: defaults[key] for key in expected} == expected


def test_a_framed_strategy_reads_what_the_frames_have() -> None:
    framed = [s for s in STRATEGIES if s.framed]
    assert [s.name for s in framed] == [s.name for s in STRATEGIES[:8]]
    assert set(inputs_of(framed)) <= FRAME_COLUMNS


def test_no_strategy_reads_a_column_that_grows_with_the_price() -> None:
    by_name = {f.name: f for f in FEATURES}
    read = {*inputs_of(STRATEGIES), *optional_inputs_of(STRATEGIES)} & by_name.keys()
    assert [name for name in read if not by_name[name].scale_free] == []


def test_frames_are_read_by_suffix_and_the_rest_is_silent_there() -> None:
    names = inputs_of(STRATEGIES)
    rows = rows_for(names, 11)
    at = {name + "_tf5": i for i, name in enumerate(names)}
    signals, valid = evaluate(STRATEGIES, rows, at, "_tf5")
    usual, _ = evaluate(STRATEGIES, rows, {name: i for i, name in enumerate(names)})
    for k, strategy in enumerate(STRATEGIES):
        assert valid[:, k].all() if strategy.framed else not valid[:, k].any()
        assert signals[:, k].tobytes() == (usual[:, k] if strategy.framed else np.zeros(len(rows))).tobytes()
    assert inputs_of(STRATEGIES, ("_tf5",)) == tuple(name + "_tf5" for name in inputs_of(STRATEGIES[:8]))
    both = inputs_of(STRATEGIES, ("", "_tf60"))
    assert both[: len(names)] == names
    assert len(set(both)) == len(both)
    assert optional_inputs_of(STRATEGIES, ("", "_tf5")) == ("rank_momentum_15m", "trade_size_mean")


def test_a_missing_column_and_an_unknown_name_are_named() -> None:
    with pytest.raises(KeyError, match="momentum_1m"):
        evaluate(STRATEGIES[:1], np.zeros((3, 1)), {"volatility_5m": 0})
    with pytest.raises(KeyError, match=r"'hf_scalpin'; the nearest is 'hf_scalping'"):
        strategy_by_name("hf_scalpin")
    assert [strategy_by_name(s.name) for s in STRATEGIES] == list(STRATEGIES)


def test_parameters_reach_the_strategy_that_they_name_and_no_other() -> None:
    two = STRATEGIES[4:6]
    rows = np.array([[0.002, 0.002]])
    at = {"price_change_1m": 0, "mean_deviation_8": 1}
    usual, _ = evaluate(two, rows, at)
    tuned, _ = evaluate(two, rows, at, parameters=MappingProxyType({"hf_scalping": {"scalp_threshold": 0.001, "direction": 1.0}}))
    assert usual.tolist() == [[pytest.approx(-0.7), pytest.approx(-0.25)]]
    assert tuned.tolist() == [[0.5, pytest.approx(-0.25)]]
