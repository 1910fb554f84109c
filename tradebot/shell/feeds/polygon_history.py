"""History from Massive (formerly Polygon) into the Parquet store: the same pieces, checks and sidecars as from Alpaca.

Blocking, over httpx, in a thread of the caller's. The free plan allows five requests a minute, so a 429 is waited out for longer than the
other transient failures. A piece is a month, which fits one page of 50,000 base aggregates.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import httpx
import msgspec

from tradebot.core.domain.bars import BarColumns
from tradebot.core.domain.faults import OperatorFault
from tradebot.shell.broker.rest import refusal
from tradebot.shell.feeds.bar_wire import Bar, BarFault
from tradebot.shell.feeds.history import Fetched, FetchProgress, columns, fetch_into, pieces
from tradebot.shell.feeds.polygon_host import SOURCE, PolygonHost
from tradebot.shell.feeds.polygon_rest import aggregates_params, aggregates_path, next_page, refusal_fault, results
from tradebot.shell.feeds.polygon_wire import bar_of_result
from tradebot.shell.store.bars import BarStore
from tradebot.shell.store.sidecar import Origin

TIMEOUT: Final = httpx.Timeout(30.0, connect=5.0)
PATIENCE_S: Final = (1.0, 3.0, 10.0)
QUOTA_S: Final = 13.0  # a fifth of a minute, and a little
TOO_MANY: Final = 429
TRANSIENT: Final = frozenset({TOO_MANY, 500, 502, 503, 504})
CHUNK_DAYS: Final = 31
CLIENT_ERROR: Final = 400
QUOTA_WAITS_MAX: Final = 6


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to wait after failures of each kind."""

    after_failure_s: tuple[float, ...] = PATIENCE_S
    after_quota_s: float = QUOTA_S


def fetch_polygon_history(
    host: PolygonHost,
    store: BarStore,
    symbols: Sequence[str],
    from_ns: int,
    through_ns: int,
    *,
    adjustment: str = "raw",
    progress: Callable[[FetchProgress], None] | None = None,
    patience: Patience = Patience(),
) -> Fetched:
    """As `fetch_history`, from Massive. Raises OperatorFault for the same reasons."""
    origin = Origin(SOURCE, adjustment, f"{SOURCE} at {host.rest_url}")
    secure = host.rest_url.startswith("https")
    with httpx.Client(base_url=host.rest_url, headers=host.key.headers(), timeout=TIMEOUT, trust_env=False, verify=secure) as client:

        def bars(symbol: str, start_ns: int, last_ns: int) -> BarColumns:
            return columns(symbol, _bars(client, symbol, start_ns, last_ns, adjustment, patience))

        return fetch_into(store, symbols, list(pieces(from_ns, through_ns, CHUNK_DAYS)), origin, bars, progress)


def _bars(client: httpx.Client, symbol: str, from_ns: int, through_ns: int, adjustment: str, patience: Patience) -> list[Bar]:
    found: list[Bar] = []
    path: str | None = aggregates_path(symbol, from_ns, through_ns)
    params: dict[str, str] | None = aggregates_params(adjustment)
    while path is not None:
        answer = _patiently(client, path, params, patience)
        try:
            found += [bar_of_result(symbol, row) for row in results(answer)]
        except BarFault as error:
            raise OperatorFault(f"Massive sent a bar that can't be true: {error}") from error
        path, params = next_page(answer), None
    return [bar for bar in found if from_ns <= bar.minute_ns <= through_ns]


def _patiently(client: httpx.Client, path: str, params: dict[str, str] | None, patience: Patience) -> Any:
    """One page, asked for again after transient failures. Raises OperatorFault on refusals and when patience ends."""
    waits = list(patience.after_failure_s)
    quota_waits = QUOTA_WAITS_MAX
    while True:
        try:
            response = client.get(path, params=params)
            why = f"status {response.status_code}"
            if response.status_code == TOO_MANY and quota_waits:
                quota_waits -= 1
                time.sleep(patience.after_quota_s)
                continue
            if response.status_code not in TRANSIENT:
                if response.status_code >= CLIENT_ERROR:
                    raise refusal_fault(refusal(response))
                return msgspec.json.decode(response.content)
        except httpx.TransportError as error:
            why = type(error).__name__
        except msgspec.DecodeError:
            why = "an answer that is no JSON"
        if not waits:
            raise OperatorFault(f"Massive at {client.base_url} doesn't answer ({why}): try again later, what was fetched is kept")
        time.sleep(waits.pop(0))
