"""The latest quotes over REST: what stands when a stream begins, or begins again."""

from __future__ import annotations

from collections.abc import Sequence

from tradebot.core.domain.faults import OperatorFault
from tradebot.shell.broker.rest import BrokerRefusal, Rest, key_fault
from tradebot.shell.feeds.bars_rest import SYMBOLS_PER_CALL
from tradebot.shell.feeds.quote_wire import Quote, QuoteFault, quote_of_json


class QuotesRest:
    """The feed is always named (WIRE.md 4)."""

    def __init__(self, rest: Rest, feed: str) -> None:
        self._rest = rest
        self._feed = feed

    async def quotes(self, symbols: Sequence[str]) -> list[Quote]:
        """One quote for each symbol that has any.

        Raises BrokerUnreachable, QuoteFault, and OperatorFault for wrong keys or a feed that the account may not read.
        """
        found: list[Quote] = []
        for at in range(0, len(symbols), SYMBOLS_PER_CALL):
            params = {"symbols": ",".join(symbols[at : at + SYMBOLS_PER_CALL]), "feed": self._feed}
            try:
                answer = await self._rest.get("/v2/stocks/quotes/latest", params)
            except BrokerRefusal as error:
                fault = OperatorFault(f"Alpaca gives no {self._feed} quotes: {error.message}")
                raise key_fault(error, "Alpaca's data host") or fault from error
            by_symbol = answer.get("quotes") if isinstance(answer, dict) else None
            if not isinstance(by_symbol, dict) or not all(isinstance(row, dict) for row in by_symbol.values()):
                raise QuoteFault("the data host sent quotes in an unknown shape")
            found += [quote_of_json(symbol, row) for symbol, row in by_symbol.items()]
        return found
