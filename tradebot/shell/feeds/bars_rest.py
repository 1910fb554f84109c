"""Recent minutes over REST: the warm-up before the first live minute, and what a stream has missed."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from tradebot.core.domain.faults import OperatorFault
from tradebot.core.domain.units import NS_PER_MINUTE
from tradebot.shell.broker.rest import BrokerRefusal, Rest, key_fault
from tradebot.shell.feeds.bar_wire import Bar, BarFault, bar_of_json, bars_of_rest
from tradebot.shell.stamps import text_from_ns

PAGE: int = 10_000
SYMBOLS_PER_CALL: int = 200


class BarsRest:
    """`refused` is told of each bar that cannot be true; the others count. The feed is always named (WIRE.md 4)."""

    def __init__(self, rest: Rest, feed: str, refused: Callable[[str], None], adjustment: str = "raw") -> None:
        self._rest = rest
        self._feed = feed
        self._refused = refused
        self._adjustment = adjustment

    async def bars(self, symbols: Sequence[str], first_minute_ns: int, last_minute_ns: int) -> list[Bar]:
        """Bars of the minutes from first to last, both included, sorted by minute.

        Raises BrokerUnreachable, BarFault, and OperatorFault for wrong keys or a feed that the account may not read.
        """
        found: list[Bar] = []
        for at in range(0, len(symbols), SYMBOLS_PER_CALL):
            found += await self._pages(symbols[at : at + SYMBOLS_PER_CALL], first_minute_ns, last_minute_ns)
        return sorted(found, key=lambda b: (b.minute_ns, b.symbol))

    async def _pages(self, symbols: Sequence[str], first_minute_ns: int, last_minute_ns: int) -> list[Bar]:
        params = {
            "symbols": ",".join(symbols),
            "timeframe": "1Min",
            "start": text_from_ns(first_minute_ns),
            # Inclusive at the broker; one nanosecond less than the next minute keeps that minute out.
            "end": text_from_ns(last_minute_ns + NS_PER_MINUTE - 1),
            "limit": str(PAGE),
            "adjustment": self._adjustment,
            "feed": self._feed,
        }
        found: list[Bar] = []
        while True:
            try:
                answer = await self._rest.get("/v2/stocks/bars", params)
            except BrokerRefusal as error:
                fault = OperatorFault(f"Alpaca gives no {self._feed} bars: {error.message}")
                raise key_fault(error, "Alpaca's data host") or fault from error
            for symbol, row in bars_of_rest(answer):
                try:
                    found.append(bar_of_json(symbol, row))
                except BarFault as error:
                    self._refused(str(error))
            token = answer.get("next_page_token")
            if not token:
                return found
            params["page_token"] = str(token)
