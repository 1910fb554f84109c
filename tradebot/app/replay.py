"""`replay`: a recorded day told, or decided again and compared with what was recorded."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import asdict
from hashlib import sha256
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from tradebot.app.journal import journal_url
from tradebot.app.program import program_id
from tradebot.core.domain.faults import OperatorFault
from tradebot.core.domain.units import NS_PER_S
from tradebot.settings import Settings, load_settings, read_environment

Say = Callable[[str], None]


def replay_day(profile: str, date: dt.date, *, path: Path | None = None, say: Say = lambda line: None) -> dict[str, Any]:
    """Decide the day again. `divergence` is None where every command, decision and state came out as recorded.

    Raises OperatorFault for a day that is no session or not in the journal, a missing model, a broken chain.
    """
    from tradebot.app.kernels import ready_kernels
    from tradebot.app.service import engine_factory, session_dates
    from tradebot.app.shelf import Shelf
    from tradebot.core.domain.events import Event, ModelPromoted
    from tradebot.shell.store.replay import replay

    settings = load_settings(profile, read_environment())
    url = journal_url(profile, path)
    table = session_dates()
    first_ns, end_ns = span(settings, date)
    if table.on(date) is None:
        raise OperatorFault(f"{date} is no trading day")
    ready_kernels(say)
    shelf = Shelf(settings.models_dir)

    def load(event: Event) -> None:
        if isinstance(event, ModelPromoted):
            found = shelf.fetch(event.model_id)
            if found.manifest_sha256 != event.manifest_sha256:
                raise OperatorFault(f"the model {event.model_id} is not the one that traded: its manifest was {event.manifest_sha256[:16]}")

    found = replay(url, engine_factory(settings, table, shelf), first_ns, end_ns, load)
    if not found.first_seq:
        raise _not_recorded(url, date)
    return {
        "date": date.isoformat(),
        "first_event": found.first_seq,
        "last_event": found.last_seq,
        "replayed_from_event": found.from_seq,
        "events": dict(sorted(found.events.items())),
        "commands": dict(sorted(found.commands.items())),
        "decisions_never_written": found.unwritten,
        "states_compared": found.seals,
        "models": found.models,
        "state_sha256": found.state_sha256,
        "notes": _notes(settings, found.configs, found.programs),
        "divergence": None if found.divergence is None else asdict(found.divergence),
        "verdict": "every command, decision and state is as it was recorded" if found.divergence is None else "DIVERGED",
    }


def tell_day(profile: str, date: dt.date, *, path: Path | None = None) -> dict[str, Any]:
    """What the journal holds of a day, from its own words. Raises OperatorFault as `replay_day`."""
    from tradebot.shell.store.day import summary

    settings = load_settings(profile, read_environment())
    url = journal_url(profile, path)
    told = summary(url, *span(settings, date))
    if not told:
        raise _not_recorded(url, date)
    return {"date": date.isoformat()} | told


def span(settings: Settings, date: dt.date) -> tuple[int, int]:
    """A day of the profile's own time zone in UTC nanoseconds, [first, end)."""
    zone = ZoneInfo(settings.timetable.zone)
    first, end = (dt.datetime.combine(day, dt.time(), zone) for day in (date, date + dt.timedelta(days=1)))
    return int(first.timestamp()) * NS_PER_S, int(end.timestamp()) * NS_PER_S


def _not_recorded(url: str, date: dt.date) -> OperatorFault:
    from tradebot.shell.store.day import span_text

    return OperatorFault(f"the journal holds nothing of {date}; {span_text(url)}")


def _notes(settings: Settings, configs: list[str], programs: list[str]) -> list[str]:
    """What is otherwise today: the replay used what was recorded."""
    from tradebot.core.config_text import changes, config_text

    notes = []
    if configs and (differ := changes(configs[-1], config_text(settings.engine))):
        notes.append(f"the profile decided by {sha256(configs[-1].encode()).hexdigest()[:16]}; today's differs: {'; '.join(differ)}")
    if programs and programs[-1] != program_id():
        notes.append(f"recorded by program {programs[-1]}, replayed by {program_id()}")
    return notes
