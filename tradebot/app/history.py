"""`data fetch`: history from Alpaca or Massive (Polygon) into the profile's store."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any
from zoneinfo import ZoneInfo

from tradebot.app.alpaca import alpaca_data, settings_and_keys
from tradebot.app.polygon import massive
from tradebot.core.domain.faults import OperatorFault
from tradebot.core.domain.units import NS_PER_S
from tradebot.settings import Settings, load_settings, read_environment
from tradebot.shell.feeds.history import AlpacaData, FetchProgress, fetch_history, screen_most_active
from tradebot.shell.feeds.polygon_history import fetch_polygon_history
from tradebot.shell.feeds.polygon_host import SOURCE
from tradebot.shell.store.bars import BarStore

Progress = Callable[[str, int, int], None]
_PUBLISHED_AFTER_MIN = 16  # a free account may not query the last fifteen minutes of SIP data


def fetch(
    profile: str,
    *,
    symbols: tuple[str, ...],
    first: dt.date | None,
    last: dt.date | None,
    progress: Progress,
    alpaca_url: str = "",
    source: str = "",
) -> dict[str, Any]:
    """Fetch what the store lacks of `first` to `last` (by default the profile's `history_days`), and say what came.

    `source` is "alpaca" or "polygon"; by default the one that the profile prefers.
    """
    environment = read_environment()
    if alpaca_url:
        environment["TRADEBOT__BROKER__URL"] = alpaca_url
    settings = load_settings(profile, environment)
    source = source or settings.feed.sources[0]
    now = dt.datetime.now(dt.UTC)
    end = min(dt.datetime.combine(last, dt.time(23, 59), ZoneInfo(settings.timetable.zone)), now) if last else now
    start = first or (end - dt.timedelta(days=settings.data.history_days)).date()
    if start > end.date():
        raise OperatorFault(f"there is nothing to fetch from {start} to {end.date()}")
    final_ns = int((now - dt.timedelta(minutes=_PUBLISHED_AFTER_MIN)).timestamp()) * NS_PER_S
    through_ns = min(int(end.timestamp()) * NS_PER_S, final_ns)
    from_ns = int(dt.datetime.combine(start, dt.time(), dt.UTC).timestamp()) * NS_PER_S
    named = symbols or settings.universe.symbols

    def data() -> AlpacaData:
        return alpaca_data(settings, settings_and_keys(profile, alpaca_url)[1])

    chosen = named or choose_universe(settings, data())

    def tell(step: FetchProgress) -> None:
        progress(f"fetching {len(chosen)} symbols", step.done, step.total)

    store, adjustment = BarStore(settings.data.folder), settings.data.adjustment
    if source == SOURCE:
        feed, host = SOURCE, massive(settings, environment)
        fetched = fetch_polygon_history(host, store, chosen, from_ns, through_ns, adjustment=adjustment, progress=tell)
    else:
        alpaca = data()
        feed = alpaca.feed
        fetched = fetch_history(alpaca, store, chosen, from_ns, through_ns, adjustment=adjustment, progress=tell)
    return {
        "folder": str(settings.data.folder),
        "source": source,
        "feed": feed,
        "adjustment": adjustment,
        "requests": fetched.requests,
        "already_there": fetched.skipped,
        "bars": dict(fetched.bars),
    }


def choose_universe(settings: Settings, data: AlpacaData) -> tuple[str, ...]:
    """The profile's symbols, or what its screen finds now."""
    if settings.universe.symbols:
        return settings.universe.symbols
    universe, entry = settings.universe, settings.entry
    return screen_most_active(data, universe.top, entry.price_usd_min, entry.price_usd_max, universe.screen_by)
