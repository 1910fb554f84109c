"""A model's features as a network reads them: one sequence for each timeframe, oldest bar first, then the plain columns."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from tradebot.core.domain.bars import Float
from tradebot.core.domain.faults import OperatorFault
from tradebot.core.features.lag_names import CHANNELS, LAGS, lag_name
from tradebot.serving.artefacts.network import Reading


class Order(NamedTuple):
    """Places of the columns in the network's order, and what they are."""

    columns: tuple[int, ...]
    sequences: tuple[tuple[int, int], ...]  # (bars, channels)
    statics: int


def order_of(features: tuple[str, ...], kind: str, width: int) -> Order:
    """The order of rows (N, width) with these features first; what follows them, as a leak alarm's noise does, is plain.

    Raises OperatorFault where the features have no sequence, or one with a gap.
    """
    assert width >= len(features), f"rows of {width} columns are not those of {len(features)} features"
    place = {name: i for i, name in enumerate(features)}
    columns: list[int] = []
    sequences = []
    for timeframe, lags in LAGS.items():
        there = [c for c in CHANNELS if any(lag_name(timeframe, c, lag) in place for lag in range(lags))]
        if not there:
            continue
        bars = max(lag for lag in range(lags) if lag_name(timeframe, there[0], lag) in place) + 1
        names = [lag_name(timeframe, channel, lag) for lag in reversed(range(bars)) for channel in there]
        missing = [name for name in names if name not in place]
        longer = [n for c in there for lag in range(bars, lags) if (n := lag_name(timeframe, c, lag)) in place]
        if missing or longer:
            raise OperatorFault(f"the sequence of {timeframe} in model.features has a gap: see {(missing or longer)[0]}")
        columns += [place[name] for name in names]
        sequences.append((bars, len(there)))
    if not sequences:
        raise OperatorFault(f'a model of kind {kind} reads sequences: name lags in model.features, or a set with them such as "sequence"')
    plain = sorted(set(range(width)) - set(columns))
    return Order((*columns, *plain), tuple(sequences), len(plain))


def reading_of(values: Float, order: Order) -> Reading:
    """Mean and standard deviation of each column over the training rows (R, F); 1 for a constant one."""
    columns = np.array(order.columns, np.int64)
    mean, scale = values.mean(axis=0)[columns], values.std(axis=0)[columns]
    return Reading(values.shape[1], columns, mean, np.where(scale > 0.0, scale, 1.0))
