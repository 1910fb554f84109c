"""What trading cost."""

from __future__ import annotations

from typing import Annotated

import typer

from tradebot.cli.options import DAY, DEFAULT_PROFILE, AsJson, OptionalDay, Profile
from tradebot.cli.show import show


def costs(
    profile: Profile = DEFAULT_PROFILE,
    first: Annotated[OptionalDay, typer.Option("--first", formats=DAY, help="First session.")] = None,
    last: Annotated[OptionalDay, typer.Option("--last", formats=DAY, help="Last session.")] = None,
    as_json: AsJson = False,
) -> None:
    """Split what own fills cost into delay, spread, impact and fees, and fit the slippage model on them."""
    from tradebot import app

    show(app.costs(profile, first=first.date() if first else None, last=last.date() if last else None), as_json)
