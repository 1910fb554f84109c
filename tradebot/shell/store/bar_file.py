"""One Parquet file of one-minute bars or quotes: read, and refuse whatever can't be true.

Every refusal is an OperatorFault that names file, symbol, minute and field, since a bad bar that passes here becomes a trade.
Columns: `timestamp` (start of the minute, UTC) and prices in dollars, volume in shares; optional ones are the number of trades and the
quote that stood at the minute's start, with its shares, where 0 or an empty cell is absence; see data/README.md.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from tradebot.core.domain.bars import BarColumns
from tradebot.core.domain.faults import OperatorFault
from tradebot.core.domain.units import NS_PER_MINUTE, NS_PER_S, UNITS_PER_USD

Int = npt.NDArray[np.int64]
Float = npt.NDArray[np.float64]

_NAME: Final = re.compile(r"^(?P<symbol>[A-Z][A-Z0-9.\-]*)_1m(?P<quotes>_quotes)?(_.*)?\.parquet$")
_PRICES: Final = ("open", "high", "low", "close")
_QUOTES: Final = ("bid_open", "ask_open")
_LAST_QUOTES: Final = ("bid", "bid_size", "ask", "ask_size")  # of the minute: the next one starts with them
_TAPE: Final = {
    "bid": ("bid",),
    "ask": ("ask",),
    "trades": ("trades", "n", "trade_count"),
    "bid_size": ("bid_size",),
    "ask_size": ("ask_size",),
}
_COUNTED: Final = frozenset({"trades", "bid_size", "ask_size"})
_PRICE_USD_MAX: Final = 1e8  # keeps price * quantity far inside int64
_VOLUME_MAX: Final = 1e15


@dataclass(frozen=True, slots=True)
class BarFileName:
    """What a file's name says: `BAC_1m_quotes_2013_10.parquet` holds quotes of BAC."""

    path: Path
    symbol: str
    is_quotes: bool


@dataclass(frozen=True, slots=True)
class QuoteColumns:
    """Quotes at the start of each minute in units, with their shares; 0 = no such side, or shares that the file does not tell."""

    minute_ns: Int  # (T,)
    bid: Int  # (T,)
    ask: Int  # (T,)
    bid_size: Int  # (T,)
    ask_size: Int  # (T,)


def bar_file_name(path: Path) -> BarFileName | None:
    """The parsed name, or None for a file that is not one of ours."""
    found = _NAME.match(path.name)
    return BarFileName(path, found["symbol"], found["quotes"] is not None) if found else None


def bar_files(folder: Path) -> list[BarFileName]:
    """The bar and quote files of a folder by name; other files are not ours. Raises OperatorFault when there is no such folder."""
    if not folder.is_dir():
        raise OperatorFault(f"{folder}: there is no such folder of bars")
    return [name for file in sorted(folder.glob("*.parquet")) if (name := bar_file_name(file)) is not None]


def read_bars(name: BarFileName) -> BarColumns:
    """Validated bars of one file. Raises OperatorFault."""
    rows = _read(name, (*_PRICES, "volume"), tuple(alias for names in _TAPE.values() for alias in names))
    usd = rows.columns
    for field in _PRICES:
        rows.refuse(field, usd[field] <= 0, "is not above 0")
    rows.refuse("volume", usd["volume"] < 0, "is negative")
    rows.refuse("high", usd["high"] < usd["low"], "is below low", "low")
    for field in ("open", "close"):
        rows.refuse(field, usd[field] > usd["high"], "is above high", "high")
        rows.refuse(field, usd[field] < usd["low"], "is below low", "low")
    units = {field: _units(usd[field]) for field in _PRICES}
    rows.refuse("low", units["low"] <= 0, "rounds to 0 at four decimals")
    return BarColumns(name.symbol, rows.minute_ns, volume=np.rint(usd["volume"]).astype(np.int64), **units, **_tape(rows))


def _tape(rows: _Rows) -> dict[str, Int]:
    """The optional columns that the file has. Shares of a side that is not there are 0."""
    tape: dict[str, Int] = {}
    for field, aliases in _TAPE.items():
        for alias in [alias for alias in aliases if alias in rows.columns][:1]:
            rows.refuse(alias, rows.columns[alias] < 0, "is negative")
            tape[field] = _counts(rows, alias) if field in _COUNTED else _units(rows.columns[alias])
    for size, side in (("bid_size", "bid"), ("ask_size", "ask")):
        if size in tape:
            tape[size] = np.where(tape[side] > 0, tape[size], 0) if side in tape else np.zeros(len(rows.minute_ns), np.int64)
    return tape


def _counts(rows: _Rows, field: str) -> Int:
    values = rows.columns[field]
    rows.refuse(field, values != np.rint(values), "is no whole number")
    counts: Int = values.astype(np.int64)
    return counts


def read_quotes(name: BarFileName) -> QuoteColumns:
    """Validated quotes of one file. Raises OperatorFault. A crossed quote is real and stays; an empty cell is a side that is not there.

    A file's sizes belong to the last quote of their minute. They are those of the next row's start where its price is still the same.
    """
    rows = _read(name, _QUOTES, _LAST_QUOTES)
    for field, values in rows.columns.items():
        rows.refuse(field, values < 0, "is negative")
    bid, ask = _units(rows.columns["bid_open"]), _units(rows.columns["ask_open"])
    return QuoteColumns(rows.minute_ns, bid, ask, _size_at_start(rows, "bid", bid), _size_at_start(rows, "ask", ask))


def _size_at_start(rows: _Rows, side: str, price: Int) -> Int:
    size = np.zeros(len(price), np.int64)
    if side in rows.columns and f"{side}_size" in rows.columns:
        last, last_size = _units(rows.columns[side]), _counts(rows, f"{side}_size")
        size[1:] = np.where((price[1:] == last[:-1]) & (price[1:] > 0), last_size[:-1], 0)
    return size


def fault_at(path: Path, symbol: str, minute_ns: int, what: str) -> OperatorFault:
    """The one shape of a refusal of data."""
    return OperatorFault(f"{path}: {symbol} at {minute_text(minute_ns)}: {what}")


def minute_text(ts_ns: int) -> str:
    return dt.datetime.fromtimestamp(ts_ns // NS_PER_S, dt.UTC).strftime("%Y-%m-%d %H:%M UTC")


@dataclass(frozen=True, slots=True)
class _Rows:
    """Rows on the way in: stamps (T,) that strictly increase and float columns (T,)."""

    name: BarFileName
    minute_ns: Int
    columns: dict[str, Float]

    def refuse(self, field: str, bad: npt.NDArray[np.bool_], what: str, limit: str = "") -> None:
        """Raise on the first bad row, naming the field, its value and the other field that it contradicts."""
        for i in np.flatnonzero(bad)[:1]:
            tail = f" {self.columns[limit][i]:g}" if limit else ""
            raise fault_at(self.name.path, self.name.symbol, int(self.minute_ns[i]), f"{field} {self.columns[field][i]:g} {what}{tail}")


def _read(name: BarFileName, fields: tuple[str, ...], optional: tuple[str, ...]) -> _Rows:
    """Stamps that strictly increase, and finite columns. An empty cell is 0 where the column is optional or the file holds quotes."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(name.path) as file:
            present = file.schema_arrow.names
            for field in ("timestamp", *fields):
                if field not in present:
                    raise OperatorFault(f"{name.path}: {name.symbol}: column {field} is missing")
            fields = (*fields, *(field for field in optional if field in present))
            table = file.read(columns=["timestamp", *fields])
    except (pa.ArrowException, OSError, EOFError) as error:
        raise OperatorFault(f"{name.path}: {name.symbol}: this is no readable Parquet file ({_first_line(error)})") from error
    if not table.num_rows:
        raise OperatorFault(f"{name.path}: {name.symbol}: the file holds no rows")
    minute_ns = _stamps(name, table.column("timestamp"))
    rows = _Rows(name, minute_ns, {field: _floats(name, field, table.column(field)) for field in fields})
    for field, values in rows.columns.items():
        if name.is_quotes or field in optional:
            np.nan_to_num(values, copy=False, nan=0.0, posinf=np.inf, neginf=-np.inf)
        rows.refuse(field, ~np.isfinite(values), "is not a number")
        is_price = field in _PRICES or field in _QUOTES or field in ("bid", "ask")
        rows.refuse(field, np.abs(values) > (_PRICE_USD_MAX if is_price else _VOLUME_MAX), "is impossibly large")
    return rows


def _stamps(name: BarFileName, column: Any) -> Int:
    import pyarrow as pa

    if not pa.types.is_timestamp(column.type) or column.type.tz is None:
        raise OperatorFault(f"{name.path}: {name.symbol}: column timestamp is {column.type}, not a time with a time zone")
    if column.null_count:
        raise OperatorFault(f"{name.path}: {name.symbol}: column timestamp has {column.null_count} empty cells")
    try:
        stamps: Int = _numpy(column.cast(pa.timestamp("ns", "UTC")).cast(pa.int64()))
    except pa.ArrowInvalid as error:
        raise OperatorFault(f"{name.path}: {name.symbol}: column timestamp holds an impossible time") from error
    for i in np.flatnonzero(stamps % NS_PER_MINUTE)[:1]:
        raise fault_at(name.path, name.symbol, int(stamps[i]), "timestamp is not the start of a minute")
    step = np.diff(stamps)
    for i in np.flatnonzero(step <= 0)[:1]:
        what = "timestamp is a duplicate" if step[i] == 0 else f"timestamp is out of order, after {minute_text(int(stamps[i]))}"
        raise fault_at(name.path, name.symbol, int(stamps[i + 1]), what)
    return stamps


def _floats(name: BarFileName, field: str, column: Any) -> Float:
    import pyarrow as pa

    if not (pa.types.is_floating(column.type) or pa.types.is_integer(column.type)):
        raise OperatorFault(f"{name.path}: {name.symbol}: column {field} is {column.type}, not a number")
    floats = column.cast(pa.float64())
    values: Float = _numpy(floats.fill_null(np.nan) if floats.null_count else floats)
    return values


def _numpy(column: Any) -> Any:
    """A copy as a numpy array. Arrow's own `to_numpy` imports pandas, which costs a start a quarter of a second."""
    return np.array(np.from_dlpack(column.combine_chunks()))


def _units(usd: Float) -> Int:
    """Nearest unit of 1e-4 dollars, ties to even, as `units.units_nearest`."""
    units: Int = np.rint(usd * UNITS_PER_USD).astype(np.int64)
    return units


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:160]
