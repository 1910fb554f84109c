"""`walk-forward`: train, trade what follows, step on."""

from __future__ import annotations

from typing import Annotated

import typer

from tradebot.cli.options import DAY, DEFAULT_PROFILE, AsJson, Bars, OptionalDay, Profile
from tradebot.cli.progress import showing_progress
from tradebot.cli.show import show


def walk_forward(
    profile: Profile = DEFAULT_PROFILE,
    bars: Bars = None,
    first: Annotated[OptionalDay, typer.Option("--first", formats=DAY, help="First session to learn from.")] = None,
    last: Annotated[OptionalDay, typer.Option("--last", formats=DAY, help="Last session to trade.")] = None,
    jobs: Annotated[int, typer.Option("--jobs", "-j", min=0, help="Folds at a time; 0 = one for each core.")] = 0,
    cluster: Annotated[
        str, typer.Option("--cluster", help="Folds run there: tcp://HOST:8786 (Dask) or ray://HOST:10001.", metavar="URL")
    ] = "",
    fidelity: Annotated[str, typer.Option("--fidelity", help="fast (compiled scan) or full (event by event).")] = "fast",
    fresh: Annotated[bool, typer.Option("--fresh", help="Run every fold anew, also those that are there.")] = False,
    as_json: AsJson = False,
) -> None:
    """Retrain and trade, fold after fold. Out of sample throughout, net of cost; a run that was stopped goes on where it was."""
    from tradebot import app

    with showing_progress(quiet=as_json) as progress:
        report = app.walk(
            profile,
            bars=bars,
            first=first.date() if first else None,
            last=last.date() if last else None,
            jobs=jobs,
            cluster=cluster,
            fidelity=fidelity,
            fresh=fresh,
            progress=progress,
        )
    show(report, as_json)
