"""The sides of a strategy are the signs of its signals, and meta-labels stand where it takes one."""

from __future__ import annotations

import numpy as np
import pytest

from tests.unit.learning.market import market
from tradebot.core.domain.faults import OperatorFault
from tradebot.core.features.catalogue import scan_features
from tradebot.core.strategies.catalogue import strategy_by_name
from tradebot.learning.config import RoundTripCost, TrainingConfig
from tradebot.learning.dataset import build_dataset
from tradebot.learning.labels import Given
from tradebot.learning.labels.primary import strategy_sides

GRID = market(count=3)
NAME = "ma_cross"


def test_sides_are_the_signs_of_the_signal() -> None:
    sides = strategy_sides(GRID, NAME)
    strategy = strategy_by_name(NAME)
    values, ready = scan_features(GRID, strategy.inputs)
    with np.errstate(all="ignore"):
        signal = strategy.signal(*np.moveaxis(values, -1, 0))
    assert {-1, 1} <= set(np.unique(sides))
    assert np.array_equal(sides[ready & GRID.present], np.sign(signal[ready & GRID.present]).astype(np.int8))
    assert not sides[~(ready & GRID.present)].any()


def test_a_data_set_of_meta_labels_has_only_bars_with_a_side() -> None:
    sides = strategy_sides(GRID, NAME)
    config = TrainingConfig(label="meta_label", horizon_min=30, features=("return_1m", "volatility_20"))
    dataset = build_dataset(GRID, config, RoundTripCost(), given=Given(sides=sides))
    t = np.searchsorted(GRID.minute_ns, dataset.minute_ns)
    assert len(dataset)
    assert (sides[t, dataset.symbol_of] != 0).all()
    assert np.array_equal(dataset.target == 1, dataset.net_long > 0)


def test_a_strategy_that_there_is_not_is_named() -> None:
    with pytest.raises(OperatorFault, match="the primary model: there is no strategy 'momentun'; the nearest is"):
        strategy_sides(GRID, "momentun")
