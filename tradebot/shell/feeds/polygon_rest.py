"""Minutes over Massive's REST: `/v2/aggs/ticker/{T}/range/1/minute/{from}/{to}`, one request a symbol (WIRE.md section 5).

`adjusted=false` matches Alpaca's "raw"; `adjusted=true` is splits only, which matches "split". Of `next_url` only path and query are
followed, so that a simulated server's pages lead to itself. The key goes in a header.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any, Final
from urllib.parse import quote, urlsplit

from tradebot.core.domain.faults import OperatorFault
from tradebot.core.domain.units import NS_PER_MS
from tradebot.shell.broker.rest import BrokerRefusal, Rest
from tradebot.shell.feeds.bar_wire import Bar, BarFault
from tradebot.shell.feeds.polygon_host import KEY_HINT
from tradebot.shell.feeds.polygon_wire import bar_of_result

PAGE: Final = 50_000
AT_ONCE: Final = 8  # requests under way together
UNAUTHORISED: Final = (401, 403)


def aggregates_path(symbol: str, first_minute_ns: int, last_minute_ns: int) -> str:
    """Both ends included; the last is the start of the last minute."""
    return f"/v2/aggs/ticker/{quote(symbol, safe='')}/range/1/minute/{first_minute_ns // NS_PER_MS}/{last_minute_ns // NS_PER_MS}"


def aggregates_params(adjustment: str) -> dict[str, str]:
    return {"adjusted": "true" if adjustment == "split" else "false", "sort": "asc", "limit": str(PAGE)}


def next_page(answer: Any) -> str | None:
    """Path and query of the next page, whatever host its URL names."""
    url = answer.get("next_url") if isinstance(answer, dict) else None
    if not url:
        return None
    parts = urlsplit(str(url))
    return f"{parts.path}?{parts.query}" if parts.query else parts.path


def results(answer: Any) -> list[Any]:
    """The rows of one page. Raises BarFault on another shape."""
    rows = answer.get("results", []) if isinstance(answer, dict) else None
    if rows is None and isinstance(answer, dict):
        return []
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise BarFault("Massive sent aggregates in an unknown shape")
    return rows


class PolygonRest:
    """`refused` is told of each bar that cannot be true; the others count."""

    def __init__(self, rest: Rest, refused: Callable[[str], None], adjustment: str = "raw") -> None:
        self._rest = rest
        self._refused = refused
        self._params = aggregates_params(adjustment)
        self._turn = asyncio.Semaphore(AT_ONCE)

    async def bars(self, symbols: Sequence[str], first_minute_ns: int, last_minute_ns: int) -> list[Bar]:
        """Bars of the minutes from first to last, both included, sorted by minute.

        Raises BrokerUnreachable (also when the plan's requests are used up), BarFault, and OperatorFault for a key that isn't accepted.
        """
        found = await asyncio.gather(*(self._of(symbol, first_minute_ns, last_minute_ns) for symbol in symbols))
        return sorted((bar for bars in found for bar in bars), key=lambda b: (b.minute_ns, b.symbol))

    async def _of(self, symbol: str, first_minute_ns: int, last_minute_ns: int) -> list[Bar]:
        found: list[Bar] = []
        path: str | None = aggregates_path(symbol, first_minute_ns, last_minute_ns)
        params: dict[str, str] | None = self._params
        while path is not None:
            async with self._turn:
                try:
                    answer = await self._rest.get(path, params)
                except BrokerRefusal as error:
                    raise refusal_fault(error) from error
            for row in results(answer):
                try:
                    bar = bar_of_result(symbol, row)
                except BarFault as error:
                    self._refused(str(error))
                    continue
                if first_minute_ns <= bar.minute_ns <= last_minute_ns:
                    found.append(bar)
            path, params = next_page(answer), None
        return found


def refusal_fault(error: BrokerRefusal) -> OperatorFault:
    """A 4xx of Massive's as a sentence; its text may name the plan that is needed."""
    if error.status in UNAUTHORISED:
        return OperatorFault(f"Massive does not accept the API key or the plan lacks this data (HTTP {error.status}): {KEY_HINT}")
    return OperatorFault(f"Massive gives no bars (HTTP {error.status}): {error.message or 'no reason given'}")
