"""`data fetch`: history from Alpaca into the profile's store."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

from tradebot.core.domain.faults import OperatorFault
from tradebot.core.domain.units import NS_PER_MINUTE, NS_PER_S
from tradebot.settings import Settings, load_credentials, load_settings, read_environment
from tradebot.shell.broker.endpoints import endpoints
from tradebot.shell.feeds.history import AlpacaData, FetchProgress, fetch_history, screen_most_active
from tradebot.shell.store.bars import BarStore

Progress = Callable[[str, int, int], None]
_PUBLISHED_AFTER_MIN = 16  # a free account may not query the last fifteen minutes of SIP data


def fetch(
    profile: str, *, symbols: tuple[str, ...], first: dt.date | None, last: dt.date | None, progress: Progress, alpaca_url: str = ""
) -> dict[str, Any]:
    """Fetch what the store lacks of `first` to `last` (by default the profile's `history_days`), and say what came."""
    environment = read_environment()
    settings = load_settings(profile, environment)
    keys = load_credentials(environment)
    data = alpaca_data(settings, keys.key.reveal(), keys.secret.reveal(), alpaca_url)
    now = dt.datetime.now(dt.UTC)
    end = min(dt.datetime.combine(last, dt.time(23, 59), dt.UTC), now) if last else now
    start = first or (end - dt.timedelta(days=settings.data.history_days)).date()
    if start > end.date():
        raise OperatorFault(f"there is nothing to fetch from {start} to {end.date()}")
    chosen = symbols or choose_universe(settings, data)
    through_ns = int(end.timestamp()) * NS_PER_S - _PUBLISHED_AFTER_MIN * NS_PER_MINUTE
    from_ns = int(dt.datetime.combine(start, dt.time(), dt.UTC).timestamp()) * NS_PER_S

    def tell(step: FetchProgress) -> None:
        progress(f"fetching {len(chosen)} symbols", step.done, step.total)

    fetched = fetch_history(
        data, BarStore(settings.data.folder), chosen, from_ns, through_ns, adjustment=settings.data.adjustment, progress=tell
    )
    return {
        "folder": str(settings.data.folder),
        "feed": data.feed,
        "adjustment": settings.data.adjustment,
        "requests": fetched.requests,
        "already_there": fetched.skipped,
        "bars": dict(fetched.bars),
    }


def alpaca_data(settings: Settings, key: str, secret: str, alpaca_url: str = "") -> AlpacaData:
    """Where and with what keys history is asked for."""
    origin = endpoints(alpaca_url or settings.broker.url).data_url
    return AlpacaData(key=key, secret=secret, origin=origin, feed="sip" if settings.data.feed == "sip" else "iex")


def choose_universe(settings: Settings, data: AlpacaData) -> tuple[str, ...]:
    """The profile's symbols, or what its screen finds now."""
    if settings.universe.symbols:
        return settings.universe.symbols
    return screen_most_active(data, settings.universe.top, settings.entry.price_usd_min, settings.entry.price_usd_max)


