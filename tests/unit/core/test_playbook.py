"""The playbook: one set of strategies asked on four frames, and what it reads."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tradebot.core.config import PlaybookConfig, RegimeConfig, StrategiesConfig
from tradebot.core.features.catalogue import FEATURES
from tradebot.core.opinions.playbook import FRAMES, Playbook
from tradebot.core.regime.persistence import new_state
from tradebot.core.selection.config import SelectionConfig
from tradebot.core.state import State
from tradebot.core.strategies.catalogue import evaluate
from tradebot.core.strategies.gates import GATE_INPUTS, GatesConfig

CATALOGUE = tuple(f.name for f in FEATURES)
CONFIG = PlaybookConfig(
    strategies=StrategiesConfig(names=("ma_cross", "extreme_mean_reversion", "momentum"), confluence=True, parameters={}),
    regime=RegimeConfig(detector="three", persistence_bars=1),
    selection=SelectionConfig(),
)


def rows(count: int = 200) -> np.ndarray:
    """Any finite numbers of the size of returns."""
    return np.random.default_rng(3).normal(0, 0.01, (count, len(CATALOGUE)))


def test_the_signal_is_the_weighted_sum_over_the_frames_and_that_of_an_unframed_strategy_its_own() -> None:
    book, features = Playbook.of(CONFIG, CATALOGUE), rows()
    signals, valid = book.signals(features)
    frames = [evaluate(book.strategies, features, book.column_of, suffix)[0] for suffix in FRAMES]
    expected = 0.4 * frames[0] + 0.3 * frames[1] + 0.2 * frames[2] + 0.1 * frames[3]
    np.testing.assert_allclose(signals[:, :2], np.clip(expected, -1, 1)[:, :2], atol=1e-15)
    assert (np.abs(signals[:, :2] - frames[0][:, :2]) > 1e-3).any()
    assert signals[:, 2].tobytes() == frames[0][:, 2].tobytes()
    assert valid.all()


def test_a_frame_that_is_not_there_abstains() -> None:
    book, features = Playbook.of(CONFIG, CATALOGUE), rows()
    late = features.copy()
    late[:, [i for i, name in enumerate(CATALOGUE) if name.endswith("_tf60")]] = np.nan
    missing, valid = book.signals(late)
    minute, five, fifteen = (evaluate(book.strategies, features, book.column_of, suffix)[0][:, 0] for suffix in FRAMES[:3])
    np.testing.assert_allclose(missing[:, 0], np.clip(0.4 * minute + 0.3 * five + 0.2 * fifteen, -1, 1), atol=1e-15)
    assert valid.all()


def test_without_confluence_only_the_minute_is_asked_and_read() -> None:
    alone = replace(CONFIG, strategies=replace(CONFIG.strategies, confluence=False))
    book, features = Playbook.of(alone, CATALOGUE), rows()
    assert book.signals(features)[0].tobytes() == evaluate(book.strategies, features, book.column_of)[0].tobytes()
    assert not [name for name in book.names if "_tf" in name]
    assert [name for name in Playbook.of(CONFIG, CATALOGUE).names if "_tf" in name]


def test_a_profile_reads_the_columns_of_its_gates_and_of_its_detector() -> None:
    book = Playbook.of(replace(CONFIG, gates=GatesConfig()), CATALOGUE)
    assert set(GATE_INPUTS) <= set(book.names)
    assert {"volatility_50_mean", "trend_strength_20", "momentum_15m"} <= set(book.names)


def test_parameters_of_a_profile_reach_the_strategy() -> None:
    tuned = replace(CONFIG.strategies, parameters={"extreme_mean_reversion": {"deviation_threshold": 1.0}}, confluence=False)
    signals, _ = Playbook.of(replace(CONFIG, strategies=tuned), CATALOGUE).signals(rows())
    assert not signals[:, 1].any()
    assert signals[:, 0].any()


def test_names_that_there_are_not() -> None:
    with pytest.raises(KeyError, match="nearest is 'momentum'"):
        Playbook.of(replace(CONFIG, strategies=replace(CONFIG.strategies, names=("momentun",))), CATALOGUE)
    with pytest.raises(KeyError, match="nearest is 'three'"):
        Playbook.of(replace(CONFIG, regime=RegimeConfig(detector="tree", persistence_bars=1)), CATALOGUE)


def test_what_is_remembered_follows_its_symbol_and_is_dropped_with_its_strategies() -> None:
    state = State()
    state.select(("AAA", "BBB"))
    state.remember(("ma_cross",), "three", ("a", "b"))
    state.regimes[0], state.selection.chosen[0] = 7, 1
    state.select(("CCC", "AAA"))
    assert (state.regimes[1] == 7).all() and state.selection.chosen[1] == 1
    assert state.regimes[0].tolist() == new_state(1)[0].tolist() and state.selection.chosen[0] == -1
    state.remember(("ma_cross",), "three", ("a", "b"))
    assert (state.regimes[1] == 7).all()
    state.remember(("ma_cross", "kalman_ma"), "three", ("a", "b"))
    assert state.regimes.tolist() == new_state(2).tolist()
    assert state.selection.ledger.shape[:2] == (2, 2)
