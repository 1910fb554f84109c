"""Commands that need no daemon: train, backtest, config show."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tradebot.cli.options import DAY, DEFAULT_PROFILE, Alpaca, AsJson, Bars, OptionalDay, Profile
from tradebot.cli.progress import showing_progress
from tradebot.cli.show import show

config = typer.Typer(no_args_is_help=True, help="What a profile decides.")


def train(
    profile: Profile = DEFAULT_PROFILE,
    bars: Bars = None,
    until: Annotated[OptionalDay, typer.Option("--until", formats=DAY, help="The last session to learn from or test on.")] = None,
    dataset: Annotated[Path | None, typer.Option("--dataset", help="Also write the rows here, as CSV and Parquet.", metavar="DIR")] = None,
    fetch: Annotated[bool, typer.Option("--fetch", help="First fetch from Alpaca what the profile's store lacks.")] = False,
    alpaca: Alpaca = "",
    as_json: AsJson = False,
) -> None:
    """Train and save a model. Learns from a folder of bars, evaluates out of sample, writes a new version."""
    from tradebot import app

    with showing_progress(quiet=as_json) as progress:
        report = app.train(
            profile,
            bars=bars,
            progress=progress,
            until=until.date() if until else None,
            dataset=dataset,
            fetch_first=fetch,
            alpaca_url=alpaca,
        )
    show(report, as_json)


def backtest(
    profile: Profile = DEFAULT_PROFILE,
    bars: Bars = None,
    first: Annotated[OptionalDay, typer.Option("--first", formats=DAY, help="First session.")] = None,
    last: Annotated[OptionalDay, typer.Option("--last", formats=DAY, help="Last session.")] = None,
    fidelity: Annotated[str, typer.Option("--fidelity", help="full (every event) or fast (compiled scan wherever it can).")] = "full",
    html: Annotated[Path | None, typer.Option("--html", help="Also write the charts and trades as one page.", metavar="FILE")] = None,
    as_json: AsJson = False,
) -> None:
    """Trade past sessions. The engine against the simulated venue, net of cost, beside buy-and-hold."""
    from tradebot import app

    with showing_progress(quiet=as_json) as progress:
        report = app.backtest(
            profile,
            bars=bars,
            first=first.date() if first else None,
            last=last.date() if last else None,
            progress=progress,
            fidelity=fidelity,
            html=html,
        )
    show(report, as_json)


@config.command("show")
def config_show(
    profile: Annotated[str, typer.Argument(help="A name from config/, or a path to a .toml file.")] = DEFAULT_PROFILE,
    key: Annotated[str, typer.Argument(help="Only this part, e.g. exits or exits.stop_fraction.")] = "",
    as_json: AsJson = False,
) -> None:
    """Check a profile and show what it comes to, with base.toml and the environment laid in."""
    from tradebot.settings import as_tree, load_settings, part_of, read_environment

    show(part_of(as_tree(load_settings(profile, read_environment())), key), as_json)
