"""Two alarms without statistics: what was known at a minute must not depend on what came after it.

future_shift     features computed again on bars that end at a cut are, at every minute before it, the bits of the full computation,
                 and the training's own rows are those bits
label_maturity   labels computed again on bars that end at a cut are the same wherever the label says that it was known by then:
                 the purge of every split leans on that instant
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import numpy as np

from tradebot.core.domain.bars import Bool, Float, Int, MarketGrid
from tradebot.core.domain.faults import OperatorFault
from tradebot.core.domain.units import NS_PER_MINUTE
from tradebot.learning.alarms.alarm import Alarm, AlarmConfig, not_measured
from tradebot.learning.alarms.futures import mirrored
from tradebot.learning.grids import minutes_of

FUTURE_SHIFT = "future_shift"
LABEL_MATURITY = "label_maturity"


class Labelled(Protocol):
    """R rows with features and labels, as a `learning.dataset.Dataset` or a `learning.selector.dataset.SelectorDataset` has them."""

    @property
    def minute_ns(self) -> Int: ...
    @property
    def symbol_of(self) -> Int: ...
    @property
    def rows(self) -> Float: ...
    @property
    def end_ns(self) -> Int: ...
    @property
    def features(self) -> tuple[str, ...]: ...


Scan = Callable[[MarketGrid], Float]
"""Features of a grid (T, N, F), in the order of the data set's columns."""


def future_shift(data: Labelled, grid: MarketGrid, scan: Scan, config: AlarmConfig) -> Alarm:
    """`figure` counts the values that differ, `bound` is 0. Compares at seeded cuts, each inside a session."""
    known = _affordable(grid, len(data.features), config)
    full = scan(known)
    places, inside = _places(data.minute_ns, data.symbol_of, known)
    own = data.rows[inside], full[places[inside], data.symbol_of[inside]]
    wrong = int((~_same(*own)).sum())
    first = f"{_name(data, np.argwhere(~_same(*own))[0, 1])} of the training's own rows" if wrong else ""
    compared, cuts = own[0].size, _cuts(known, config)
    for cut in cuts:
        past = scan(minutes_of(known, 0, cut))
        differ = np.argwhere(~_same(past, full[:cut]))
        compared += past.size
        wrong += len(differ)
        if len(differ) and not first:
            t, n, f = differ[0]
            first = f"{_name(data, f)} of {known.symbols[n]}, {cut - t} minutes before the bars end"
    if wrong:
        return Alarm(FUTURE_SHIFT, True, float(wrong), 0.0, f"{wrong} of {compared} values change with later bars; the first: {first}")
    if not np.isfinite(full[: max(cuts, default=0)]).any():
        return not_measured(FUTURE_SHIFT, f"no feature has warmed up in {len(known.sessions)} sessions")
    return Alarm(FUTURE_SHIFT, False, 0.0, 0.0, f"{compared} values are the same on bars that end at any of {len(cuts)} cuts")


def label_maturity(
    data: Labelled, target: Float, grid: MarketGrid, again: Callable[[MarketGrid], tuple[Labelled, Float]], config: AlarmConfig
) -> Alarm:
    """`figure` counts labels that were said to be known at a cut and change with the bars after it, or vanish; `bound` is 0.

    `target` (R,) belongs to `data`; `again` makes both from a grid.
    """
    known = _affordable(grid, len(data.features), config)
    asked = wrong = 0
    for cut in _cuts(known, config):
        cut_ns = int(known.minute_ns[cut - 1]) + NS_PER_MINUTE
        try:
            other, other_target = again(mirrored(known, cut))
        except OperatorFault as fault:
            return not_measured(LABEL_MATURITY, str(fault))
        mature = data.end_ns <= cut_ns
        ours = _keys(data, mature, grid)
        _, at, also = np.intersect1d(ours, _keys(other, other.end_ns > 0, grid), assume_unique=True, return_indices=True)
        asked += len(ours)
        wrong += int((~_same(target[mature][at], other_target[also])).sum()) + len(ours) - len(at)
    if not asked:
        return not_measured(LABEL_MATURITY, "no label is known by the middle of the bars")
    if wrong:
        told = f"{wrong} of {asked} labels that were said to be known change with later bars"
        return Alarm(LABEL_MATURITY, True, float(wrong), 0.0, told)
    return Alarm(LABEL_MATURITY, False, 0.0, 0.0, f"{asked} labels don't change with what came after they were known")


def _affordable(grid: MarketGrid, features: int, config: AlarmConfig) -> MarketGrid:
    """The first sessions of a grid, from the same cold start, as many as may be computed again."""
    minutes_max = config.values_max // max(1, features * len(grid.symbols))
    if len(grid.minute_ns) <= minutes_max:
        return grid
    ends = np.searchsorted(grid.session_of, np.arange(1, len(grid.sessions) + 1))
    return minutes_of(grid, 0, int(ends[max(0, int(np.searchsorted(ends, minutes_max, side="right")) - 1)]))


def _cuts(grid: MarketGrid, config: AlarmConfig) -> list[int]:
    """Row counts to cut a grid at, in its later half, where warm-ups are over."""
    minutes = len(grid.minute_ns)
    middle = minutes // 2
    return sorted((middle + np.random.default_rng(config.seed).integers(0, max(1, minutes - middle), config.cuts)).tolist())


def _places(minute_ns: Int, symbol_of: Int, grid: MarketGrid) -> tuple[Int, Bool]:
    """Each row's minute in the grid, and whether the grid has it."""
    at = np.minimum(np.searchsorted(grid.minute_ns, minute_ns), max(len(grid.minute_ns) - 1, 0))
    return at, (grid.minute_ns[at] == minute_ns) & (symbol_of < len(grid.symbols))


def _keys(data: Labelled, where: Bool, grid: MarketGrid) -> Int:
    return np.asarray(data.minute_ns[where] // NS_PER_MINUTE * len(grid.symbols) + data.symbol_of[where], np.int64)


def _same(a: Float, b: Float) -> Bool:
    return np.asarray((a == b) | (np.isnan(a) & np.isnan(b)), np.bool_)


def _name(data: Labelled, column: int) -> str:
    return data.features[column]
