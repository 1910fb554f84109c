from __future__ import annotations

import datetime as dt
import json
import multiprocessing
from pathlib import Path

import numpy as np
import pytest

from tradebot.core.domain.faults import OperatorFault
from tradebot.learning.evidence.ledger import Ledger, record_trial, toggles
from tradebot.learning.evidence.trial import GENESIS, Trial

TREE = {"profile": "demo", "entry": {"confidence_min": 0.65}, "state_dir": "/a"}
DATES = tuple(dt.date(2026, 1, 5) + dt.timedelta(days=n) for n in range(4))


def a_trial(name: str = "demo") -> Trial:
    return Trial(what="backtest", profile=name, settings_sha256="s")


def filled(path: Path, rows: int = 3) -> Ledger:
    ledger = Ledger(path / "trials.jsonl")
    for _ in range(rows):
        ledger.record(a_trial())
    return ledger


def test_rows_are_numbered_and_chained(tmp_path: Path) -> None:
    ledger = filled(tmp_path)
    rows = ledger.trials()
    assert [t.number for t in rows] == [1, 2, 3]
    assert [t.previous_sha256 for t in rows] == [GENESIS, rows[0].sha256, rows[1].sha256]
    assert all(t.when_ns > 0 for t in rows)


def test_what_record_returns_is_what_is_read(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "deep" / "trials.jsonl")
    kept = record_trial(ledger, what="walk_forward", profile="demo", settings=TREE, dates=DATES, returns=[0.01, -0.02, 1 / 3e3, 0.0])
    assert ledger.trials() == (kept,)
    assert kept.returns == (0.01, -0.02, 0.00033333, 0.0)
    assert kept.dates == (20260105, 20260106, 20260107, 20260108)
    assert (kept.first, kept.last, kept.sessions) == ("2026-01-05", "2026-01-08", 4)
    r = np.array([0.01, -0.02, 1 / 3e3, 0.0])
    assert kept.net_sharpe_daily == pytest.approx(r.mean() / r.std(ddof=1))


def test_other_profiles_are_left_out(tmp_path: Path) -> None:
    ledger = filled(tmp_path)
    ledger.record(a_trial("other"))
    assert [t.number for t in ledger.trials("other")] == [4]


@pytest.mark.parametrize("row", [1, 2, 3])
def test_a_changed_row_is_named(tmp_path: Path, row: int) -> None:
    ledger = filled(tmp_path)
    lines = ledger.path.read_text().splitlines()
    lines[row - 1] = lines[row - 1].replace('"demo"', '"DEMO"')
    ledger.path.write_text("\n".join(lines) + "\n")
    with pytest.raises(OperatorFault, match=rf"row {row}: this row was changed"):
        ledger.trials()


def test_white_space_is_a_change(tmp_path: Path) -> None:
    ledger = filled(tmp_path, 1)
    ledger.path.write_text(json.dumps(json.loads(ledger.path.read_text())) + "\n")
    with pytest.raises(OperatorFault, match="row 1: this row was changed"):
        ledger.trials()


@pytest.mark.parametrize("taken", [0, 1, 2])
def test_a_row_taken_out_is_found(tmp_path: Path, taken: int) -> None:
    ledger = filled(tmp_path)
    lines = ledger.path.read_text().splitlines(keepends=True)
    del lines[taken]
    ledger.path.write_text("".join(lines))
    with pytest.raises(OperatorFault, match="taken out"):
        ledger.trials()
    if taken == 2:
        with pytest.raises(OperatorFault, match="3 trials were recorded, 2 are there"):
            ledger.record(a_trial())


def test_a_ledger_that_is_gone_is_found(tmp_path: Path) -> None:
    ledger = filled(tmp_path)
    ledger.path.unlink()
    with pytest.raises(OperatorFault, match="3 trials were recorded, 0 are there"):
        ledger.trials()


@pytest.mark.parametrize("bytes_left", [1, 50])
def test_a_torn_last_line_is_cut_off_with_a_word(tmp_path: Path, bytes_left: int) -> None:
    filled(tmp_path)
    said: list[str] = []
    ledger = Ledger(tmp_path / "trials.jsonl", said.append)
    whole = ledger.path.read_bytes()
    ledger.path.write_bytes(whole + whole[:bytes_left])
    assert len(ledger.trials()) == 3
    assert ledger.record(a_trial()).number == 4
    assert len(ledger.trials()) == 4
    assert [s.split(": ")[1].startswith("the last line") for s in said] == [True, True]


def test_a_row_longer_than_one_read_is_found_again(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "trials.jsonl")
    ledger.record(Trial(what="search", profile="p", settings_sha256="s", note="x" * 200_000))
    assert ledger.record(a_trial()).number == 2
    assert ledger.record(a_trial()).number == 3
    assert len(ledger.trials()) == 3


def test_a_crash_before_the_head_was_written_loses_nothing(tmp_path: Path) -> None:
    ledger = filled(tmp_path, 2)
    head = (tmp_path / "trials.jsonl.head").read_bytes()
    ledger.record(a_trial())
    (tmp_path / "trials.jsonl.head").write_bytes(head)
    assert ledger.record(a_trial()).number == 4
    assert len(ledger.trials()) == 4


def _write_ten(path: str) -> None:
    ledger = Ledger(Path(path))
    for _ in range(10):
        ledger.record(a_trial())


def test_processes_write_one_after_the_other(tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    processes = [context.Process(target=_write_ten, args=(str(tmp_path / "trials.jsonl"),)) for _ in range(4)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [t.number for t in Ledger(tmp_path / "trials.jsonl").trials()] == list(range(1, 41))


def test_toggles_are_what_differs_and_places_are_none(tmp_path: Path) -> None:
    ours = {"profile": "demo", "entry": {"confidence_min": 0.7}, "state_dir": "/b"}
    assert toggles(ours, TREE) == {"entry.confidence_min": "0.7"}
    ledger = Ledger(tmp_path / "t.jsonl")
    plain = record_trial(ledger, what="backtest", profile="demo", settings=TREE, base=TREE)
    toggled = record_trial(ledger, what="backtest", profile="demo", settings=ours, base=TREE)
    assert (plain.what, toggled.what) == ("backtest", "toggle")
    assert plain.settings_sha256 != toggled.settings_sha256
    moved = record_trial(ledger, what="backtest", profile="demo", settings=TREE | {"state_dir": "/b"}, base=TREE)
    assert moved.settings_sha256 == plain.settings_sha256


def test_returns_that_are_no_result_are_refused(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "t.jsonl")
    with pytest.raises(OperatorFault, match="not finite"):
        record_trial(ledger, what="backtest", profile="demo", settings=TREE, dates=DATES, returns=[0.1, np.nan, 0.0, 0.0])
    with pytest.raises(OperatorFault, match="4 sessions has 3 returns"):
        record_trial(ledger, what="backtest", profile="demo", settings=TREE, dates=DATES, returns=[0.1, 0.0, 0.0])
    assert not ledger.path.exists()


def test_a_place_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OperatorFault, match="can't be recorded"):
        Ledger(tmp_path / "file" / "trials.jsonl").record(a_trial())


def test_a_foreign_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "trials.jsonl"
    path.write_text('{"a": 1}\n')
    with pytest.raises(OperatorFault, match="no row of a trial ledger"):
        Ledger(path).trials()
    with pytest.raises(OperatorFault, match="no row of a trial ledger"):
        Ledger(path).record(a_trial())
