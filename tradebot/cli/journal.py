"""The journal from outside: is every record as it was written."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tradebot.cli.options import DEFAULT_PROFILE, AsJson, Profile
from tradebot.cli.show import show

commands = typer.Typer(no_args_is_help=True, help="The journal: every event and what was done about it.")

JournalPath = Annotated[Path | None, typer.Option("--journal", help="Another journal's SQLite file.", metavar="FILE")]


@commands.callback()
def _root() -> None:
    """Keeps `verify` a command of its own."""


@commands.command()
def verify(profile: Profile = DEFAULT_PROFILE, journal: JournalPath = None, as_json: AsJson = False) -> None:
    """Check every record against the hash chain. Exit code 1 names the first that is not as it was written."""
    from tradebot import app

    show(app.verify_journal(profile, path=journal), as_json)
