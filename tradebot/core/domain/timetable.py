"""The day's instants, from the session table: a half day moves the close and the flatten, DST moves the rest."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Annotated
from zoneinfo import ZoneInfo

from annotated_types import Predicate

from tradebot.core.domain.events import TickKind
from tradebot.core.domain.session import Session
from tradebot.core.domain.units import NS_PER_MINUTE, NS_PER_S


def is_time_of_day(text: str) -> bool:
    """True for "HH:MM" or "HH:MM:SS"."""
    try:
        dt.time.fromisoformat(text)
    except ValueError:
        return False
    return True


@dataclass(frozen=True, slots=True, kw_only=True)
class TimetableConfig:
    """Wall-clock times in `zone` on the session's date (SYSTEMS.md section 0)."""

    rebalance: Annotated[str, Predicate(is_time_of_day)] = "04:00"
    retrain: Annotated[str, Predicate(is_time_of_day)] = "20:00"
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


def _instant_ns(date: dt.date, time_of_day: str, zone: str) -> int:
    local = dt.datetime.combine(date, dt.time.fromisoformat(time_of_day), ZoneInfo(zone))
    return int(local.timestamp()) * NS_PER_S
