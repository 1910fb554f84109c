"""The dated series that features read (domain/bars.py MACRO), as one row for a session: what was known the day before."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import numpy as np

from tradebot.core.domain.bars import MACRO, Float
from tradebot.core.domain.faults import OperatorFault
from tradebot.shell.store.dated_series import DatedSeries, is_url, read_dated_series

_KINDS: Final = (".csv", ".parquet")


class Macro:
    """`sources` names the source of each series that there is. Files that have changed since are read again; a URL is read once.

    Raises OperatorFault for a source that can't be read or can't be true, here and when it is read again.
    """

    def __init__(self, sources: Mapping[str, str]) -> None:
        self._sources = dict(sources)
        self._read: dict[str, tuple[tuple[int, int], DatedSeries]] = {}
        for name in self._sources:
            self._series(name)

    def on(self, date: dt.date) -> Float:
        """The row (3,) of a session: each series' last value dated strictly before it, NaN where absent or older than 10 days."""
        return np.array([self._series(name).before(date) if name in self._sources else np.nan for name in MACRO])

    def grid(self, dates: Sequence[dt.date]) -> Float:
        """Rows (S, 3) of many sessions."""
        return np.array([self.on(date) for date in dates]).reshape(len(dates), len(MACRO))

    def _series(self, name: str) -> DatedSeries:
        source = self._sources[name]
        stamp = _stamp(source)
        known = self._read.get(name)
        if known is None or known[0] != stamp:
            known = self._read[name] = stamp, read_dated_series(source)
        return known[1]


def find_macro(folder: str, named: Mapping[str, str]) -> Macro | None:
    """The series of a folder, each the source that `named` gives it or else `NAME.csv` or `NAME.parquet`; None without any source.

    Raises OperatorFault for a folder that isn't there, a file of two kinds, and a file that is named without a folder.
    """
    sources = {name: source for name in MACRO if (source := _source(folder, name, named.get(name, "")))}
    if folder and not sources:
        raise OperatorFault(f"{folder}: none of {', '.join(f'{name}.csv' for name in MACRO)} is here")
    return Macro(sources) if sources else None


def _source(folder: str, name: str, named: str) -> str:
    if is_url(named):
        return named
    if named:
        if not folder:
            raise OperatorFault(f"macro.{name} names the file {named}, but macro.folder is empty")
        return str(Path(folder) / named)
    found = [str(path) for kind in _KINDS if folder and (path := Path(folder) / f"{name}{kind}").exists()]
    if len(found) > 1:
        raise OperatorFault(f"{found[0]} and {found[1]} are both there: which of them is true?")
    return found[0] if found else ""


def _stamp(source: str) -> tuple[int, int]:
    """What changes with a file; nothing does with a URL."""
    place = source.partition("#")[0]
    if is_url(place):
        return 0, 0
    try:
        known = Path(place).stat()
    except OSError as error:
        raise OperatorFault(f"{place}: a dated series can't be read here ({error.strerror or error})") from error
    return known.st_mtime_ns, known.st_size
