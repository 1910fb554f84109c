"""Massive's (formerly Polygon) JSON to exact bars and quotes (WIRE.md section 5). A bar that lies is refused as Alpaca's are.

`AM` frames and REST aggregates stamp a bar with its start in epoch milliseconds. The socket tells no number of trades, so none is taken
from REST either: windows of one feed hold one kind of number. Volumes may be fractional since 2025; whole shares count.
Quote sizes are taken as they come; whether they are shares or round lots is not documented (unverified).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from tradebot.core.domain.units import NS_PER_MINUTE, NS_PER_MS, units_nearest
from tradebot.shell.feeds.bar_wire import PRICE_USD_MAX, Bar, BarFault, bar_at, is_count
from tradebot.shell.feeds.quote_wire import Quote, QuoteFault
from tradebot.shell.stamps import text_from_ns

MS_MAX: Final = 9e12  # int64 of nanoseconds ends here
_MESSAGES: Final = msgspec.json.Decoder(list[dict[str, Any]])


def messages(text: str | bytes) -> list[dict[str, Any]]:
    """The messages of one frame. Raises BarFault when it is no JSON array of objects."""
    try:
        return _MESSAGES.decode(text)
    except (msgspec.ValidationError, msgspec.DecodeError) as error:
        raise BarFault(f"the Massive stream sent a frame that is no array of objects: {error}") from error


def bar_of_aggregate(message: Mapping[str, Any]) -> Bar:
    """An `AM` message. Raises BarFault."""
    return _bar(str(message.get("sym") or ""), message.get("s"), message)


def bar_of_result(symbol: str, row: Mapping[str, Any]) -> Bar:
    """A row of `results` of GET /v2/aggs. Raises BarFault."""
    return _bar(symbol, row.get("t"), row)


def _bar(symbol: str, start_ms: Any, row: Mapping[str, Any]) -> Bar:
    minute_ns = _ns(start_ms)
    if not symbol or minute_ns is None or minute_ns % NS_PER_MINUTE:
        what = "the symbol is missing" if not symbol else f"the start is no time on a minute: {start_ms!r}"
        raise BarFault(f"bar of {symbol or '?'} at {start_ms}: {what}")
    told = {name: row.get(name) for name in ("o", "h", "l", "c", "v")}
    return bar_at(symbol, minute_ns, text_from_ns(minute_ns), told)


def quote_of_message(message: Mapping[str, Any]) -> Quote:
    """A `Q` message; a side without a price does not stand. Raises QuoteFault."""
    symbol, ts_ns = str(message.get("sym") or ""), _ns(message.get("t"))
    if not symbol or ts_ns is None:
        raise QuoteFault(f"quote of {symbol or '?'}: symbol or time is missing")
    bid, ask = (message.get(name, 0) for name in ("bp", "ap"))
    bid_size, ask_size = (message.get(name, 0) for name in ("bs", "as"))
    for name, value in (("bp", bid), ("ap", ask), ("bs", bid_size), ("as", ask_size)):
        if not is_count(value) or (name in ("bp", "ap") and value > PRICE_USD_MAX):
            raise QuoteFault(f"quote of {symbol} at {text_from_ns(ts_ns)}: field {name} is impossible: {value!r}")
    bid_units, ask_units = units_nearest(float(bid)), units_nearest(float(ask))
    return Quote(symbol, ts_ns, bid_units, ask_units, int(bid_size) if bid_units else 0, int(ask_size) if ask_units else 0)


def _ns(ms: Any) -> int | None:
    """Nanoseconds of epoch milliseconds, None where they are no whole number above zero."""
    if isinstance(ms, bool) or not isinstance(ms, int | float) or not 0 < ms < MS_MAX or ms != int(ms):
        return None
    return int(ms) * NS_PER_MS
