"""The simulated Alpaca, and the demo that scripts/run shows."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Annotated

import typer


def sim_alpaca(
    bars: Annotated[Path, typer.Option(help="A folder of bars, e.g. data/sample.", metavar="DIR")],
    start: Annotated[
        dt.datetime,
        typer.Option(formats=["%Y-%m-%d", "%Y-%m-%dT%H:%M"], help="First day, or its New York time; a day begins at 09:25."),
    ],
    port: Annotated[int, typer.Option(min=0, max=65535, help="On loopback; 0 takes a free one.")] = 8100,
    speed: Annotated[float, typer.Option(min=0.0, help="Times wall speed; 0: the clock moves only when a client asks.")] = 1.0,
    cash: Annotated[float, typer.Option(min=0.01, help="Dollars in the account.")] = 100_000.0,
    key: Annotated[str, typer.Option(help="The only API key that it accepts; without one, any.")] = "",
    secret: Annotated[str, typer.Option(help="The only secret that it accepts; without one, any.")] = "",
) -> None:
    """Serve a simulated Alpaca, and Massive beside it. REST, the streams and a market made of past bars, until interrupted."""
    from tradebot import app

    raise typer.Exit(app.serve_sim(bars, port=port, start=start, speed=speed, cash=cash, key=key, secret=secret))


def demo(
    sessions: Annotated[int, typer.Option(min=1, help="At most so many sessions.")] = 99,
    plain: Annotated[bool, typer.Option("--plain", help="Plain lines instead of the live view.")] = False,
    picture: Annotated[Path | None, typer.Option(help="Also draw what is seen into this SVG file.", metavar="FILE")] = None,
) -> None:
    """Train on the sample bars, trade the sessions after them on a simulated Alpaca, and sum up."""
    from tradebot import app

    raise typer.Exit(app.demo(sessions=sessions, plain=plain, picture=picture))
