"""Which symbols belong together and what they may lose, for the fast backtest: as each session finds it (core/risk/history.py)."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from typing import NamedTuple

import numpy as np

from tradebot.core.domain.bars import MarketGrid
from tradebot.core.risk.exposure import sector_of
from tradebot.core.risk.history import SESSIONS, RiskHistory, weights_of
from tradebot.core.risk.limits import LimitsConfig
from tradebot.core.risk.limits.config import OFF
from tradebot.core.risk.value_at_risk import normal_quantile
from tradebot.sim.scan.layout import Bool, Int, Risk


def sectors_of(config: LimitsConfig, symbols: tuple[str, ...]) -> Int:
    """(N,) a number for each symbol's sector; (0,) where the limit on sectors is off."""
    if config.sector_fraction_max == OFF:
        return np.zeros(0, np.int64)
    names = [sector_of(config, symbol) for symbol in symbols]
    return np.array([names.index(name) for name in names], np.int64)


class Known(NamedTuple):
    """What each traded session knows of those before it."""

    groups: Int  # (S, N); (0, 0) where the limit on groups is off
    risk: Risk


def known_by_session(config: LimitsConfig, grid: MarketGrid, first_minute: int) -> Known:
    """As `RiskHistory` has it while a session lasts.

    A session before `first_minute` without any bar isn't perceived, so it is none here either.
    """
    groups, histories = list[list[int]](), list[RiskHistory]()
    named = [config.groups.get(symbol) for symbol in grid.symbols]
    history, marks = RiskHistory(), np.zeros(len(grid.symbols), np.int64)
    for s, session in enumerate(grid.sessions if config.needs_history else ()):
        start, stop = grid.session_of.searchsorted([s, s + 1]).tolist()
        present, closes = grid.present[start:stop], grid.close[start:stop]
        had: Bool = np.logical_or.reduce(present, axis=0)
        if start == stop or (start < first_minute and not had.any()):
            continue
        history.see(session.date, marks, had, config.group_correlation_min)
        if start >= first_minute:
            codes = history.groups.tolist()
            groups.append([codes[n] if name is None else len(named) + named.index(name) for n, name in enumerate(named)])
            histories.append(copy(history))
        last = np.where(present, np.arange(stop - start)[:, None], -1).max(axis=0)
        marks[had] = closes[last[had], np.flatnonzero(had)]
    watched = config.group_fraction_max != OFF
    table = np.array(groups, np.int64).reshape(-1, len(grid.symbols)) if watched else np.zeros((0, 0), np.int64)
    return Known(table, _risk(config, histories, len(grid.symbols)) if config.watches_var else _risk(config, [], 0))


def _risk(config: LimitsConfig, histories: Sequence[RiskHistory], symbols: int) -> Risk:
    sessions = len(histories)
    returns, weights = np.full((sessions, SESSIONS, symbols), np.nan), np.zeros((SESSIONS + 1, SESSIONS))
    for s, history in enumerate(histories):
        returns[s, : len(history.returns)] = history.returns
    for count in range(1, SESSIONS + 1):
        weights[count, :count] = weights_of(count)
    return Risk(
        returns,
        np.array([len(history.returns) for history in histories], np.int64),
        np.array([history.known() for history in histories], np.bool_).reshape(sessions, symbols),
        np.array([history.variances for history in histories], np.float64).reshape(sessions, symbols),
        np.array([history.shrinkage for history in histories], np.float64),
        weights,
        np.zeros(symbols),
        np.zeros(SESSIONS),
        normal_quantile(config.var_confidence),
        float(config.unknown_volatility_fraction),
        float(config.var_confidence),
    )
