"""What a day or a week came to."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tradebot.cli.options import DAY, DEFAULT_PROFILE, AsJson, OptionalDay, Profile
from tradebot.cli.show import show


def report(
    day: Annotated[OptionalDay, typer.Option("--day", formats=DAY, help="A recorded day; the newest by default.")] = None,
    week: Annotated[OptionalDay, typer.Option("--week", formats=DAY, help="The week, from Monday, that holds this day.")] = None,
    html: Annotated[Path | None, typer.Option("--html", help="Write it as a page too.", metavar="FILE")] = None,
    open_page: Annotated[bool, typer.Option("--open", help="Open the page of --html.")] = False,
    profile: Profile = DEFAULT_PROFILE,
    as_json: AsJson = False,
) -> None:
    """Tell a day or a week: books, trades, attribution, costs, the model's health, the honesty verdict, safety, jobs."""
    from tradebot import app
    from tradebot.core.domain.faults import OperatorFault

    if open_page and html is None:
        raise OperatorFault("--open needs --html FILE: the page that is to be opened")
    told = app.report_period(profile, day=day.date() if day else None, week=week.date() if week else None, html=html)
    show(told, as_json)
    if open_page:
        typer.launch(str(html))
