"""Alpaca's quote JSON (stream and REST) to exact quotes. A quote that lies is refused with symbol, time and field.

Prices may be 0: no such side. Sizes are in shares (WIRE.md section 4, since 2025-11-03). A quote that is not firm (condition N) binds
nobody: no side stands.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from tradebot.core.domain.units import units_nearest
from tradebot.shell.feeds.bar_wire import PRICE_USD_MAX, Frame, is_count
from tradebot.shell.stamps import ns_from_text

NOT_FIRM: Final = "N"


class QuoteFault(ValueError):
    """A quote that cannot be true. Its text names symbol, time and field."""


@dataclass(frozen=True, slots=True)
class Quote:
    """What stands from `ts_ns` on: prices in units, sizes in shares, 0 = no such side."""

    symbol: str
    ts_ns: int
    bid: int
    ask: int
    bid_size: int
    ask_size: int


def quote_of_frame(frame: Frame) -> Quote:
    """Raises QuoteFault."""
    return quote_of_json(frame.S, {"t": frame.t, "bp": frame.bp, "bs": frame.bs, "ap": frame.ap, "as": frame.as_, "c": frame.c})


def quote_of_json(symbol: str, row: Mapping[str, Any]) -> Quote:
    """Raises QuoteFault."""
    stamp = row.get("t")
    try:
        ts_ns = ns_from_text(stamp)
    except (ValueError, TypeError) as error:
        raise QuoteFault(f"quote of {symbol or '?'}: field t is no time: {stamp!r}") from error
    if not symbol:
        raise QuoteFault(f"quote of ? at {stamp}: field S is missing")
    for name in ("bp", "ap"):
        if not is_count(row.get(name)) or row[name] > PRICE_USD_MAX:
            raise QuoteFault(f"quote of {symbol} at {stamp}: field {name} is no price: {row.get(name)!r}")
    for name in ("bs", "as"):
        if not is_count(row.get(name)):
            raise QuoteFault(f"quote of {symbol} at {stamp}: field {name} is no number of shares: {row.get(name)!r}")
    conditions = row.get("c")
    if isinstance(conditions, list) and NOT_FIRM in conditions:
        return Quote(symbol, ts_ns, 0, 0, 0, 0)
    bid, ask = units_nearest(float(row["bp"])), units_nearest(float(row["ap"]))
    return Quote(symbol, ts_ns, bid, ask, int(row["bs"]) if bid else 0, int(row["as"]) if ask else 0)
