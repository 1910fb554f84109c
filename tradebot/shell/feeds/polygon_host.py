"""Where Massive (formerly Polygon) is, and with which key."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from tradebot.core.domain.faults import OperatorFault
from tradebot.shell.broker.endpoints import Credentials

REST_URL: Final = "https://api.massive.com"
STREAM_URL: Final = "wss://socket.massive.com/stocks"
ADJUSTMENTS: Final = ("raw", "split")  # that its aggregates can have
SOURCE: Final = "polygon"  # the source's name in settings, events and sidecars
KEY_HINT: Final = "check POLYGON_API_KEY"


class BearerKey(Credentials):
    """A single key, sent as a bearer token: never in a URL."""

    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.secret}"}


@dataclass(frozen=True, slots=True)
class PolygonHost:
    """REST origin, full URL of the stream, key."""

    key: BearerKey
    rest_url: str = REST_URL
    stream_url: str = STREAM_URL


def polygon_host(key: str, base_url: str = REST_URL) -> PolygonHost:
    """From one base URL: Massive's own has a host for its socket, any other origin serves both. Raises OperatorFault when it is none."""
    base = base_url.rstrip("/")
    parts = urlsplit(base)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.path:
        raise OperatorFault(f"the address of Massive must look like https://host or http://127.0.0.1:PORT, not {base!r}")
    if parts.scheme == "http" and parts.hostname not in ("127.0.0.1", "localhost", "::1"):
        raise OperatorFault(f"keys are not sent without encryption: use https for {parts.hostname}")
    if base == REST_URL:
        return PolygonHost(BearerKey("", key))
    return PolygonHost(BearerKey("", key), base, f"{'wss' if parts.scheme == 'https' else 'ws'}://{parts.netloc}/stocks")
