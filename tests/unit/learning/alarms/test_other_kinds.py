"""The alarms of a meta-selector and of learned regimes: quiet on a clean market, rung where labels know too much."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.golden.strategy_sample import engine_config
from tests.unit.learning.market import market
from tradebot.core.domain.bars import MarketGrid
from tradebot.core.features.catalogue import FEATURES
from tradebot.core.opinions.playbook import Playbook
from tradebot.learning.alarms.alarm import Alarm, AlarmConfig
from tradebot.learning.alarms.regimes import run_regime_alarms
from tradebot.learning.alarms.selector import run_selector_alarms
from tradebot.learning.regimes.config import RegimesConfig
from tradebot.learning.selector.config import SelectorConfig
from tradebot.learning.selector.dataset import SelectorDataset
from tradebot.learning.selector.history import learn_hours

CONFIG = SelectorConfig(trees=20, depth=4, min_leaf=5, rows_min=20, test_fraction=0.3)
ALARMS = AlarmConfig(trees_max=10)
NAMES = ("momentum", "mean_reversion", "volatility_breakout")
COLUMNS = ("return_1m", "volatility_20", "zscore_20", "volume_ratio", "minutes_to_close")


@pytest.fixture(scope="module")
def grid() -> MarketGrid:
    return market(24)


@pytest.fixture(scope="module")
def playbook() -> Playbook:
    config = engine_config("performance", NAMES).playbook
    assert config is not None
    return Playbook.of(config, tuple(f.name for f in FEATURES))


@pytest.fixture(scope="module")
def hours(grid: MarketGrid, playbook: Playbook) -> SelectorDataset:
    return learn_hours(grid, playbook, COLUMNS)


def by_name(alarms: tuple[Alarm, ...]) -> dict[str, Alarm]:
    return {a.name: a for a in alarms}


def test_a_clean_selector_is_quiet(hours: SelectorDataset, grid: MarketGrid, playbook: Playbook) -> None:
    alarms = run_selector_alarms(hours, grid, playbook, CONFIG, alarms=ALARMS)
    assert not [a for a in alarms if a.rang]
    assert all(a.measured for a in alarms), [a.sentence for a in alarms if not a.measured]
    assert len(alarms) == 8


def test_hours_that_end_later_than_they_say_ring(hours: SelectorDataset, grid: MarketGrid, playbook: Playbook) -> None:
    hasty = replace(hours, end_ns=hours.minute_ns + 60 * 10**9)
    assert by_name(run_selector_alarms(hasty, grid, playbook, CONFIG, alarms=ALARMS))["label_maturity"].rang


def test_a_favourite_that_is_an_hour_late_rings(hours: SelectorDataset, grid: MarketGrid, playbook: Playbook) -> None:
    """What is predicted from the row before is what the row's own label and net say."""
    order = np.lexsort((hours.minute_ns, hours.symbol_of, hours.session_of))
    follower = order[1:][np.diff(hours.symbol_of[order]) == 0]
    leader = order[:-1][np.diff(hours.symbol_of[order]) == 0]
    rows = hours.rows.copy()
    rows[leader, 0] = hours.label[follower]

    def predict(some: np.ndarray) -> np.ndarray:
        return (some[:, :1] == np.arange(len(NAMES) + 1)).astype(np.float64)

    alarms = replace(ALARMS, sessions_enough=4)  # the held-out sessions alone: only they may be asked of a fitted model
    found = by_name(run_selector_alarms(replace(hours, rows=rows), grid, playbook, CONFIG, predict=predict, alarms=alarms))
    assert found["one_bar_delay"].rang and found["one_bar_delay_net"].rang
    assert found["future_shift"].rang, "and the rows are not what the bars give"


def test_clean_regimes_are_quiet(grid: MarketGrid) -> None:
    alarms = run_regime_alarms(grid, RegimesConfig(trees=20, rows_min=50), alarms=ALARMS)
    assert not [a for a in alarms if a.rang]
    assert [a.name for a in alarms if not a.measured] == ["one_bar_delay_net"]
