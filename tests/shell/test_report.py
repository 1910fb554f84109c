"""`report` over two journaled sessions: its sums are the venue's, each split adds up to the whole, and the page says the same."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from html import unescape
from pathlib import Path

import pytest

from tests.shell import scene
from tests.shell.test_costs import profile
from tradebot.app.forecast_health import calibration
from tradebot.app.period_report import report_period
from tradebot.core.domain.faults import OperatorFault
from tradebot.core.domain.trade import Trade
from tradebot.core.domain.units import UNITS_PER_USD, usd_text
from tradebot.shell.daemon import run_daemon
from tradebot.shell.store import reads
from tradebot.sim.venue import Venue

LAST = dt.date(2013, 10, 10)


@dataclass(frozen=True)
class Days:
    profile: str
    venue: Venue
    trades: list[Trade]


@pytest.fixture(scope="module")
def days(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Days]:
    """Two traded days; nothing below writes their journal."""
    folder = tmp_path_factory.mktemp("report")
    with scene.market(last=LAST) as server:
        parts = scene.parts(server.url, folder)
        asyncio.run(run_daemon(parts))
        yield Days(profile(folder, parts.journal_url), server.simulator.venue, reads.trades(parts.journal_url))


def test_the_week_is_the_venues_cash_and_the_sum_of_its_days(days: Days) -> None:
    week = report_period(days.profile, week=LAST)["report"]
    single = [report_period(days.profile, day=day)["report"] for day in (scene.DAY, LAST)]
    assert (week["first_day"], week["last_day"]) == ("2013-10-07", "2013-10-13")
    for figure in ("decisions", "entries", "trades_ended", "won", "realised_units", "posted_units"):
        assert week[figure] == sum(told[figure] for told in single), figure
    assert single[0]["trades_ended"] > 10 < single[1]["trades_ended"]
    fees = sum(a.net_units for a in days.venue.activities if a.kind == "FEE")
    assert week["posted_units"] == fees < 0
    assert week["realised_units"] + fees == days.venue.cash_units - scene.VENUE.cash_usd * UNITS_PER_USD
    assert report_period(days.profile)["report"] == single[1], "the newest day where none is named"


def test_each_split_adds_up_and_names_who_traded(days: Days) -> None:
    told = report_period(days.profile, day=scene.DAY)
    whole = told["report"]
    for split in ("by_strategy", "by_symbol", "by_hour", "by_end"):
        rows = told[split]
        assert sum(row["pnl_units"] for row in rows) == whole["realised_units"], split
        assert sum(row["trades"] for row in rows) == whole["trades_ended"], split
        earned, hours = [row["pnl_units"] for row in rows], [row.get("entered_in_hour", "") for row in rows]
        assert hours == sorted(hours) if split == "by_hour" else earned == sorted(earned, reverse=True)
    assert [row["strategy"] for row in told["by_strategy"]] == ["cents"]
    assert told["positions"] == []
    assert told["model"]["forecasts"] == 390 * len(scene.SYMBOLS) >= told["model"]["known"] > 0
    assert (
        told["model"]["above_threshold"]
        >= whole["entries"]
        == len([t for t in days.trades if t.entry_ns < told["report"]["books_compared_ns"]])
    )
    assert sum(row["trades"] for row in told["calibration"]) == whole["trades_ended"]
    assert told["costs"]["fills"] == 2 * whole["trades_ended"]
    assert {job["session"] for job in told["jobs"]} == {"2013-10-09"}
    assert told["honesty"]["verdict"] == "none"
    assert [row["what"] for row in told["safety"]][:1] == ["daemon started"]


def test_drift_is_measured_against_the_days_before(days: Days) -> None:
    assert report_period(days.profile, day=scene.DAY)["drift"]["verdict"].startswith("not known")
    drift = report_period(days.profile, day=LAST)["drift"]
    assert {row["feature"] for row in drift["features"]} == {"close", "macd"}
    assert all(row["psi"] >= 0 for row in drift["features"])


def test_the_page_says_what_the_report_says(days: Days, tmp_path: Path) -> None:
    path = tmp_path / "new" / "day.html"
    told = report_period(days.profile, day=scene.DAY, html=path)
    page = unescape(path.read_text())
    assert usd_text(told["report"]["realised_units"]) in page
    for row in told["trades"]:
        assert usd_text(row["entry_units"]) in page
    for heading in ("Summary", "Attribution", "Costs", "Model", "Safety and jobs", "Trades"):
        assert f">{heading}</h2>" in page
    assert "<script" not in page and "://" not in page, "it needs nothing from anywhere"


def test_calibration_counts_each_trade_in_its_tenth() -> None:
    assert calibration([(0.625, True), (0.6875, False), (1.0, True), (float("nan"), True)]) == [
        {"confidence_from": 0.6, "trades": 2, "mean_confidence": 0.65625, "won_share": 0.5},
        {"confidence_from": 0.9, "trades": 1, "mean_confidence": 1.0, "won_share": 1.0},
    ]


def test_what_is_not_there_is_one_sentence(days: Days, tmp_path: Path) -> None:
    with pytest.raises(OperatorFault, match="the journal holds no decision of 2013-10-11: it goes from"):
        report_period(days.profile, day=dt.date(2013, 10, 11))
    with pytest.raises(OperatorFault, match="the week from 2014-01-06"):
        report_period(days.profile, week=dt.date(2014, 1, 8))
    with pytest.raises(OperatorFault, match="not of both"):
        report_period(days.profile, day=LAST, week=LAST)
    (tmp_path / "file").write_text("")
    with pytest.raises(OperatorFault, match="the page can't be written"):
        report_period(days.profile, day=LAST, html=tmp_path / "file" / "a.html")
