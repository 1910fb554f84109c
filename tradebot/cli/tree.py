"""All commands as one tree. Nothing heavy is imported before a command runs: --help answers at once."""

from __future__ import annotations

from typing import Annotated

import typer

from tradebot.cli import (
    alerts,
    check,
    costs,
    daemon,
    data,
    evidence,
    export,
    features,
    journal,
    models,
    replay,
    report,
    research,
    search,
    service,
    simulate,
    walk_forward,
    why,
)

app = typer.Typer(
    name="tradebot",
    help="A machine-learning trading bot: train, backtest, simulate and trade US equities with one engine.",
    epilog="Begin with scripts/run. Add --debug to any command for tracebacks.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"tradebot {version('tradebot')}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks instead of one sentence.")] = False,
) -> None:
    """The options that every command knows; `main` reads --debug before the parser does."""


app.command()(daemon.run)
app.command()(daemon.start)
app.command()(daemon.stop)
app.command()(daemon.status)
app.command()(daemon.tell)
app.command()(daemon.logs)
app.command()(research.train)
app.command()(research.backtest)
app.command()(search.search)
app.command("walk-forward")(walk_forward.walk_forward)
app.add_typer(data.commands, name="data")
app.add_typer(features.commands, name="features")
app.add_typer(check.commands, name="check")
app.add_typer(models.commands, name="models")
app.command()(costs.costs)
app.command()(evidence.honesty)
app.add_typer(evidence.trials, name="trials")
app.command()(why.why)
app.command("why-not")(why.why_not)
app.command()(export.export)
app.command()(report.report)
app.command()(replay.replay)
app.add_typer(journal.commands, name="journal")
app.add_typer(alerts.commands, name="alerts")
app.add_typer(service.commands, name="service")
app.command("sim-alpaca")(simulate.sim_alpaca)
app.add_typer(research.config, name="config")
app.command(hidden=True)(simulate.demo)
