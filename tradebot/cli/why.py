"""Why something was traded, and why not."""

from __future__ import annotations

from typing import Annotated

import typer

from tradebot.cli.journal import JournalPath
from tradebot.cli.options import DAY, DEFAULT_PROFILE, AsJson, OptionalDay, Profile
from tradebot.cli.show import show

Symbol = Annotated[str, typer.Argument(metavar="SYMBOL", help="A symbol of that day's universe.")]
OfDay = Annotated[OptionalDay, typer.Option("--day", formats=DAY, help="A recorded day; the newest by default.")]


def why(
    symbol: Symbol,
    minute: Annotated[str, typer.Argument(metavar="HH:MM", help="The start of a minute, in the profile's time zone.")],
    day: OfDay = None,
    profile: Profile = DEFAULT_PROFILE,
    journal: JournalPath = None,
    as_json: AsJson = False,
) -> None:
    """Tell how a minute's decision came about: features, forecast, size, limits, orders, fills, and what became of it."""
    from tradebot import app

    show(app.why_traded(profile, symbol, minute, date=day.date() if day else None, path=journal), as_json)


def why_not(
    symbol: Symbol,
    minute: Annotated[str | None, typer.Argument(metavar="[HH:MM]", help="The start of a minute; the whole day by default.")] = None,
    day: OfDay = None,
    profile: Profile = DEFAULT_PROFILE,
    journal: JournalPath = None,
    as_json: AsJson = False,
) -> None:
    """Tell what kept a symbol from being traded in a minute, or count the reasons of a day."""
    from tradebot import app

    show(app.why_not_traded(profile, symbol, minute, date=day.date() if day else None, path=journal), as_json)
