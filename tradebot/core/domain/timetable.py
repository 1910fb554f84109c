"""The day's instants, from the session table: a half day moves the close and the flatten, DST moves the rest."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from tradebot.core.domain.events import TickKind
from tradebot.core.domain.session import Session
from tradebot.core.domain.units import NS_PER_MINUTE, NS_PER_S


@dataclass(frozen=True, slots=True, kw_only=True)
class TimetableConfig:
    """Wall-clock times in `zone` on the session's date (SYSTEMS.md section 0)."""

    rebalance: dt.time = dt.time(4)
    retrain: dt.time = dt.time(20)
    zone: str = "America/New_York"


def day_plan(session: Session, config: TimetableConfig, flatten_before_close_min: int) -> tuple[tuple[int, TickKind], ...]:
    """(due_ns, kind) of one session's ticks in time order."""
    return (
        (_instant_ns(session.date, config.rebalance, config.zone), TickKind.REBALANCE),
        (session.open_ns, TickKind.SESSION_OPEN),
        (session.close_ns - flatten_before_close_min * NS_PER_MINUTE, TickKind.FLATTEN),
        (session.close_ns, TickKind.SESSION_CLOSE),
        (_instant_ns(session.date, config.retrain, config.zone), TickKind.RETRAIN),
    )


def _instant_ns(date: dt.date, time_of_day: dt.time, zone: str) -> int:
    local = dt.datetime.combine(date, time_of_day, ZoneInfo(zone))
    return int(local.timestamp()) * NS_PER_S
