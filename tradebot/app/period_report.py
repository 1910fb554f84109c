"""`report`: what a day or a week came to, from the journal: books, trades, attribution, costs, the model's health, safety, jobs.

Realised P&L is that of trades that ended in the period, before fees; fees are what the broker posted in it.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from tradebot.app.costs import costs
from tradebot.app.forecast_health import Forecasts, calibration, drifted, gather
from tradebot.app.honesty import judge
from tradebot.app.recorded_day import recorded_day
from tradebot.app.replay import span
from tradebot.core.domain.faults import OperatorFault
from tradebot.core.domain.trade import Trade
from tradebot.core.domain.units import NS_PER_S
from tradebot.settings import Settings, load_settings, read_environment
from tradebot.shell.store import reads
from tradebot.shell.store.day import span_text
from tradebot.shell.store.explained import decision_minutes
from tradebot.shell.store.period import books_before, fees_posted, out_of_the_ordinary, trades_touched
from tradebot.shell.store.reads import reading

REFERENCE_DAYS: Final = 10  # before the period: what drift is measured against
ROWS_MAX: Final = 200  # of a list; the figures count all

Row = dict[str, Any]


def report_period(profile: str, *, day: dt.date | None = None, week: dt.date | None = None, html: Path | None = None) -> dict[str, Any]:
    """Of a day, by default the newest recorded, or of the week from Monday that holds a day; `html` gets it as a page.

    Raises OperatorFault where the journal holds nothing of it, or the page can't be written.
    """
    if day and week:
        raise OperatorFault("a report is of a --day or of a --week, not of both")
    settings = load_settings(profile, read_environment())
    with reading(settings.journal_url) as connection:
        first, last = _dates(connection, settings, day, week)
        told = _told(connection, settings, first, last)
    told["costs"] = _costs(profile, first, last)
    told["honesty"] = _honesty(profile)
    told["jobs"] = [
        {"job": job["job"], "session": job["session"], "outcome": job["outcome"], "reason": job["reason"], "at_ns": job["ts_ns"]}
        for job in reads.jobs(settings.journal_url)
        if first.isoformat() <= job["session"] <= last.isoformat()
    ]
    if html is not None:
        from tradebot.app.period_page import write_page

        write_page(html, told)
    return told


def _dates(connection: Connection, settings: Settings, day: dt.date | None, week: dt.date | None) -> tuple[dt.date, dt.date]:
    if week is None:
        date = day or recorded_day(connection, settings, None).date
        return date, date
    monday = week - dt.timedelta(days=week.weekday())
    return monday, monday + dt.timedelta(days=6)


def _told(connection: Connection, settings: Settings, first: dt.date, last: dt.date) -> dict[str, Any]:
    first_ns, end_ns = span(settings, first)[0], span(settings, last)[1]
    if not decision_minutes(connection, first_ns, end_ns):
        when = f"{first}" if first == last else f"the week from {first}"
        raise OperatorFault(f"the journal holds no decision of {when}: {span_text(settings.journal_url)}")
    zone = ZoneInfo(settings.timetable.zone)
    touched = [t for t in trades_touched(connection, first_ns, end_ns) if t.status == "OPEN" or t.exit_ns >= first_ns]
    ended = [t for t in touched if t.status == "CLOSED" and t.exit_ns < end_ns]
    forecasts = gather(connection, first_ns, end_ns)
    before = gather(connection, span(settings, first - dt.timedelta(days=REFERENCE_DAYS))[0], first_ns)
    books = books_before(connection, end_ns)
    odd = out_of_the_ordinary(connection, first_ns, end_ns)
    return {
        "report": {
            "profile": settings.profile,
            "first_day": first.isoformat(),
            "last_day": last.isoformat(),
            "decisions": forecasts.decisions,
            "entries": sum(first_ns <= t.entry_ns < end_ns for t in touched),
            "trades_ended": len(ended),
            "won": sum(t.pnl_units > 0 for t in ended),
            "realised_units": sum(t.pnl_units for t in ended),
            "posted_units": fees_posted(connection, first_ns, end_ns),
            "books_compared_ns": books.ts_event_ns if books is not None else None,
            "cash_units": books.cash_units if books is not None else None,
            "safety_events": len(odd),
        },
        "positions": [
            {"symbol": fact.symbol, "qty": fact.qty, "cost_units": fact.cost_units}
            for fact in (books.positions if books is not None else ())
        ],
        "by_strategy": _by(ended, "strategy", lambda t: forecasts.leader_of(t.trade_id)),
        "by_symbol": _by(ended, "symbol", lambda t: t.symbol),
        "by_hour": sorted(
            _by(ended, "entered_in_hour", lambda t: f"{dt.datetime.fromtimestamp(t.entry_ns // NS_PER_S, zone):%H}:00"),
            key=lambda row: str(row["entered_in_hour"]),
        ),
        "by_end": _by(ended, "ended_by", lambda t: t.exit_reason),
        "model": _model(forecasts),
        "calibration": calibration([(t.confidence, t.pnl_units > 0) for t in ended]),
        "drift": drifted(before, forecasts),
        "safety": odd[:ROWS_MAX],
        "trades": [_trade(t) for t in touched[:ROWS_MAX]],
    }


def _by(trades: Sequence[Trade], title: str, name_of: Callable[[Trade], str]) -> list[Row]:
    """P&L by name, the most first."""
    groups: defaultdict[str, list[Trade]] = defaultdict(list)
    for trade in trades:
        groups[name_of(trade)].append(trade)
    rows = [
        {title: name, "trades": len(own), "won": sum(t.pnl_units > 0 for t in own), "pnl_units": sum(t.pnl_units for t in own)}
        for name, own in groups.items()
    ]
    return sorted(rows, key=lambda row: (-int(str(row["pnl_units"])), str(row[title])))


def _model(forecasts: Forecasts) -> Row:
    return {
        "models": sorted(forecasts.models),
        "forecasts": forecasts.rows,
        "known": forecasts.known,
        "above_threshold": forecasts.above,
    }


def _trade(trade: Trade) -> Row:
    return {
        "symbol": trade.symbol,
        "side": trade.side.value,
        "qty": trade.qty,
        "entered_ns": trade.entry_ns,
        "entry_units": trade.entry_units,
        "left_ns": trade.exit_ns or None,
        "exit_units": trade.exit_units if trade.exit_qty else None,
        "ended_by": trade.exit_reason,
        "status": trade.status,
        "pnl_units": trade.pnl_units,
    }


def _costs(profile: str, first: dt.date, last: dt.date) -> Row:
    try:
        found: Row = costs(profile, first=first, last=last)["costs"]
    except OperatorFault as none:
        return {"none": str(none)}
    return found


def _honesty(profile: str) -> Row:
    """The latest walk-forward's verdict, or why there is none."""
    try:
        found = judge(profile, run="", html=None, say=lambda line: None)
    except OperatorFault as none:
        return {"verdict": "none", "reason": str(none)}
    return {"verdict": found.verdict.word, "reason": found.verdict.reason, "source": found.source}
