"""`replay`: a recorded day told, or decided again."""

from __future__ import annotations

import datetime as dt
from typing import Annotated

import typer

from tradebot.cli.journal import JournalPath
from tradebot.cli.options import DAY, DEFAULT_PROFILE, AsJson, Profile
from tradebot.cli.show import show


def replay(
    date: Annotated[dt.datetime, typer.Argument(formats=DAY, metavar="DATE", help="A trading day, e.g. 2026-11-20.")],
    verify: Annotated[bool, typer.Option("--verify", help="Decide the day again and compare every record, bit for bit.")] = False,
    profile: Profile = DEFAULT_PROFILE,
    journal: JournalPath = None,
    as_json: AsJson = False,
) -> None:
    """Tell what the journal holds of a day. With --verify decide it again: exit code 1 names the first record that came out otherwise."""
    from tradebot import app

    if not verify:
        show(app.tell_day(profile, date.date(), path=journal), as_json)
        return
    report = app.replay_day(profile, date.date(), path=journal, say=lambda line: typer.echo(line, err=True))
    show(report, as_json)
    if report["divergence"] is not None:
        raise typer.Exit(1)
