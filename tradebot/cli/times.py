"""Instants as people read them."""

from __future__ import annotations

import datetime as dt

from tradebot.core.domain.units import NS_PER_S


def utc_minute(ts_ns: int) -> str:
    """ "2013-10-04 13:30Z", or "" for no instant."""
    return f"{_utc(ts_ns):%Y-%m-%d %H:%MZ}" if ts_ns else ""


def new_york_text(ts_ns: int) -> str:
    """Exchange wall time to the second: "2013-10-04 09:30:00 EDT"."""
    from zoneinfo import ZoneInfo

    return f"{_utc(ts_ns).astimezone(ZoneInfo('America/New_York')):%Y-%m-%d %H:%M:%S %Z}"


def _utc(ts_ns: int) -> dt.datetime:
    return dt.datetime.fromtimestamp(ts_ns // NS_PER_S, dt.UTC)
