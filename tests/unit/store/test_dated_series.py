"""Dated series: nothing of the day itself, nothing stale, and every wrong cell refused with source, row and field."""

from __future__ import annotations

import datetime as dt
import os
from math import isnan
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.shell.wire_tap import tapped
from tradebot.core.domain.faults import OperatorFault
from tradebot.shell.store.dated_series import read_dated_series
from tradebot.shell.store.macro import find_macro

CSV = "date,value\n2013-10-07,19.41\n2013-10-08,20.34\n2013-10-09,\n2013-10-10,16.48\n"


def day(text: str) -> dt.date:
    return dt.date.fromisoformat(text)


@pytest.fixture
def vix(tmp_path: Path) -> Path:
    path = tmp_path / "vix.csv"
    path.write_text(CSV)
    return path


@pytest.mark.parametrize(
    ("session", "value"),
    [
        ("2013-10-07", None),  # its own value came after it
        ("2013-10-08", 19.41),
        ("2013-10-09", 20.34),
        ("2013-10-10", 20.34),  # the ninth was a day without a value
        ("2013-10-11", 16.48),
        ("2013-10-20", 16.48),  # ten days
        ("2013-10-21", None),  # eleven: too old
    ],
)
def test_a_session_sees_the_last_value_dated_before_it(vix: Path, session: str, value: float | None) -> None:
    seen = read_dated_series(str(vix)).before(day(session))
    assert isnan(seen) if value is None else seen == value


def parquet(path: Path, **columns: Any) -> str:
    pq.write_table(pa.table(columns), path)
    return str(path)


def test_parquet_with_times_dates_and_text_is_the_same_series(tmp_path: Path) -> None:
    days = [day("2013-10-07"), day("2013-10-08"), day("2013-10-09"), day("2013-10-10")]
    values = pa.array([19.41, 20.34, None, 16.48])
    midnights = pa.array([dt.datetime.combine(d, dt.time(), dt.UTC) for d in days], pa.timestamp("us", "UTC"))
    evening = pa.array([dt.datetime.combine(d, dt.time(20), dt.UTC) for d in days], pa.timestamp("ns", "America/New_York"))
    written = [
        parquet(tmp_path / "a.parquet", timestamp=midnights, value=values),
        parquet(tmp_path / "b.parquet", other=[0, 0, 0, 0], date=pa.array(days), value=values),
        parquet(tmp_path / "c.parquet", DATE=[d.isoformat() for d in days], value=[19.41, 20.34, float("nan"), 16.48]),
        parquet(tmp_path / "d.parquet", timestamp=evening, value=values),
    ]
    (tmp_path / "x.csv").write_text(CSV)
    expected = read_dated_series(str(tmp_path / "x.csv"))
    for source in written:
        found = read_dated_series(source)
        assert found.day.tolist() == expected.day.tolist(), source
        assert found.value.tolist() == expected.value.tolist(), source


def test_a_named_column_and_freds_way_of_writing(tmp_path: Path) -> None:
    (tmp_path / "DGS3MO.csv").write_text('\ufeffobservation_date,DGS3MO\r\n2013-10-11,0.08\r\n2013-10-14,.\r\n2013-10-15,"0.14"\r\n')
    series = read_dated_series(f"{tmp_path}/DGS3MO.csv#DGS3MO")
    assert [series.before(day(d)) for d in ("2013-10-14", "2013-10-15", "2013-10-16")] == [0.08, 0.08, 0.14]


def test_a_series_over_http(tmp_path: Path) -> None:
    with tapped() as tap:
        tap.will("GET", "/vix.csv", (200, CSV.replace("value", "close")))
        tap.will("GET", "/gone.csv", (404, {}))
        assert read_dated_series(f"{tap.url}/vix.csv#close").before(day("2013-10-11")) == 16.48
        with pytest.raises(OperatorFault, match=r"gone\.csv: no dated series comes from here \(HTTPStatusError: .*404"):
            read_dated_series(f"{tap.url}/gone.csv")
    with pytest.raises(OperatorFault, match="no dated series comes from here"):
        read_dated_series("http://127.0.0.1:9/vix.csv")


BAD = {
    "not a number": (CSV.replace("20.34", "high"), "row 3: value 'high' is not a number"),
    "infinite": (CSV.replace("20.34", "inf"), "row 3: value 'inf' is not a number"),
    "nan by name": (CSV.replace("20.34", "NaN"), "row 3: value 'NaN' is not a number"),
    "duplicate": (CSV.replace("10-08", "10-07"), "row 3: date 2013-10-07 is a duplicate"),
    "out of order": (CSV.replace("10-08", "10-01"), "row 3: date 2013-10-01 is out of order"),
    "american date": (CSV.replace("2013-10-08", "10/08/2013"), "row 3: date '10/08/2013' is no date"),
    "no such day": (CSV.replace("10-08", "13-08"), "row 3: date '2013-13-08' is no date"),
    "no date column": (CSV.replace("date", "when"), "there is no column date"),
    "no value column": (CSV.replace("value", "close"), "column value is missing (there are date, close)"),
    "too many cells": (CSV.replace("20.34", "20,34"), "row 3 has 3 cells, the header 2"),
    "nothing in it": ("date,value\n", "column value holds no value"),
    "binary": ("\x00\udcff", "this is neither Parquet nor CSV"),
    "torn parquet": ("PAR1 and so on", "this is no readable Parquet file"),
}


@pytest.mark.parametrize("case", BAD)
def test_what_cannot_be_true_is_refused_with_source_row_and_field(vix: Path, case: str) -> None:
    text, sentence = BAD[case]
    vix.write_bytes(text.encode(errors="surrogateescape"))
    with pytest.raises(OperatorFault) as caught:
        read_dated_series(str(vix))
    assert str(caught.value).startswith(f"{vix}: ")
    assert sentence in str(caught.value)


def test_a_folder_gives_a_row_for_each_session(vix: Path) -> None:
    folder = str(vix.parent)
    parquet(vix.parent / "yields.parquet", date=[day("2013-10-08")], DGS10=[2.66])
    macro = find_macro(folder, {"yield_10y": "yields.parquet#DGS10"})
    assert macro is not None
    np.testing.assert_array_equal(macro.on(day("2013-10-09")), [20.34, np.nan, 2.66])
    np.testing.assert_array_equal(macro.grid([day("2013-10-07"), day("2013-10-11")]), [[np.nan] * 3, [16.48, np.nan, 2.66]])


def test_a_file_that_grows_is_read_again(vix: Path) -> None:
    macro = find_macro(str(vix.parent), {})
    assert macro is not None
    assert macro.on(day("2013-10-21"))[0] != macro.on(day("2013-10-21"))[0]
    vix.write_text(CSV + "2013-10-18,13.04\n")
    os.utime(vix, ns=(1, 1))
    assert macro.on(day("2013-10-21"))[0] == 13.04


def test_sources_that_are_in_doubt_are_refused(vix: Path, tmp_path: Path) -> None:
    assert find_macro("", {}) is None
    with pytest.raises(OperatorFault, match=r"macro\.vix names the file a\.csv, but macro\.folder is empty"):
        find_macro("", {"vix": "a.csv"})
    with pytest.raises(OperatorFault, match=r"none of vix\.csv, yield_3m\.csv, yield_10y\.csv is here"):
        find_macro(str(tmp_path / "nowhere"), {})
    with pytest.raises(OperatorFault, match="can't be read here"):
        find_macro(str(tmp_path), {"vix": "absent.csv"})
    parquet(tmp_path / "vix.parquet", date=[day("2013-10-08")], value=[1.0])
    with pytest.raises(OperatorFault, match="are both there"):
        find_macro(str(tmp_path), {})
