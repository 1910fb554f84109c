"""`costs`: what trading cost, by cause, and the slippage model that the fills support beside the one that the profile assumes."""

from __future__ import annotations

import datetime as dt
import math
from collections import defaultdict
from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from tradebot.core.domain.faults import OperatorFault
from tradebot.core.domain.session import Session, SessionTable
from tradebot.core.domain.units import UNITS_PER_USD
from tradebot.learning.slippage.executions import Market, executions
from tradebot.learning.slippage.model import Prior, SlippageModel, fit_slippage, time_of_day
from tradebot.learning.slippage.shortfall import BPS, Execution, Shortfall, shortfall, total, with_fees
from tradebot.settings import Settings, load_settings, read_environment
from tradebot.shell.calendar import session_table
from tradebot.shell.store.bar_file import bar_files
from tradebot.shell.store.bars import read_bar_folder
from tradebot.shell.store.evidence import traded
from tradebot.sim.impact import CROSSOVER, LOOK_BACK_SESSIONS, impact_tables

_BEFORE_NS: Final = 6 * 3_600 * 10**9  # the rebalance lies before the open
_AFTER_NS: Final = 12 * 3_600 * 10**9  # fees are posted in the evening
_PAST: Final = dt.timedelta(days=2 * LOOK_BACK_SESSIONS)
PRIOR_SD: Final = (2.0, 0.5)  # of the half-spread as a multiple of the profile's, and of Y


def costs(profile: str, *, first: dt.date | None, last: dt.date | None) -> dict[str, Any]:
    """The report of the journal's fills in the sessions from `first` to `last`, by default all. Raises OperatorFault without any."""
    settings = load_settings(profile, read_environment())
    if first and last and first > last:
        raise OperatorFault(f"--first {first} is after --last {last}")
    table = session_table(first or dt.date(2004, 1, 1), last or dt.datetime.now(dt.UTC).date())
    if not table.sessions:
        raise OperatorFault(f"there is no session from {first} to {last}")
    span = table.sessions[0].open_ns - _BEFORE_NS, table.sessions[-1].close_ns + _AFTER_NS
    found = traded(settings.journal_url, *span)
    done = executions(found.fills, found.intents, found.resting_units, Market(found.minutes), settings.costs.half_spread_bps)
    if not done:
        raise OperatorFault(f"the journal of {settings.profile} has no fills in these sessions")
    done = with_fees(done, -sum(event.amount_units for event in found.posted if event.kind == "FEE"))
    sessions = _sessions_of(done, table)
    model = _fit(done, sessions, settings)
    return {
        "costs": {
            "profile": settings.profile,
            "first_session": min(sessions.values(), key=lambda s: s.date).date.isoformat(),
            "last_session": max(sessions.values(), key=lambda s: s.date).date.isoformat(),
            **_row(total(done)),
            "quoted_fills": sum(e.is_quoted for e in done),
            "cash_posted_usd": sum(event.amount_units for event in found.posted) / UNITS_PER_USD,
        },
        "by_symbol": _grouped(done, lambda e: e.symbol, "symbol"),
        "by_role": _grouped(done, lambda e: e.role, "role"),
        "slippage": _plain(model, settings),
    }


def _grouped(done: Sequence[Execution], name_of: Any, title: str) -> list[dict[str, Any]]:
    parts: defaultdict[str, Shortfall] = defaultdict(Shortfall)
    for execution in done:
        parts[name_of(execution)] += shortfall(execution)
    return [{title: name} | _row(part) for name, part in sorted(parts.items())]


def _row(part: Shortfall) -> dict[str, Any]:
    """Dollars and basis points; a cost is positive."""
    return {
        "fills": part.fills,
        "shares": part.shares,
        "notional_usd": part.notional_units / UNITS_PER_USD,
        "total_usd": part.total_units / UNITS_PER_USD,
        "delay_bps": part.bps(part.delay_units),
        "spread_bps": part.bps(part.spread_units),
        "impact_bps": part.bps(part.impact_units),
        "fee_bps": part.bps(part.fee_units),
        "total_bps": part.bps(part.total_units),
    }


def _sessions_of(done: Sequence[Execution], table: SessionTable) -> dict[str, Session]:
    """The session of each fill by its id; a fill outside every session (none should be) belongs to the one before."""
    out = {}
    for execution in done:
        session = table.at(execution.ts_ns) or max((s for s in table.sessions if s.open_ns <= execution.ts_ns), key=lambda s: s.open_ns)
        out[execution.fill_id] = session
    return out


def _fit(done: Sequence[Execution], sessions: dict[str, Session], settings: Settings) -> SlippageModel:
    """On fills of orders that crossed the spread: what a resting target earns is no slippage."""
    crossing = [e for e in done if e.role != "target"]
    x = _impact_regressor(crossing, sessions, settings)
    keys, cost = [], []
    for execution in crossing:
        session, lost = sessions[execution.fill_id], shortfall(execution)
        keys.append((execution.symbol, time_of_day(session.minute_index(execution.ts_ns), session.minutes)))
        cost.append((lost.spread_units + lost.impact_units) / (execution.qty * execution.arrival_units) * BPS)
    guess = settings.costs.half_spread_bps
    prior = Prior(guess, max(guess, 0.1) * PRIOR_SD[0], settings.costs.impact_y, PRIOR_SD[1])
    return fit_slippage(keys, np.array(cost), x, prior)


def _impact_regressor(done: Sequence[Execution], sessions: dict[str, Session], settings: Settings) -> np.ndarray[Any, np.dtype[np.float64]]:
    """sigma_day_bps * min(sqrt(q), q / sqrt(crossover)) by fill; 0 where the folder of bars says nothing of the sessions before."""
    x = np.zeros(len(done))
    folder = settings.data.folder
    known = {file.symbol for file in bar_files(folder)} if folder.is_dir() else set()
    symbols = sorted({e.symbol for e in done} & known)
    if not symbols:
        return x
    days = sorted({s.date for s in sessions.values()})
    table = session_table(days[0] - _PAST, days[-1]).sessions
    tables = impact_tables(read_bar_folder(folder, symbols), table)
    row_of = {session.date: n for n, session in enumerate(table)}
    for n, execution in enumerate(done):
        if execution.symbol in symbols:
            s, i = row_of[sessions[execution.fill_id].date], symbols.index(execution.symbol)
            sigma, adv = float(tables.sigma_day_fraction[s, i]), float(tables.adv_shares[s, i])
            q = execution.qty / adv if adv else 0.0
            x[n] = sigma * BPS * min(math.sqrt(q), q / math.sqrt(CROSSOVER))
    return x


def _plain(model: SlippageModel, settings: Settings) -> dict[str, Any]:
    assumed = settings.costs
    return {
        "fills": model.fills,
        "noise_bps": model.noise_bps,
        "impact_y": model.impact_y,
        "impact_y_sd": model.impact_y_sd,
        "impact_y_assumed": assumed.impact_y,
        "half_spread_bps_assumed": assumed.half_spread_bps,
        "half_spreads": [
            {"symbol": b.symbol, "time": b.time, "fills": b.fills, "half_spread_bps": b.half_spread_bps, "sd_bps": b.sd_bps}
            for b in model.buckets
        ],
    }
