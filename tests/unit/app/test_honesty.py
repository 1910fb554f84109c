"""`honesty` and `trials` on runs whose truth is known, read from disk as the commands do."""

from __future__ import annotations

import dataclasses
import datetime as dt
import os
import re
import shutil
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from tests.architecture.source_files import ROOT
from tests.unit.learning.evidence.runs import returns
from tradebot import app
from tradebot.app.trials import record
from tradebot.app.walk_forward.folder import LATEST, PLAN, TRACK
from tradebot.app.walk_forward.track import NullDraws, Track
from tradebot.core.domain.faults import OperatorFault
from tradebot.core.domain.units import UNITS_PER_USD
from tradebot.settings import Settings, load_settings, read_environment
from tradebot.shell.calendar import session_table
from tradebot.sim.outcome import CostWaterfall, TradeRow

SESSIONS = session_table(dt.date(2021, 1, 4), dt.date(2023, 12, 29)).sessions
DATES = tuple(s.date for s in SESSIONS)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    shutil.copytree(ROOT / "config", tmp_path / "config")
    for name in [name for name in os.environ if name.startswith("TRADEBOT__")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("TRADEBOT_HOME", str(tmp_path))
    return tmp_path


def settings_of() -> Settings:
    return load_settings("demo", read_environment())


def track(net: np.ndarray[tuple[int], np.dtype[np.float64]]) -> Track:
    open_ns = SESSIONS[0].open_ns
    trade = TradeRow("SPY", 10, open_ns, open_ns + 60 * 10**9, 100 * UNITS_PER_USD, 101 * UNITS_PER_USD, 10 * UNITS_PER_USD, 500, 1000)
    flat = tuple([0.0] * len(net))
    return Track(
        profile="demo",
        run="abc123",
        fidelity="fast",
        zero_cost=False,
        dates=DATES,
        net=tuple(net.tolist()),
        gross=tuple((net + 0.0001).tolist()),
        exposure=flat,
        turnover=flat,
        delayed=tuple((net - 0.0001).tolist()),
        benchmarks={"buy_and_hold": tuple(returns(0.5, len(net), seed=9).tolist())},
        strategies=(),
        by_strategy=(),
        nulls=(NullDraws("random_entries", "net dollars", 10.0, tuple(np.linspace(-5.0, 5.0, 200).tolist()), 1 / 201),),
        trades=(trade,),
        symbols=("SPY",),
        costs=CostWaterfall(12 * UNITS_PER_USD, 1000, 500),
        orders=2,
        fills=2,
        refusals=0,
    )


def finished(settings: Settings, made: Track) -> Path:
    folder = settings.walk_forward_dir / made.run
    folder.mkdir(parents=True)
    (folder / PLAN).write_text("{}")
    (folder / TRACK).write_bytes(msgspec.json.encode(made))
    (folder.parent / LATEST).write_text(f"{made.run}\n")
    return folder


def told(**options: Any) -> Any:
    return app.judge("demo", **{"run": "", "html": None, "say": lambda line: None} | options)


def test_a_strong_run_of_one_trial_is_evidence(home: Path) -> None:
    settings, net = settings_of(), returns(3.0, len(DATES))
    finished(settings, track(net))
    record(settings, "demo", what="walk_forward", dates=DATES, returns=net)
    report = told()
    assert report.verdict.word == "EVIDENCE", report.verdict.reason
    assert report.trials["trials"] == 1
    assert told(run="abc").plain() == report.plain()


def test_every_other_trial_makes_the_same_run_weaker(home: Path) -> None:
    settings, net = settings_of(), returns(2.0, len(DATES))
    finished(settings, track(net))
    record(settings, "demo", what="walk_forward", dates=DATES, returns=net)
    alone = told()
    for seed in range(20):
        other = dataclasses.replace(settings, about=str(seed))
        record(other, "demo", what="backtest", dates=DATES, returns=returns(0.0, len(DATES), seed=seed + 50))
    report = told()
    assert (report.trials["trials"], report.trials["effective"]) == (21, 21)
    assert report.overfitting["configurations"] == 21
    assert report.trials["deflated_sharpe"] < alone.trials["deflated_sharpe"]
    assert (alone.verdict.word, report.verdict.word) == ("EVIDENCE", "PROMISING")
    assert report.sharpe == {}
    assert "the best of 21 trials" in report.verdict.reason


def test_the_page_says_what_the_report_says(home: Path, tmp_path: Path) -> None:
    settings, net = settings_of(), returns(3.0, len(DATES))
    finished(settings, track(net))
    report = told(html=tmp_path / "pages" / "honesty.html")
    page = (tmp_path / "pages" / "honesty.html").read_text()
    assert f">{report.verdict.word}<" in page
    assert "0, of them 1 independent" in page
    assert re.search(r'<th scope="row">annual</th><td>3</td>', page)
    assert "random_entries" in page


def test_a_run_without_its_end_is_refused(home: Path) -> None:
    settings = settings_of()
    with pytest.raises(OperatorFault, match="no walk-forward yet"):
        told()
    folder = finished(settings, track(returns(1.0, len(DATES))))
    with pytest.raises(OperatorFault, match="no single walk-forward run 'zzz'"):
        told(run="zzz")
    (folder / TRACK).write_bytes(b'{"profile": "demo"')
    with pytest.raises(OperatorFault, match="no track record"):
        told()
    (folder / TRACK).unlink()
    with pytest.raises(OperatorFault, match="not finished"):
        told()


def test_toggles_are_what_the_environment_changed(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = record(settings_of(), "demo", what="backtest")
    monkeypatch.setenv("TRADEBOT__ENTRY__CONFIDENCE_MIN", "0.9")
    toggled = record(settings_of(), "demo", what="backtest")
    assert (plain.what, plain.toggles) == ("backtest", {})
    assert (toggled.what, toggled.toggles) == ("toggle", {"entry.confidence_min": "0.9"})
    listed = app.list_trials("demo", everyone=False, say=lambda line: None)
    assert [row["toggles"] for row in listed["trials"]] == ["", "entry.confidence_min=0.9"]
    assert (listed["recorded"], listed["independent"]) == (2, 2)
    assert app.list_trials("active_stocks", everyone=False, say=lambda line: None)["recorded"] == 0
