"""Trading statuses of Alpaca's data stream: which of their codes halt a symbol, and which let it trade again.

| tape | halts | trades again |
|---|---|---|
| A, B (CTA) | 2 trading halt | 3 resume |
| C, O (UTP) | H trading halt, P volatility trading pause | T trading resumption |

Everything else (price indications, imbalances, short-sale restriction, Q: quotes only) leaves it as it is. Source: Alpaca, "Real-time Stock
Data", trading statuses; WIRE.md section 4.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from tradebot.core.domain.events import SymbolHalted
from tradebot.shell.clock import Clock, Report
from tradebot.shell.inbox import Inbox

HALTS: Final = frozenset({"2", "H", "P"})
RESUMES: Final = frozenset({"3", "T"})


def halt_of(symbol: str, code: str, text: str, now_ns: int) -> SymbolHalted | None:
    """The event that a status is, None for one that neither halts nor resumes."""
    if not symbol or code not in HALTS | RESUMES:
        return None
    return SymbolHalted(ts_event_ns=now_ns, symbol=symbol, halted=code in HALTS, reason=f"{code}: {text}" if text else code)


def put_halts(inbox: Inbox, clock: Clock, report: Report) -> Callable[[str, str, str], None]:
    """What takes a status (symbol, code, text): an event for a halt and for its end, a line of the log for anything else."""

    def on_status(symbol: str, code: str, text: str) -> None:
        event = halt_of(symbol, code, text, clock.now_ns())
        if event is None:
            report("info", f"{symbol}: status {code} {text}")
        else:
            inbox.put(event)

    return on_status
