"""What a source says of a minute too late: for the journal, so that history can be mended later. No decision is rewritten."""

from __future__ import annotations

from dataclasses import dataclass

from tradebot.core.domain.events import BarCorrected, BarFact
from tradebot.core.domain.units import NS_PER_MINUTE
from tradebot.shell.feeds.bar_wire import Bar, Frame
from tradebot.shell.stamps import ns_from_text


@dataclass(frozen=True, slots=True)
class Correction:
    """A bar or a trade that came too late to count. See core/domain/events.py BarCorrected."""

    symbol: str
    minute_ns: int
    kind: str
    old: Bar | None = None
    new: Bar | None = None
    note: str = ""

    def event(self, source: str, now_ns: int) -> BarCorrected:
        return BarCorrected(
            ts_event_ns=now_ns, symbol=self.symbol, minute_ns=self.minute_ns, source=source, kind=self.kind,
            old=_fact(self.old), new=_fact(self.new), note=self.note,
        )  # fmt: skip


def same_numbers(one: Bar, other: Bar) -> bool:
    """Whether two bars say the same; a number of trades that one of them does not tell is no difference."""
    told = one.trades == other.trades or not (one.trades and other.trades)
    return told and (one.open, one.high, one.low, one.close, one.volume) == (other.open, other.high, other.low, other.close, other.volume)


def trade_correction(frame: Frame) -> Correction:
    """Alpaca's `c` and `x` messages: a trade that was corrected, cancelled or an error. Raises ValueError for a time that is none."""
    minute_ns = ns_from_text(frame.t) // NS_PER_MINUTE * NS_PER_MINUTE
    if frame.T == "c":
        return Correction(frame.S, minute_ns, "trade corrected", note=f"{frame.os:g} at {frame.op:g} was {frame.cs:g} at {frame.cp:g}")
    return Correction(frame.S, minute_ns, "trade cancelled", note=f"trade {frame.i}: {frame.s:g} at {frame.p:g} ({frame.a or '?'})")


def _fact(bar: Bar | None) -> BarFact | None:
    return None if bar is None else BarFact(bar.open, bar.high, bar.low, bar.close, bar.volume, bar.trades)
