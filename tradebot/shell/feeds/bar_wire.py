"""Alpaca's bar JSON (stream and REST) to exact bars. A bar that lies is refused with symbol, minute and field."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeGuard

import msgspec

from tradebot.core.domain.units import NS_PER_MINUTE, units_nearest
from tradebot.shell.stamps import ns_from_text

PRICES: Final = ("o", "h", "l", "c")
VOLUME_MAX: Final = 10**15  # these two are the files' bounds too: what may be traded on may be stored
PRICE_USD_MAX: Final = 1e8


class BarFault(ValueError):
    """A bar that cannot be true. Its text names symbol, minute and field."""


@dataclass(frozen=True, slots=True)
class Bar:
    """One symbol's minute, prices in units. `minute_ns` is its start."""

    symbol: str
    minute_ns: int
    open: int
    high: int
    low: int
    close: int
    volume: int
    trades: int = 0  # 0 = not told


class Frame(msgspec.Struct, rename={"as_": "as"}):
    """One message of the data stream, whatever its kind: control messages carry msg and code, bars and quotes the rest.

    `c` is a bar's close and a quote's list of conditions.
    """

    T: str
    S: str = ""
    t: str = ""
    o: float = -1.0
    h: float = -1.0
    l: float = -1.0  # noqa: E741 - the wire's name
    c: float | list[str] = -1.0
    v: float = -1.0
    n: float | None = None
    bp: float = -1.0
    bs: float = -1.0
    ap: float = -1.0
    as_: float = -1.0
    i: int | str = 0  # of a trade that is corrected or cancelled
    p: float = -1.0
    s: float = -1.0
    op: float = -1.0
    os: float = -1.0
    cp: float = -1.0
    cs: float = -1.0
    a: str = ""
    sc: str = ""  # of a trading status: its code, its text and the reason's
    sm: str = ""
    rm: str = ""
    msg: str = ""
    code: int = 0


_FRAMES: Final = msgspec.json.Decoder(list[Frame])


def frames(text: str | bytes) -> list[Frame | Mapping[str, Any]]:
    """Messages of one frame. The exact decoder first; a frame that it refuses is read loosely, so that one bad bar costs no other.

    Raises BarFault when the frame is no JSON array of objects.
    """
    try:
        return list(_FRAMES.decode(text))
    except (msgspec.ValidationError, msgspec.DecodeError):
        pass
    try:
        rows = json.loads(text)  # reads NaN and Infinity too, which the bar's own check then refuses by name
    except ValueError as error:
        raise BarFault(f"the data stream sent a frame that is no JSON: {error}") from error
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise BarFault("the data stream sent a frame that is no array of objects")
    return rows


def bar_of_frame(frame: Frame) -> Bar:
    """Raises BarFault."""
    return _bar(frame.S, frame.t, {"o": frame.o, "h": frame.h, "l": frame.l, "c": frame.c, "v": frame.v, "n": frame.n})


def bar_of_json(symbol: str, row: Mapping[str, Any]) -> Bar:
    """Raises BarFault."""
    return _bar(symbol, row.get("t"), row)


def _bar(symbol: str, stamp: Any, row: Mapping[str, Any]) -> Bar:
    try:
        minute_ns = ns_from_text(stamp)
    except (ValueError, TypeError) as error:
        raise BarFault(f"bar of {symbol or '?'}: field t is no time: {stamp!r}") from error
    if not symbol or minute_ns % NS_PER_MINUTE:
        raise BarFault(f"bar of {symbol or '?'} at {stamp}: field {'t is not on a minute' if symbol else 'S is missing'}")
    return bar_at(symbol, minute_ns, stamp, row)


def bar_at(symbol: str, minute_ns: int, stamp: Any, row: Mapping[str, Any]) -> Bar:
    """A bar of this minute from o, h, l, c, v and n of a row; `stamp` is how the wire writes its time. Raises BarFault."""
    units = [_price(symbol, stamp, name, row.get(name)) for name in PRICES]
    volume, trades = row.get("v"), row.get("n")
    if not is_count(volume):
        raise BarFault(f"bar of {symbol} at {stamp}: field v is no volume: {volume!r}")
    if trades is not None and not is_count(trades):
        raise BarFault(f"bar of {symbol} at {stamp}: field n is no number of trades: {trades!r}")
    first, high, low, last = units
    if high < low:
        raise BarFault(f"bar of {symbol} at {stamp}: field h {row['h']} is below field l {row['l']}")
    for name, value in (("o", first), ("c", last)):
        if not low <= value <= high:
            raise BarFault(f"bar of {symbol} at {stamp}: field {name} {row[name]} is outside {row['l']} to {row['h']}")
    return Bar(symbol, minute_ns, first, high, low, last, int(volume), int(trades or 0))


def is_count(value: Any) -> TypeGuard[int | float]:
    """A number of shares or trades. NaN is none."""
    return not isinstance(value, bool) and isinstance(value, int | float) and 0 <= value <= VOLUME_MAX


def _price(symbol: str, stamp: Any, name: str, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise BarFault(f"bar of {symbol} at {stamp}: field {name} is no number: {value!r}")
    try:
        units = units_nearest(float(value))
    except (ValueError, OverflowError) as error:
        raise BarFault(f"bar of {symbol} at {stamp}: field {name} is not finite: {value!r}") from error
    if units <= 0:
        raise BarFault(f"bar of {symbol} at {stamp}: field {name} is not above zero: {value!r}")
    if value > PRICE_USD_MAX:
        raise BarFault(f"bar of {symbol} at {stamp}: field {name} is impossibly large: {value!r}")
    return units


def bars_of_rest(answer: Any) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """(symbol, row) of one page of GET /v2/stocks/bars. Raises BarFault on another shape."""
    by_symbol = answer.get("bars") if isinstance(answer, dict) else None
    if not isinstance(by_symbol, dict | None) or (by_symbol is None and not isinstance(answer, dict)):
        raise BarFault("the data host sent bars in an unknown shape")
    for symbol, rows in (by_symbol or {}).items():
        for row in rows:
            yield symbol, row
