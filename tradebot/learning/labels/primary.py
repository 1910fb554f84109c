"""A primary model for meta-labels: the side that a strategy takes on each bar, the sign of its signal.

Source: Lopez de Prado, Advances in Financial Machine Learning, 3.6: the primary model says which side, the other learns whether to trade.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from tradebot.core.domain.bars import MarketGrid
from tradebot.core.domain.faults import OperatorFault
from tradebot.core.features.catalogue import FEATURES, scan_features
from tradebot.core.strategies.catalogue import evaluate, strategy_by_name


def strategy_sides(grid: MarketGrid, name: str) -> npt.NDArray[np.int8]:
    """(T, N) -1, 0 or 1: the sides of the strategy `name` with its default parameters; 0 where its columns are not ready.

    Raises OperatorFault for a strategy that there isn't; its text names the nearest one.
    """
    try:
        strategy = strategy_by_name(name)
    except KeyError as error:
        raise OperatorFault(f"the primary model: {error.args[0]}") from error
    there = {feature.name for feature in FEATURES}
    columns = strategy.inputs + tuple(c for c in strategy.optional_inputs if c in there)
    values, ready = scan_features(grid, columns)
    signals, valid = evaluate((strategy,), values, {column: i for i, column in enumerate(columns)})
    return np.where(ready & grid.present & valid[..., 0], np.sign(signals[..., 0]), 0.0).astype(np.int8)
