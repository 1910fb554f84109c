"""One source of bars as the minute feed sees it: what it has brought so far, how to ask it, and how to cut its stream."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from tradebot.shell.feeds.assembler import Assembler
from tradebot.shell.feeds.bar_wire import Bar
from tradebot.shell.feeds.quotes_rest import QuotesRest


class AsksBars(Protocol):
    async def bars(self, symbols: Sequence[str], first_minute_ns: int, last_minute_ns: int) -> list[Bar]:
        """Raises BrokerUnreachable, BarFault, OperatorFault."""
        ...


def _nothing(reason: str) -> None:
    pass


@dataclass(slots=True)
class BarSource:
    """`cut` ends a mute connection. `latest_quotes`: where quotes are wanted and the source tells the latest ones."""

    assembler: Assembler
    rest: AsksBars
    latest_quotes: QuotesRest | None = None
    cut: Callable[[str], None] = _nothing
    up_since_ns: int | None = None
    mute_minutes: int = 0

    @property
    def name(self) -> str:
        return self.assembler.feed

    def was_up(self, minute_end_ns: int) -> bool:
        """The stream was subscribed when the minute ended, and still is."""
        return self.up_since_ns is not None and self.up_since_ns <= minute_end_ns
