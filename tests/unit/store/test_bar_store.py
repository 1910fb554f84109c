"""The store of fetched history: exact round trip, growth, resume point, one origin a folder, nothing half-written."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tradebot.core.domain.bars import BarColumns
from tradebot.core.domain.faults import OperatorFault
from tradebot.shell.store.bars import BarStore
from tradebot.shell.store.sidecar import Origin, read_sidecar

OPEN_NS = 1_380_893_400_000_000_000  # 2013-10-04 13:30 UTC
MINUTE_NS = 60_000_000_000
SIP = Origin("sip", "raw", "test")


def bars(rows: int, first: int = 0, close: int = 140_612) -> BarColumns:
    minute_ns = OPEN_NS + MINUTE_NS * np.arange(first, first + rows, dtype=np.int64)
    full = np.full(rows, close, np.int64)
    return BarColumns("BAC", minute_ns, full, full + 100, full - 100, full, np.full(rows, 500, np.int64))


def end(rows: int) -> int:
    return OPEN_NS + MINUTE_NS * rows - 1


def test_round_trip_is_exact(tmp_path: Path) -> None:
    store = BarStore(tmp_path / "new" / "folder")
    odd = bars(3, close=1)  # one unit: the smallest price there is
    odd = BarColumns("BAC", odd.minute_ns, odd.open, odd.high, odd.open, odd.close, odd.volume)
    path = store.write(odd, SIP, OPEN_NS, end(3))
    back = store.read()["BAC"]
    for field in ("minute_ns", "open", "high", "low", "close", "volume"):
        assert getattr(back, field).tolist() == getattr(odd, field).tolist()
    sidecar = read_sidecar(path)
    assert sidecar is not None
    assert (sidecar.origin, sidecar.rows, sidecar.fetched_from_ns, sidecar.fetched_through_ns) == (SIP, 3, OPEN_NS, end(3))
    assert [c.fault for c in store.check()] == [""]
    assert sorted(p.name for p in path.parent.iterdir()) == ["BAC_1m_2013_10.json", "BAC_1m_2013_10.parquet"]


def test_grows_and_resumes(tmp_path: Path) -> None:
    store = BarStore(tmp_path)
    assert store.resume_ns("BAC", OPEN_NS, end(9), SIP) == OPEN_NS
    store.write(bars(3), SIP, OPEN_NS, end(3))
    assert store.resume_ns("BAC", OPEN_NS, end(9), SIP) == end(3) + 1
    store.write(bars(6, first=3), SIP, end(3) + 1, end(9))
    assert store.resume_ns("BAC", OPEN_NS, end(9), SIP) == end(9) + 1
    assert len(store.read()["BAC"]) == 9


def test_fresh_rows_win_over_held_ones(tmp_path: Path) -> None:
    store = BarStore(tmp_path)
    store.write(bars(3), SIP, OPEN_NS, end(3))
    store.write(bars(3, first=1, close=150_000), SIP, OPEN_NS + MINUTE_NS, end(4))
    assert store.read()["BAC"].close.tolist() == [140_612, 150_000, 150_000, 150_000]


def test_never_mixes_feeds_or_adjustments(tmp_path: Path) -> None:
    store = BarStore(tmp_path)
    store.write(bars(3), SIP, OPEN_NS, end(3))
    for other in (Origin("iex", "raw", "test"), Origin("sip", "split", "test")):
        with pytest.raises(OperatorFault, match="into another folder"):
            store.write(bars(3, first=3), other, end(3) + 1, end(6))
    assert len(store.read()["BAC"]) == 3


def test_a_file_that_was_changed_is_fetched_again_and_reported(tmp_path: Path) -> None:
    store = BarStore(tmp_path)
    path = store.write(bars(3), SIP, OPEN_NS, end(3))
    other = BarStore(tmp_path / "other").write(bars(4), SIP, OPEN_NS, end(4))
    path.write_bytes(other.read_bytes())
    assert store.resume_ns("BAC", OPEN_NS, end(9), SIP) == OPEN_NS
    assert "not the one that its sidecar describes" in store.check()[0].fault


def test_bad_bars_leave_the_old_file_alone(tmp_path: Path) -> None:
    store = BarStore(tmp_path)
    path = store.write(bars(3), SIP, OPEN_NS, end(3))
    before = path.read_bytes()
    good = bars(3, first=3)
    bad = BarColumns("BAC", good.minute_ns, good.open, good.low, good.high, good.close, good.volume)
    with pytest.raises(OperatorFault, match="is below low"):
        store.write(bad, SIP, end(3) + 1, end(6))
    assert path.read_bytes() == before
    assert sorted(p.suffix for p in tmp_path.iterdir()) == [".json", ".parquet"]


def test_optional_columns_survive_writing_and_growing(tmp_path: Path) -> None:
    store = BarStore(tmp_path)
    store.write(bars(3), SIP, OPEN_NS, end(3))
    counted = replace(bars(3, first=2), trades=np.array([7, 8, 9]), bid=np.array([1, 2, 3]), bid_size=np.array([4, 5, 6]))
    store.write(counted, SIP, OPEN_NS + 2 * MINUTE_NS, end(5))
    back = store.read()["BAC"]
    assert [None if c is None else c.tolist() for c in back.tape()] == [[0, 0, 1, 2, 3], None, [0, 0, 7, 8, 9], [0, 0, 4, 5, 6], None]
