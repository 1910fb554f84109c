"""`sim-alpaca`: a simulated Alpaca on loopback, its market made of a folder of bars."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from pathlib import Path
from zoneinfo import ZoneInfo

from tradebot.app.market import market_of
from tradebot.core.domain.faults import OperatorFault
from tradebot.core.domain.units import NS_PER_S
from tradebot.sim.venue_config import VenueConfig

NEW_YORK = ZoneInfo("America/New_York")
BEFORE_OPEN = dt.time(9, 25)


def serve_sim(
    bars: Path,
    *,
    port: int,
    start: dt.datetime,
    speed: float,
    cash: float,
    key: str,
    secret: str,
    venue: VenueConfig | None = None,
) -> int:
    """Serve until interrupted; the first line printed is the address. `start` is New York time; midnight means 09:25."""
    from tradebot.shell.store.bars import read_bar_folder
    from tradebot.sim.alpaca_server.server import serve

    market = market_of(read_bar_folder(bars))
    moment = dt.datetime.combine(start.date(), start.time() if start.time() != dt.time() else BEFORE_OPEN, NEW_YORK)
    start_ns = int(moment.timestamp()) * NS_PER_S
    last = market.traded[-1]
    if not market.traded[0].open_ns - 86_400 * NS_PER_S <= start_ns < last.close_ns:
        raise OperatorFault(
            f"{bars} holds sessions from {market.traded[0].date} to {last.date}: there is nothing to trade from {moment:%Y-%m-%d %H:%M}"
        )

    def ready(bound_port: int) -> None:
        print(f"http://127.0.0.1:{bound_port} simulates Alpaca from {moment:%Y-%m-%d %H:%M} New York, speed {speed:g}", flush=True)

    config = replace(venue or VenueConfig(), cash_usd=cash)
    serve(market.histories, market.table, port=port, start_ns=start_ns, speed=speed, venue=config, ready=ready, key=key, secret=secret)
    return 0
