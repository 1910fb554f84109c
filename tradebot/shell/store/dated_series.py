"""One daily series, point in time: values by date from CSV, Parquet or HTTP, and the last one known before a session.

A source is `FILE#column` or `http(s)://...#column`; without `#` the column is `value`. The dates are in the first column named `date`,
`timestamp` or `observation_date` (whatever its case): a date, an ISO text or a time, of which the UTC date counts. A value that is empty or
`.` (FRED's holiday) is a day without one. What can't be true is refused with source, row and field.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from math import isfinite, isnan, nan
from pathlib import Path
from typing import Any, Final

import numpy as np

from tradebot.core.domain.bars import Float, Int
from tradebot.core.domain.faults import OperatorFault

AGE_DAYS_MAX: Final = 10
_DATES: Final = ("date", "timestamp", "observation_date")
_EMPTY: Final = ("", ".")
_PARQUET_MAGIC: Final = b"PAR1"
_HTTP: Final = ("http://", "https://")
_TIMEOUT_S: Final = 20.0
_EPOCH: Final = dt.date(1970, 1, 1)


@dataclass(frozen=True, slots=True)
class DatedSeries:
    """`value[i]` is what was published for `day[i]`, days since 1970, strictly increasing."""

    source: str
    day: Int  # (K,)
    value: Float  # (K,)

    def before(self, date: dt.date, age_days_max: int = AGE_DAYS_MAX) -> float:
        """The last value dated strictly before `date`; NaN where there is none or it is older than `age_days_max` days."""
        today = (date - _EPOCH).days
        i = int(np.searchsorted(self.day, today)) - 1
        return float(self.value[i]) if i >= 0 and today - self.day[i] <= age_days_max else nan


def read_dated_series(source: str) -> DatedSeries:
    """Read and check a whole series. Blocks. Raises OperatorFault."""
    place, _, column = source.partition("#")
    data = _download(place) if is_url(place) else _file(Path(place))
    rows = _parquet_rows(place, data, column or "value") if data[:4] == _PARQUET_MAGIC else _csv_rows(place, data, column or "value")
    days, values = list[int](), list[float]()
    for row, stamp, cell in rows:
        value = _value(place, row, column or "value", cell)
        day = (_date(place, row, stamp) - _EPOCH).days
        if days and day <= days[-1]:
            raise OperatorFault(f"{place}: row {row}: date {stamp} is {'a duplicate' if day == days[-1] else 'out of order'}")
        if value is not None:
            days.append(day)
            values.append(value)
    if not days:
        raise OperatorFault(f"{place}: column {column or 'value'} holds no value")
    return DatedSeries(source, np.array(days, np.int64), np.array(values))


def is_url(place: str) -> bool:
    return place.startswith(_HTTP)


def _file(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise OperatorFault(f"{path}: a dated series can't be read here ({error.strerror or error})") from error


def _download(url: str) -> bytes:
    import httpx

    try:
        answer = httpx.get(url, timeout=_TIMEOUT_S, follow_redirects=True)
        answer.raise_for_status()
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise OperatorFault(f"{url}: no dated series comes from here ({type(error).__name__}: {str(error).splitlines()[0]})") from error
    return answer.content


def _csv_rows(place: str, data: bytes, column: str) -> Iterator[tuple[int, Any, Any]]:
    """(row, date, value) of each line; the header is row 1."""
    try:
        lines = csv.reader(io.StringIO(data.decode("utf-8-sig"), newline=""), strict=True)
        header = [name.strip() for name in next(lines, [])]
        date_at, value_at = _date_column(place, header), _value_column(place, header, column)
        for row, cells in enumerate(lines, start=2):
            if len(cells) != len(header) and cells:
                raise OperatorFault(f"{place}: row {row} has {len(cells)} cells, the header {len(header)}")
            if cells:
                yield row, cells[date_at].strip(), cells[value_at].strip()
    except (UnicodeDecodeError, csv.Error) as error:
        raise OperatorFault(f"{place}: this is neither Parquet nor CSV ({error})") from error


def _parquet_rows(place: str, data: bytes, column: str) -> Iterable[tuple[int, Any, Any]]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(io.BytesIO(data)) as file:
            header = file.schema_arrow.names
            date_name, value_name = header[_date_column(place, header)], header[_value_column(place, header, column)]
            table = file.read(columns=[date_name, value_name])
    except (pa.ArrowException, OSError, EOFError) as error:
        raise OperatorFault(f"{place}: this is no readable Parquet file ({type(error).__name__})") from error
    return zip(range(1, table.num_rows + 1), table.column(date_name).to_pylist(), table.column(value_name).to_pylist(), strict=True)


def _date_column(place: str, header: list[str]) -> int:
    found = [i for i, name in enumerate(header) if name.lower() in _DATES]
    if not found:
        raise OperatorFault(f"{place}: there is no column {', '.join(_DATES[:-1])} or {_DATES[-1]}")
    return found[0]


def _value_column(place: str, header: list[str], column: str) -> int:
    if column not in header:
        raise OperatorFault(f"{place}: column {column} is missing (there are {', '.join(header)})")
    return header.index(column)


def _date(place: str, row: int, stamp: Any) -> dt.date:
    try:
        moment = dt.datetime.fromisoformat(stamp) if isinstance(stamp, str) else stamp
    except ValueError:
        moment = None
    if isinstance(moment, dt.datetime):
        return (moment.astimezone(dt.UTC) if moment.tzinfo else moment).date()
    if not isinstance(moment, dt.date):
        raise OperatorFault(f"{place}: row {row}: date {stamp!r} is no date like 2013-10-09")
    return moment


def _value(place: str, row: int, column: str, cell: Any) -> float | None:
    """The number of a cell, None for an empty one."""
    if cell is None or cell in _EMPTY or (isinstance(cell, float) and isnan(cell)):
        return None
    try:
        value = nan if isinstance(cell, bool) else float(cell)
    except (TypeError, ValueError):
        value = nan
    if not isfinite(value):
        raise OperatorFault(f"{place}: row {row}: {column} {cell!r} is not a number")
    return value
