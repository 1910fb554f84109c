"""A fold learns from nothing that its test brings, and comes to nothing that a later session could change."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.architecture.source_files import ROOT
from tests.unit.app.walk_forward.conftest import Walk
from tradebot.app.walk_forward.folder import FoldResult, read_run

BARS = ROOT / "data" / "sample" / "SPY_1m_2011_01.parquet"


def other_from(date: str, folder: Path) -> Path:
    """SPY's bars, from a day on another market: prices a tenth lower, and mirrored around their mean so that what paid now costs."""
    table = pq.read_table(BARS)
    stamps = np.array(table["timestamp"].cast(pa.timestamp("ns", "UTC")).cast(pa.int64()))
    late = stamps >= np.datetime64(date, "ns").astype(np.int64)
    columns = {name: table[name] for name in table.column_names}
    middle = float(np.mean(table["close"].to_numpy())) * 0.9
    for name, source in (("open", "open"), ("close", "close"), ("high", "low"), ("low", "high")):
        mirrored = np.round(2 * middle - table[source].to_numpy() * 0.9, 2)
        columns[name] = pa.array(np.where(late, mirrored, table[name].to_numpy()))
    folder.mkdir()
    pq.write_table(pa.table(columns), folder / BARS.name)
    return folder


def first_fold(walk: Walk, bars: Path) -> FoldResult:
    return read_run(Path(walk(bars=bars)["folder"]))[1][0]


@pytest.fixture
def ours(walk: Walk, tmp_path: Path) -> FoldResult:
    return first_fold(walk, other_from("2011-02-01", tmp_path / "same"))


def test_what_a_fold_learned_does_not_know_its_test(walk: Walk, ours: FoldResult, tmp_path: Path) -> None:
    theirs = first_fold(walk, other_from(str(ours.dates[0]), tmp_path / "test"))
    assert theirs.model == ours.model
    assert theirs.net != ours.net, "the test itself is another market"


def test_what_a_fold_came_to_does_not_know_what_followed(walk: Walk, ours: FoldResult, tmp_path: Path) -> None:
    after = str(np.datetime64(ours.dates[-1]) + 1)
    assert first_fold(walk, other_from(after, tmp_path / "later")) == ours
