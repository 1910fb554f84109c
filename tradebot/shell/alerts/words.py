"""An alert as a person reads it: what, how often, since when, what to do, how to acknowledge."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

from tradebot.core.domain.units import NS_PER_S
from tradebot.shell.alerts.catalogue import find
from tradebot.shell.alerts.notices import Line

TITLE_CHARS_MAX = 120


def title_of(profile: str, lines: tuple[Line, ...]) -> str:
    """One line: the alert itself, or how many there are."""
    if len(lines) == 1:
        title = f"tradebot {profile}, {lines[0].severity}: {lines[0].text}"
        return title if len(title) <= TITLE_CHARS_MAX else f"{title[: TITLE_CHARS_MAX - 3]}..."
    critical = sum(line.severity == "critical" for line in lines)
    return f"tradebot {profile}: {len(lines)} alerts{f', {critical} critical' if critical else ''}"


def body_of(profile: str, zone: str, lines: tuple[Line, ...]) -> str:
    """Each alert with its number, and what to do about it."""
    said = []
    for line in lines:
        often = "" if line.count == 1 else f" ({line.count} times, first at {_clock(line.first_ns, zone)})"
        entry = find(line.severity, line.text)
        said.append(f"#{line.id} {line.severity}, {_clock(line.first_ns, zone)}: {line.text}{often}")
        if entry is not None and line.severity != "info":
            said.append(f"    What to do: {entry.remedy}")
    if any(line.severity != "info" for line in lines):
        which = str(lines[0].id) if len(lines) == 1 else "all"
        said += ["", f"I know of it: tradebot alerts ack {which} -p {profile}"]
    return "\n".join(said)


def _clock(ts_ns: int, zone: str) -> str:
    return dt.datetime.fromtimestamp(ts_ns // NS_PER_S, ZoneInfo(zone)).strftime("%a %H:%M:%S")
