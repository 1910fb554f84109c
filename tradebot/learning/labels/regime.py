"""The regime in horizon_min minutes: that of the last bar up to minute t + horizon_min, as a detector names it when that bar is there.

The regimes of the bars may be given (learned ones are: they need a model); else the rule `three` names them. No label where the horizon
leaves the session or the data, and where no bar of the horizon has a regime.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from tradebot.core.domain.bars import MarketGrid
from tradebot.core.features.catalogue import scan_features
from tradebot.core.regime.catalogue import detector_by_name
from tradebot.core.regime.detector import UNKNOWN, detect
from tradebot.learning.config import RoundTripCost, TrainingConfig
from tradebot.learning.labels.forward import forward_trades
from tradebot.learning.labels.label import Given, Labels

_RULE = "three"


def regimes_of(grid: MarketGrid, detector: str) -> tuple[npt.NDArray[np.int8], tuple[str, ...]]:
    """What the rule `detector` names each bar (T, N), -1 where it can't, and the names. Raises KeyError for a rule that there isn't."""
    rule = detector_by_name(detector)
    values, ready = scan_features(grid, rule.inputs)
    seen = detect(rule, values, {name: i for i, name in enumerate(rule.inputs)})
    return np.where(ready & grid.present, seen, np.int8(UNKNOWN)).astype(np.int8), rule.labels


def regime(grid: MarketGrid, config: TrainingConfig, cost: RoundTripCost, given: Given) -> Labels:
    seen, names = (given.regimes, given.regime_names) if given.regimes is not None else regimes_of(grid, _RULE)
    assert seen.shape == grid.present.shape, "one regime for each bar"
    trades = forward_trades(grid, config.horizon_min)
    net, paid = trades.net(cost)
    minute = np.arange(len(seen))
    newest = np.maximum.accumulate(np.where(seen != UNKNOWN, minute[:, None], -1), axis=0)  # (T, N) row of the last known regime
    ahead = newest[np.minimum(minute + config.horizon_min, len(seen) - 1)] if len(seen) else newest
    valid = trades.valid & (ahead > minute[:, None])
    coming = np.take_along_axis(seen, np.maximum(ahead, 0), axis=0)
    target, net, paid = (np.where(valid, x, np.nan) for x in (coming, net, paid))
    parameters = {"horizon_min": float(config.horizon_min)}
    return Labels("regime", parameters, target, valid, trades.end_ns, net, paid, "classes", names)
