"""The exchange calendar XNYS as a `SessionTable`: holidays, half days and daylight saving, kept on disk.

Source: the `exchange_calendars` package. Importing it (and pandas) costs more than a second, so the table is written once as
JSON into a cache folder and later starts only read that file. A file that is corrupt, made by another version of the package or too
short is rebuilt; a cache folder that can't be written costs time, never an answer.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import os
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path
from typing import Final

import msgspec

from tradebot.core.domain.faults import OperatorFault
from tradebot.core.domain.session import Session, SessionTable
from tradebot.core.domain.units import NS_PER_S

CACHE_DIR_VARIABLE: Final = "TRADEBOT_CACHE_DIR"
_CALENDAR: Final = "XNYS"
_FORMAT: Final = 1
_REPOSITORY: Final = Path(__file__).resolve().parents[2]
# Every start of this project falls into this span, so that one file serves them all.
_SPAN_MIN: Final = dt.date(2008, 1, 1)
_SPAN_AHEAD: Final = dt.timedelta(days=400)
_EARLIEST: Final = dt.date(1970, 1, 1)
_LATEST: Final = dt.date(2100, 1, 1)


class _Cached(msgspec.Struct, frozen=True):
    """The file: `sessions` are (ISO date, open, close) with times in UTC seconds; `sha256` is over their JSON."""

    format: int
    calendar: str
    library: str
    first: dt.date
    last: dt.date
    sha256: str
    sessions: tuple[tuple[dt.date, int, int], ...]


def session_table(first: dt.date, last: dt.date) -> SessionTable:
    """Regular sessions of the New York Stock Exchange with `first <= date <= last`.

    Raises OperatorFault when the dates are the wrong way round or outside 1970 to 2099.
    """
    if not _EARLIEST <= first <= last < _LATEST:
        raise OperatorFault(
            f"no exchange sessions from {first} to {last}: the dates must be in order, from {_EARLIEST} on and before {_LATEST}"
        )
    path = cache_dir() / f"sessions_{_CALENDAR.lower()}.json"
    cached = _read(path, first, last)
    if cached is None:
        cached = _build(min(first, _SPAN_MIN), max(last, first) + _SPAN_AHEAD)
        _write(path, cached)
    return SessionTable(tuple(Session(d, o * NS_PER_S, c * NS_PER_S) for d, o, c in cached.sessions if first <= d <= last))


def cache_dir() -> Path:
    """The folder for things that can be made again: $TRADEBOT_CACHE_DIR, else data/cache of a checkout, else ~/.cache/tradebot."""
    if chosen := os.environ.get(CACHE_DIR_VARIABLE):
        return Path(chosen)
    data = _REPOSITORY / "data"
    return data / "cache" if data.is_dir() and os.access(data, os.W_OK) else Path.home() / ".cache" / "tradebot"


def _read(path: Path, first: dt.date, last: dt.date) -> _Cached | None:
    """The cached table when it can be trusted and covers the dates, else None."""
    try:
        cached = msgspec.json.decode(path.read_bytes(), type=_Cached)
    except (OSError, msgspec.DecodeError, UnicodeDecodeError):
        return None
    trusted = (
        cached.format == _FORMAT
        and cached.calendar == _CALENDAR
        and cached.library == version("exchange_calendars")
        and cached.sha256 == _digest(cached.sessions)
    )
    return cached if trusted and cached.first <= first and last <= cached.last else None


def _build(first: dt.date, last: dt.date) -> _Cached:
    import exchange_calendars as xcals  # over a second: only when there is no usable cache

    calendar = xcals.get_calendar(_CALENDAR, start=first.isoformat(), end=last.isoformat())
    rows = calendar.schedule[["open", "close"]].itertuples()
    sessions = tuple((row.Index.date(), int(row.open.timestamp()), int(row.close.timestamp())) for row in rows)
    return _Cached(_FORMAT, _CALENDAR, version("exchange_calendars"), first, last, _digest(sessions), sessions)


def _write(path: Path, cached: _Cached) -> None:
    """Replace the file in one step, so that two starts at once can't leave half a table."""
    part = path.with_suffix(f".{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part.write_bytes(msgspec.json.encode(cached))
        part.replace(path)
    except OSError:  # a read-only machine computes the table each time
        with suppress(OSError):
            part.unlink()


def _digest(sessions: tuple[tuple[dt.date, int, int], ...]) -> str:
    return hashlib.sha256(msgspec.json.encode(sessions)).hexdigest()
