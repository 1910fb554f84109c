"""Where Massive (formerly Polygon) is and with which key, for a profile that takes bars from it."""

from __future__ import annotations

from collections.abc import Mapping

from tradebot.settings import Settings, load_polygon_key, read_environment
from tradebot.shell.feeds.polygon_host import SOURCE, PolygonHost, polygon_host


def polygon_for(settings: Settings, environment: Mapping[str, str] | None = None) -> PolygonHost | None:
    """None where the profile doesn't name it as a source. Raises OperatorFault for a missing key."""
    return massive(settings, environment) if SOURCE in settings.feed.sources else None


def massive(settings: Settings, environment: Mapping[str, str] | None = None) -> PolygonHost:
    """The profile's address with the environment's key. Raises OperatorFault for a missing key."""
    known = read_environment() if environment is None else environment
    return polygon_host(load_polygon_key(known).reveal(), settings.feed.polygon_url)
