"""Which symbols belong together, for the fast backtest: sectors as they stand, groups as each session finds them (core/risk/history.py)."""

from __future__ import annotations

import numpy as np

from tradebot.core.domain.bars import MarketGrid
from tradebot.core.risk.exposure import sector_of
from tradebot.core.risk.history import RiskHistory
from tradebot.core.risk.limits import LimitsConfig
from tradebot.core.risk.limits.config import OFF
from tradebot.sim.scan.layout import Bool, Int


def sectors_of(config: LimitsConfig, symbols: tuple[str, ...]) -> Int:
    """(N,) a number for each symbol's sector; (0,) where the limit on sectors is off."""
    if config.sector_fraction_max == OFF:
        return np.zeros(0, np.int64)
    names = [sector_of(config, symbol) for symbol in symbols]
    return np.array([names.index(name) for name in names], np.int64)


def groups_by_session(config: LimitsConfig, grid: MarketGrid, first_minute: int) -> Int:
    """(S, N) each traded session's groups, as `RiskHistory` has them while it lasts; (0, 0) where the limit on groups is off.

    A session before `first_minute` without any bar isn't perceived, so it is no session here either.
    """
    if config.group_fraction_max == OFF:
        return np.zeros((0, 0), np.int64)
    history, marks, rows = RiskHistory(), np.zeros(len(grid.symbols), np.int64), list[list[int]]()
    named = [config.groups.get(symbol) for symbol in grid.symbols]
    for s, session in enumerate(grid.sessions):
        start, stop = grid.session_of.searchsorted([s, s + 1]).tolist()
        present, closes = grid.present[start:stop], grid.close[start:stop]
        had: Bool = np.logical_or.reduce(present, axis=0)
        if start == stop or (start < first_minute and not had.any()):
            continue
        history.see(session.date, marks, had, config.group_correlation_min)
        if start >= first_minute:
            codes = history.groups.tolist()
            rows.append([codes[n] if name is None else len(named) + named.index(name) for n, name in enumerate(named)])
        last = np.where(present, np.arange(stop - start)[:, None], -1).max(axis=0)
        marks[had] = closes[last[had], np.flatnonzero(had)]
    return np.array(rows, np.int64).reshape(-1, len(grid.symbols))
