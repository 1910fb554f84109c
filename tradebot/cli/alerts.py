"""Alerts from outside: what is outstanding, who is told, one message now, and what each means."""

from __future__ import annotations

from typing import Annotated

import typer

from tradebot.cli.options import DEFAULT_PROFILE, AsJson, Profile
from tradebot.cli.show import show

commands = typer.Typer(no_args_is_help=True, help="Alerts: what is outstanding, who is told, what each means.")


@commands.command("list")
def list_(
    profile: Profile = DEFAULT_PROFILE,
    everything: Annotated[bool, typer.Option("--all", "-a", help="Also what was acknowledged.")] = False,
    as_json: AsJson = False,
) -> None:
    """What nobody has acknowledged, and how the channels do. Works with and without a daemon."""
    from tradebot import app

    show(app.list_alerts(profile, everything=everything), as_json)


@commands.command()
def ack(
    which: Annotated[str, typer.Argument(help="An alert's number, or all.", metavar="ID|all")],
    profile: Profile = DEFAULT_PROFILE,
    as_json: AsJson = False,
) -> None:
    """I know of it: it goes to no further channel."""
    from tradebot import app

    show(app.acknowledge_alerts(profile, which), as_json)


@commands.command("test")
def try_channel(
    channel: Annotated[str, typer.Argument(help="A name from [alerts.channels].")],
    profile: Profile = DEFAULT_PROFILE,
    as_json: AsJson = False,
) -> None:
    """Send one message through a channel now."""
    from tradebot import app

    show(app.try_channel(profile, channel), as_json)


@commands.command()
def runbook(as_json: AsJson = False) -> None:
    """What each alert means and what to do."""
    from tradebot import app

    show(app.alert_runbook(), as_json)
