"""Options that several commands share."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Annotated, Final

import typer

DEFAULT_PROFILE: Final = "active_stocks"

Profile = Annotated[str, typer.Option("--profile", "-p", help="A name from config/, or a path to a .toml file.", metavar="NAME")]
AsJson = Annotated[bool, typer.Option("--json", help="Answer in JSON.")]
Bars = Annotated[Path | None, typer.Option("--bars", help="A folder of bars; the profile's own by default.", metavar="DIR")]
OptionalDay = dt.datetime | None
DAY: Final = ["%Y-%m-%d"]
Live = Annotated[bool, typer.Option("--live", help="Trade real money; the profile must pin broker.account_number.")]
Alpaca = Annotated[str, typer.Option("--alpaca", help="Another Alpaca, e.g. http://127.0.0.1:8100 of sim-alpaca.", metavar="URL")]
