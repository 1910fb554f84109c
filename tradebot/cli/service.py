"""The daemon as a systemd service: install it, look at it, take it away."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tradebot.cli.options import DEFAULT_PROFILE, AsJson, Live, Profile
from tradebot.cli.show import show

commands = typer.Typer(no_args_is_help=True, help="The daemon as a systemd service: install, status, uninstall.")

User = Annotated[bool, typer.Option("--user/--system", help="A service of your own systemd, with a weaker sandbox, or one of the system.")]
Root = Annotated[Path, typer.Option("--root", help="Read and write below this folder and leave systemd alone.", metavar="DIR")]


@commands.command()
def install(
    profile: Profile = DEFAULT_PROFILE,
    user: User = False,
    live: Live = False,
    account: Annotated[str, typer.Option("--account", help="Who it runs as; whom tradebot's folder belongs to by default.")] = "",
    root: Root = Path("/"),
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be written.")] = False,
    as_json: AsJson = False,
) -> None:
    """Write the unit and the credentials, and enable the service. Keys come from the environment or .env."""
    from tradebot import app

    said = app.install(profile, user=user, live=live, account=account, root=root, dry_run=dry_run)
    text = "" if as_json else said.pop("text", "")
    show(said, as_json)
    if text:
        typer.echo(f"\n{text}", nl=False)


@commands.command()
def uninstall(
    profile: Profile = DEFAULT_PROFILE,
    user: User = False,
    root: Root = Path("/"),
    purge: Annotated[bool, typer.Option("--purge", help="Also the profile's journal, log and alerts.")] = False,
    as_json: AsJson = False,
) -> None:
    """Stop the service and remove what install wrote, and nothing else."""
    from tradebot import app

    show(app.uninstall(profile, user=user, root=root, purge=purge), as_json)


@commands.command()
def status(profile: Profile = DEFAULT_PROFILE, user: User = False, root: Root = Path("/"), as_json: AsJson = False) -> None:
    """Whether it is installed, and what systemd says of it."""
    from tradebot import app

    show(app.service_status(profile, user=user, root=root), as_json)
