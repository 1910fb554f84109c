"""The daemon from outside: run it here, start it in the background, ask it, stop it, read its log."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from tradebot.cli.options import DEFAULT_PROFILE, Alpaca, AsJson, Live, Profile
from tradebot.cli.show import show


def run(profile: Profile = DEFAULT_PROFILE, live: Live = False, alpaca: Alpaca = "") -> None:
    """Trade in the foreground until interrupted. Paper unless --live."""
    from tradebot import app

    raise typer.Exit(app.run(profile, live=live, alpaca_url=alpaca))


def start(profile: Profile = DEFAULT_PROFILE, live: Live = False, alpaca: Alpaca = "") -> None:
    """Trade in the background. Returns when the daemon answers."""
    from tradebot.cli import background

    pid = background.start(profile, live, alpaca)
    typer.echo(f"running as process {pid}; watch it with: tradebot logs -f -p {profile}")


def stop(profile: Profile = DEFAULT_PROFILE) -> None:
    """Stop the daemon. Orders that rest at the broker stay there."""
    from tradebot.cli import background

    background.stop(profile)
    typer.echo("stopped")


def status(profile: Profile = DEFAULT_PROFILE, as_json: AsJson = False) -> None:
    """What the running daemon holds, wants and waits for."""
    from tradebot.cli import background

    show(background.status(profile), as_json)


class Order(StrEnum):
    pause = "pause"
    resume = "resume"
    flatten = "flatten"
    halt = "halt"
    adopt = "adopt"
    kill = "kill"


def tell(
    order: Annotated[
        Order,
        typer.Argument(help="pause: nothing new; flatten: close all, pause; halt: refuse all; kill: halt, close all; resume."),
    ],
    reason: Annotated[str, typer.Argument(help="Why; the journal keeps it.")],
    profile: Profile = DEFAULT_PROFILE,
) -> None:
    """Give the daemon an order, with a reason that the journal keeps. A resume waits for a clean comparison of the books."""
    from tradebot.cli import background

    background.tell(profile, order.value, reason)
    typer.echo(f"told to {order.value}: {reason}")


def logs(
    profile: Profile = DEFAULT_PROFILE,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on as the log grows.")] = False,
    lines: Annotated[int, typer.Option("--lines", "-n", min=0, help="How many of the last lines.")] = 50,
) -> None:
    """The background daemon's log."""
    from tradebot.cli import background

    for line in background.log_lines(profile, lines, follow):
        typer.echo(line)
