"""Rows of the meta-selector: one for each symbol and hour, labelled by the strategy that earned most in the hour after it.

A row's features are those of a decision minute (session open + a whole number of hours), known at its end. What is decided then is
filled at the next bar, so the hour is the 60 minutes after the decision minute, cut at the session's end (the hour of 15:30 ends at 16:00).
The label is the strategy with the largest net P&L in it, "flat" when none is above 0, the first among equals. `end_ns`, the end of that
hour, is when the label was known: splits purge by it. (seeds/000 "Training Methodology"; SYSTEMS.md section 1.)
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from tradebot.core.domain.bars import Bool, Float, Int
from tradebot.core.domain.faults import OperatorFault
from tradebot.core.domain.units import NS_PER_MINUTE
from tradebot.core.selection.performance import BLOCK_NS
from tradebot.serving.manifest import SymbolData

FLAT: Final = "flat"


@dataclass(frozen=True, slots=True)
class SelectorDataset:
    """R rows in order of time, then of symbol; K strategies, and the class K, flat."""

    minute_ns: Int  # (R,) the decision minute
    symbol_of: Int  # (R,)
    session_of: Int  # (R,)
    rows: Float  # (R, F)
    label: Int  # (R,) in 0..K
    net: Float  # (R, K) net P&L of each strategy in the next hour, as a fraction
    end_ns: Int  # (R,)
    features: tuple[str, ...]
    strategies: tuple[str, ...]
    data: dict[str, SymbolData] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.minute_ns)

    @property
    def classes(self) -> tuple[str, ...]:
        return (*self.strategies, FLAT)


def selector_dataset(
    minute_ns: Int,
    session_of: Int,
    bar_pnl: Float,
    features: Float,
    valid: Bool,
    feature_names: tuple[str, ...],
    strategies: tuple[str, ...],
    *,
    now_ns: int | None = None,
    data: Mapping[str, SymbolData] | None = None,
) -> SelectorDataset:
    """Rows from minutes (T,) with their session (T,), bar P&L (T, N, K), features (T, N, F) and their validity (T, N).

    The grid has every regular minute of its sessions (`core.domain.bars.market_grid`), so a session's first row is its open. Only labels
    that were known at `now_ns` enter (default: the end of the last minute). Raises OperatorFault for a feature that is not finite.
    """
    assert bar_pnl.shape[:2] == features.shape[:2] == valid.shape == (len(minute_ns), bar_pnl.shape[1]), "arrays differ in shape"
    assert bar_pnl.shape[2] == len(strategies), "one P&L for each strategy"
    assert features.shape[2] == len(feature_names), "one column for each name"
    if not len(minute_ns):
        return _rows(minute_ns, session_of, bar_pnl, features, valid, feature_names, strategies, np.zeros(0, np.int64), data)
    known_ns = int(minute_ns[-1]) + NS_PER_MINUTE if now_ns is None else now_ns
    first = np.searchsorted(session_of, session_of, side="left")
    last = np.searchsorted(session_of, session_of, side="right") - 1
    since_open = minute_ns - minute_ns[first]
    hour_end = np.minimum(np.arange(len(minute_ns)) + BLOCK_NS // NS_PER_MINUTE, last)
    decides = (since_open % BLOCK_NS == 0) & (hour_end > np.arange(len(minute_ns))) & (minute_ns[hour_end] + NS_PER_MINUTE <= known_ns)
    return _rows(minute_ns, session_of, bar_pnl, features, valid & decides[:, None], feature_names, strategies, hour_end, data)


def _rows(
    minute_ns: Int,
    session_of: Int,
    bar_pnl: Float,
    features: Float,
    chosen: Bool,
    feature_names: tuple[str, ...],
    strategies: tuple[str, ...],
    hour_end: Int,
    data: Mapping[str, SymbolData] | None,
) -> SelectorDataset:
    t, n = np.nonzero(chosen)
    rows = features[t, n]
    bad = np.argwhere(~np.isfinite(rows))
    if len(bad):
        row, column = bad[0]
        raise OperatorFault(f"feature {feature_names[column]} is not finite at minute_ns {minute_ns[t[row]]}, though its row is valid")
    net = np.array([bar_pnl[a + 1 : hour_end[a] + 1, b].sum(axis=0) for a, b in zip(t, n, strict=True)]).reshape(len(t), len(strategies))
    earned = np.concatenate([net, np.zeros((len(t), 1))], axis=1)
    best = np.argmax(net, axis=1) if len(t) else np.zeros(0, np.int64)
    label = np.where(earned.max(axis=1, initial=0.0) > 0.0, best, len(strategies)).astype(np.int64)
    end_ns = minute_ns[hour_end[t]] + NS_PER_MINUTE if len(t) else np.zeros(0, np.int64)
    return SelectorDataset(
        minute_ns[t], n.astype(np.int64), session_of[t], rows, label, net, end_ns, feature_names, strategies, dict(data or {})
    )
