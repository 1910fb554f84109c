"""What the broker's list of assets says against our symbols: read at start and at each rebalance (WIRE.md 2, GET /v2/assets).

Only what has changed since the journal's last word becomes an event. A list that can't be read changes nothing: the broker refuses orders
in what it doesn't trade anyway, and the next reading tells.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tradebot.core.domain.events import AssetsRead
from tradebot.shell.broker.rest import BrokerRefusal, BrokerUnreachable, Rest
from tradebot.shell.broker.wire import WireFault
from tradebot.shell.clock import Clock, Report
from tradebot.shell.inbox import Inbox
from tradebot.shell.quiet import Quiet

QUERY = {"status": "active", "asset_class": "us_equity"}


def assets_read(rows: Any, symbols: Sequence[str], now_ns: int) -> AssetsRead:
    """The list as an event. A symbol that the list of active assets lacks isn't tradable. Raises WireFault on what is no list of assets."""
    if not isinstance(rows, list):
        raise WireFault("the list of assets is no list")
    found: dict[str, Any] = {str(row.get("symbol")): row for row in rows if isinstance(row, dict)}
    if not found:
        raise WireFault("the list of assets is empty")
    tradable = [s for s in symbols if s in found and found[s].get("tradable") is True]
    lent = [s for s in tradable if found[s].get("shortable") is True]
    untradable, unshortable = sorted(set(symbols) - set(tradable)), sorted(set(tradable) - set(lent))
    return AssetsRead(ts_event_ns=now_ns, untradable=tuple(untradable), unshortable=tuple(unshortable))


class AssetWatch:
    """`last` is the journal's last word, None where it has none: then nothing is known against any symbol."""

    def __init__(
        self, rest: Rest, symbols: Sequence[str], last: AssetsRead | None, clock: Clock, inbox: Inbox, quiet: Quiet, report: Report
    ) -> None:
        self._rest = rest
        self._symbols = symbols
        self._said = ((), ()) if last is None else (last.untradable, last.unshortable)
        self._clock = clock
        self._inbox = inbox
        self._quiet = quiet
        self._report = report

    async def read(self) -> None:
        """Read the list, and say what is new. Never raises for a list that can't be had."""
        with self._quiet.busy():
            try:
                event = assets_read(await self._rest.get("/v2/assets", QUERY), self._symbols, self._clock.now_ns())
            except (BrokerRefusal, BrokerUnreachable, WireFault) as error:
                self._report("warning", f"the broker's list of assets can't be read: {error}")
                return
            if self._said != (event.untradable, event.unshortable):
                self._said = event.untradable, event.unshortable
                self._inbox.put(event)
