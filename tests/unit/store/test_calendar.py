"""Known half days, holidays and clock changes of the New York Stock Exchange; answers from the exchange's published calendar."""

from __future__ import annotations

import datetime as dt
import subprocess
import sys
from pathlib import Path

import pytest

from tradebot.core.domain.faults import OperatorFault
from tradebot.shell.calendar import CACHE_DIR_VARIABLE, session_table

D = dt.date.fromisoformat
FIRST, LAST = D("2010-01-01"), D("2026-12-31")


@pytest.fixture(scope="module", autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(CACHE_DIR_VARIABLE, str(folder))
        session_table(FIRST, LAST)
        yield folder


@pytest.fixture(autouse=True)
def use_cache(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(CACHE_DIR_VARIABLE, str(cache))


def utc(text: str) -> int:
    return int(dt.datetime.fromisoformat(text + "+00:00").timestamp()) * 1_000_000_000


@pytest.mark.parametrize(
    ("date", "open_", "close"),
    [
        ("2013-07-03", "2013-07-03T13:30", "2013-07-03T17:00"),
        ("2013-11-29", "2013-11-29T14:30", "2013-11-29T18:00"),
        ("2024-07-03", "2024-07-03T13:30", "2024-07-03T17:00"),
        ("2025-11-28", "2025-11-28T14:30", "2025-11-28T18:00"),
        ("2013-10-04", "2013-10-04T13:30", "2013-10-04T20:00"),
        ("2011-03-11", "2011-03-11T14:30", "2011-03-11T21:00"),
        ("2011-03-14", "2011-03-14T13:30", "2011-03-14T20:00"),
    ],
)
def test_opens_and_closes(date: str, open_: str, close: str) -> None:
    session = session_table(FIRST, LAST).on(D(date))
    assert session is not None
    assert (session.open_ns, session.close_ns) == (utc(open_), utc(close))
    assert session.is_half_day == (session.minutes == 210)


@pytest.mark.parametrize("date", ["2013-07-04", "2013-03-29", "2012-10-29", "2018-12-05", "2025-01-09", "2026-04-03", "2013-10-05"])
def test_no_session(date: str) -> None:
    assert session_table(FIRST, LAST).on(D(date)) is None


def test_bounds_are_inclusive() -> None:
    table = session_table(D("2013-10-04"), D("2013-10-11"))
    assert [s.date.day for s in table.sessions] == [4, 7, 8, 9, 10, 11]


@pytest.mark.parametrize("damage", ["", "{}", '{"format":1', "\udcff", "changed"])
def test_a_bad_cache_is_rebuilt(cache: Path, damage: str) -> None:
    [path] = cache.glob("*.json")
    good = path.read_bytes()
    bad = good.replace(b'"2013-07-03",1372858200,1372870800', b'"2013-07-03",1372858200,1372881600')
    path.write_bytes(bad if damage == "changed" else damage.encode("utf-8", "surrogateescape"))
    session = session_table(FIRST, LAST).on(D("2013-07-03"))
    assert session is not None
    assert session.is_half_day
    assert path.read_bytes() == good


def test_a_cache_folder_that_cannot_be_written_still_answers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv(CACHE_DIR_VARIABLE, str(tmp_path / "file" / "below"))
    assert len(session_table(D("2013-10-04"), D("2013-10-04")).sessions) == 1


def test_impossible_dates_are_refused() -> None:
    with pytest.raises(OperatorFault, match="dates must be in order"):
        session_table(LAST, FIRST)


def test_a_warm_cache_imports_neither_pandas_nor_the_calendar_package() -> None:
    code = (
        "import datetime as dt, sys; from tradebot.shell.calendar import session_table; "
        "session_table(dt.date(2013, 1, 1), dt.date(2013, 2, 1)); "
        "sys.exit('pandas' in sys.modules or 'exchange_calendars' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
