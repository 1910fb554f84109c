"""Commands on the Parquet store: fetch, list, check."""

from __future__ import annotations

import dataclasses
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tradebot.cli.options import DAY, DEFAULT_PROFILE, Alpaca, AsJson, OptionalDay, Profile
from tradebot.cli.progress import showing_progress
from tradebot.cli.show import show
from tradebot.cli.times import utc_minute
from tradebot.core.domain.faults import OperatorFault

if TYPE_CHECKING:
    from tradebot.shell.store.bar_check import FileCheck


class Source(StrEnum):
    ALPACA = "alpaca"
    POLYGON = "polygon"


commands = typer.Typer(no_args_is_help=True, help="The store of historical bars.")

Folder = Annotated[Path | None, typer.Argument(help="A folder of bars; the profile's own by default.", metavar="[DIR]")]


@commands.command()
def fetch(
    symbols: Annotated[list[str] | None, typer.Argument(help="Symbols; the profile's universe by default.")] = None,
    profile: Profile = DEFAULT_PROFILE,
    first: Annotated[OptionalDay, typer.Option("--first", formats=DAY, help="First day; by default data.history_days ago.")] = None,
    last: Annotated[OptionalDay, typer.Option("--last", formats=DAY, help="Last day; by default the last session that has ended.")] = None,
    source: Annotated[Source | None, typer.Option(help="By default the first of the profile's feed.sources.")] = None,
    alpaca: Alpaca = "",
    as_json: AsJson = False,
) -> None:
    """Fetch 1-minute bars into the store. Call it again to go on where it stopped. One folder holds one source's bars of a symbol."""
    from tradebot import app

    with showing_progress(quiet=as_json) as progress:
        report = app.fetch(
            profile,
            symbols=tuple(symbols or ()),
            first=first.date() if first else None,
            last=last.date() if last else None,
            progress=progress,
            alpaca_url=alpaca,
            source=source.value if source else "",
        )
    show(report, as_json)


@commands.command("list")
def list_(folder: Folder = None, profile: Profile = DEFAULT_PROFILE, as_json: AsJson = False) -> None:
    """List the store's files: symbol, rows, range, feed and adjustment."""
    from tradebot.shell.store.bars import BarStore

    show([_row(c) for c in BarStore(_root(folder, profile)).listing()], as_json)


@commands.command()
def check(folder: Folder = None, profile: Profile = DEFAULT_PROFILE, as_json: AsJson = False) -> None:
    """Read every file in full and name what is wrong with each; exit code 1 when anything is."""
    from tradebot.shell.store.bars import BarStore

    checks = BarStore(_root(folder, profile)).check()
    show([_row(c) for c in checks], as_json)
    bad = [c for c in checks if c.fault]
    if bad:
        raise OperatorFault(f"{len(bad)} of {len(checks)} files are not fit to use; the first: {bad[0].fault}")


def _root(folder: Path | None, profile: str) -> Path:
    if folder is not None:
        return folder
    from tradebot.settings import load_settings, read_environment

    return load_settings(profile, read_environment()).data.folder


def _row(check: FileCheck) -> dict[str, object]:
    row: dict[str, object] = dataclasses.asdict(check)
    del row["first_ns"], row["last_ns"]
    return row | {"first": utc_minute(check.first_ns), "last": utc_minute(check.last_ns)}
