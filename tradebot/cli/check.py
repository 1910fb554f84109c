"""Proofs on any bars: `check lookahead`."""

from __future__ import annotations

from typing import Annotated

import typer

from tradebot.cli.options import DAY, DEFAULT_PROFILE, AsJson, Bars, OptionalDay, Profile
from tradebot.cli.progress import showing_progress
from tradebot.cli.show import show
from tradebot.core.domain.faults import OperatorFault

commands = typer.Typer(no_args_is_help=True, help="Proofs on any bars that a profile keeps its rules.")


@commands.callback()
def _group() -> None:
    """A group of one command so far."""


@commands.command()
def lookahead(
    profile: Profile = DEFAULT_PROFILE,
    bars: Bars = None,
    first: Annotated[OptionalDay, typer.Option("--first", formats=DAY, help="First session to cut in; the last five by default.")] = None,
    last: Annotated[OptionalDay, typer.Option("--last", formats=DAY, help="Last session to cut in.")] = None,
    cuts: Annotated[int, typer.Option("--cuts", min=1, help="At how many random minutes the future is changed.")] = 7,
    strategies: Annotated[list[str] | None, typer.Option("--strategy", help="Also this one of the catalogue.", metavar="NAME")] = None,
    everything: Annotated[bool, typer.Option("--all", help="Also every strategy of the catalogue.")] = False,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Draws the minutes and the futures.")] = 7,
    as_json: AsJson = False,
) -> None:
    """Change the future of the bars and prove that no past decision changes. Exit code 1 names the first that does."""
    from tradebot import app

    with showing_progress(quiet=as_json) as progress:
        report = app.check_lookahead(
            profile,
            bars=bars,
            first=first.date() if first else None,
            last=last.date() if last else None,
            cuts=cuts,
            seed=seed,
            strategies=tuple(strategies or ()),
            everything=everything,
            progress=progress,
        )
    if as_json:
        show(report, as_json)
    else:
        show(report["rows"], as_json)
        show({key: value for key, value in report.items() if key not in ("rows", "difference")}, as_json)
    if report["difference"] is not None:
        raise OperatorFault(report["verdict"])
