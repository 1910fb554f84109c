"""What can be wrong between the keys of [alerts]."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from tradebot.settings.sections import Settings

_VARIABLE: Final = re.compile(r"[A-Z][A-Z0-9_]*")
_CHANNEL: Final = re.compile(r"[a-z][a-z0-9_-]*")


def _url_in_the_profile(settings: Settings) -> str | None:
    """A URL carries tokens; it is not repeated here."""
    for name, channel in settings.alerts.channels.items():
        if not _VARIABLE.fullmatch(channel.url_secret):
            return f"alerts.channels.{name}.url_secret is the name of a variable such as ALERT_{name.upper()}_URL, not the URL itself"
    return None


def _strange_channel(settings: Settings) -> str | None:
    strange = next((name for name in settings.alerts.channels if not _CHANNEL.fullmatch(name)), None)
    return None if strange is None else f'alerts.channels: "{strange}" is no name, e.g. "slack" or "phone-2"'


def _unknown_zone(settings: Settings) -> str | None:
    zone = settings.alerts.zone
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return f'alerts.zone "{zone}" is no time zone, e.g. "America/New_York"'
    return None


def _nobody_first(settings: Settings) -> str | None:
    channels = settings.alerts.channels
    if channels and all(c.step for c in channels.values()):
        return "alerts.channels: none has step 0, so nobody would be told at once"
    return None


ALERT_CONTRADICTIONS: Final[tuple[tuple[str, Callable[[Settings], str | None]], ...]] = (
    ("alerts.channels", _strange_channel),
    ("alerts.channels", _url_in_the_profile),
    ("alerts.channels", _nobody_first),
    ("alerts.zone", _unknown_zone),
)
