"""`tradebot search`: numbers of a model, tried out of fold."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from tradebot.cli.options import DAY, DEFAULT_PROFILE, AsJson, Bars, OptionalDay, Profile
from tradebot.cli.progress import showing_progress
from tradebot.cli.show import show


def search(
    profile: Profile = DEFAULT_PROFILE,
    trials: Annotated[int, typer.Option("--trials", "-n", min=1, help="How many trials there are to be, made before ones included.")] = 30,
    bars: Bars = None,
    until: Annotated[OptionalDay, typer.Option("--until", formats=DAY, help="The last session to search or hold out.")] = None,
    folds: Annotated[int, typer.Option("--folds", min=2, help="Purged folds that each trial is scored on.")] = 5,
    objective: Annotated[
        Literal["loss", "net"], typer.Option("--objective", help="Log loss (rank correlation for numbers), or net result of rows followed.")
    ] = "loss",
    seed: Annotated[int, typer.Option("--seed", min=0, help="Draws the trials.")] = 7,
    as_json: AsJson = False,
) -> None:
    """Search a model's numbers out of fold, and say what luck alone would find. Prints TOML to paste; changes no profile.

    Stop it with Ctrl-C and call it again: finished trials are kept, and it goes on as if it had not been stopped.
    """
    from tradebot import app

    with showing_progress(quiet=as_json) as progress:
        report = app.search(
            profile,
            trials=trials,
            bars=bars,
            until=until.date() if until else None,
            folds=folds,
            objective=objective,
            seed=seed,
            progress=progress,
        )
    if as_json:
        show(report, as_json)
        return
    show(report["values"], as_json)
    show({key: value for key, value in report.items() if key not in ("values", "toml")}, as_json)
    typer.echo(f"\n{report['toml']}")
