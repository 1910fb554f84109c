"""The journal's trades, fills and decisions for other programs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tradebot.cli.journal import JournalPath
from tradebot.cli.options import DAY, DEFAULT_PROFILE, AsJson, OptionalDay, Profile
from tradebot.cli.show import show


def export(
    what: Annotated[str, typer.Argument(metavar="trades|fills|decisions", help="What to write.")],
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Where to; its ending names the format.")],
    kind: Annotated[str | None, typer.Option("--format", help="csv, parquet or json.", metavar="FORMAT")] = None,
    first: Annotated[OptionalDay, typer.Option("--first", formats=DAY, help="First day.")] = None,
    last: Annotated[OptionalDay, typer.Option("--last", formats=DAY, help="Last day.")] = None,
    replace: Annotated[bool, typer.Option("--replace", help="Write over a file that is there.")] = False,
    profile: Profile = DEFAULT_PROFILE,
    journal: JournalPath = None,
    as_json: AsJson = False,
) -> None:
    """Write trades (the seed's trade log), fills or decisions of the journal as CSV, Parquet or JSON."""
    from tradebot import app

    days = {"first": first.date() if first else None, "last": last.date() if last else None}
    show(app.export_journal(profile, what, file, kind=kind, path=journal, replace=replace, **days), as_json)
