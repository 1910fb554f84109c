"""The HTML report: right numbers, whole, self-contained, readable without eyes, and quiet in a browser."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from tests.unit.sim.markets import random_bars, sessions
from tradebot.core.domain.bars import MarketGrid, market_grid
from tradebot.core.domain.units import NS_PER_MINUTE
from tradebot.sim.benchmarks import benchmarks_of
from tradebot.sim.outcome import CostWaterfall, Outcome, TradeRow
from tradebot.view.report.charts import thin
from tradebot.view.report.content import ReportInput, Table, Verdict
from tradebot.view.report.page import page
from tradebot.view.report.write import write_report

TABLE = sessions(3, minutes=40)
START = 1_000_000_000
VOID = {"meta", "link", "br", "img", "input", "hr"}


def grid() -> MarketGrid:
    return market_grid([random_bars("AAA", TABLE, 1), random_bars("B<B", TABLE, 2)], TABLE.sessions)


def outcome() -> Outcome:
    minutes = grid().minute_ns
    equity = START + np.cumsum(np.random.default_rng(5).integers(-900_000, 1_000_000, len(minutes)))
    equity[-1] = START + 1_234_500
    opened = int(minutes[3]) + NS_PER_MINUTE
    trades = (
        TradeRow("AAA", 100, opened, opened + 5 * NS_PER_MINUTE, 500_000, 510_000, 1_000_000, 500, 2_000, "momentum", "trending", "target"),
        TradeRow("B<B", 10, opened, opened + 9 * NS_PER_MINUTE, 500_000, 490_000, -100_000, 500, 200, "swing", "ranging", "stop"),
        TradeRow("AAA", 10, opened + 20 * NS_PER_MINUTE, 0, 500_000, 500_000, 0, 0, 100, "swing", "trending"),
    )
    costs = CostWaterfall(gross_units=1_300_000, spread_units=50_000, fees_units=10_000, impact_units=5_000, borrow_units=500)
    return Outcome(("AAA", "B<B"), TABLE.sessions, minutes, equity, np.abs(equity) // 7, START, START, trades, 5, 5, 2, costs)


def content() -> ReportInput:
    ran = outcome()
    return ReportInput(
        title="demo & <friends>",
        outcome=ran,
        benchmarks=benchmarks_of(grid(), ran.minute_ns, START),
        facts=(("Profile", "demo"),),
        notes=("IN SAMPLE: the model has seen 2 of these sessions",),
        verdict=Verdict("NO EVIDENCE", "3 sessions are too few", (Table("Evidence", ("Test", "Value"), (("PSR", "0.51"),)),)),
    )


class Reader(HTMLParser):
    """Checks that tags close in order; keeps the text of tables, headings, addresses, and what is not inside a table."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.addresses: list[str] = []
        self.rows: list[list[str]] = []
        self.text: list[str] = []
        self.headless: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.addresses += [given[name] or "" for name in ("src", "href", "srcset", "action") if name in given]
        if tag == "tr":
            self.rows.append([])
        if tag in ("th", "td"):
            self.rows[-1].append("")
        if tag == "th" and "scope" not in given:
            self.headless.append(tag)
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] in ("th", "td"):
            self.rows[-1][-1] += data
        elif self.open and self.open[-1] not in ("script", "style"):
            self.text.append(data)


def read(html: str) -> Reader:
    reader = Reader()
    reader.feed(html)
    reader.close()
    assert not reader.open
    return reader


def test_the_page_holds_the_right_numbers() -> None:
    reader = read(page(content()))
    rows = {row[0]: row[1:] for row in reader.rows if row}
    assert rows["Net profit"] == ["123.45 USD"]
    assert rows["Net return"] == ["+0.12%"]
    assert rows["Cash, return before cost"] == ["+0.00%"]
    assert rows["Trades closed, still open"] == ["2, 1"]
    assert rows["Trades won, net of fees"] == ["50.0%"]
    assert rows["Average win, average loss"] == ["99.95, -10.05 USD"]
    assert [rows[step][0] for step in ("Gross", "Spread", "Fees", "Impact", "Borrow", "Net")] == [
        "130.00", "-5.00", "-1.00", "-0.50", "-0.05", "123.45",
    ]  # fmt: skip
    assert rows["momentum"][:3] == ["1", "99.95", "100.0%"]
    assert rows["swing"][:3] == ["2", "-10.05", "0.0%"]
    assert rows["trending"][:2] == ["2", "99.95"]
    assert rows["PSR"] == ["0.51"]
    said = " ".join(reader.text)
    assert "NO EVIDENCE" in said
    assert "IN SAMPLE: the model has seen 2 of these sessions" in said
    assert "demo & <friends>" in said
    assert "ZERO COST" not in said
    assert "ZERO COST" in " ".join(read(page(replace(content(), zero_cost=True))).text)


def test_nothing_is_fetched_from_anywhere_and_every_head_of_a_table_says_what_it_heads() -> None:
    reader = read(page(content()))
    assert [a for a in reader.addresses if not a.startswith(("data:", "#"))] == []
    assert not reader.headless


def test_the_table_of_trades_is_capped_and_says_so() -> None:
    reader = read(page(replace(content(), trades_max=2)))
    assert sum(len(row) == 11 for row in reader.rows) == 1 + 2
    assert "The first 2 of 3 trades; the figures above count all of them." in reader.text


def test_a_run_without_a_trade_has_a_report() -> None:
    idle = replace(outcome(), trades=(), orders=0, fills=0, costs=CostWaterfall(0, 0, 0))
    assert any("none closed" in row for row in read(page(ReportInput(title="idle", outcome=idle))).rows)


def test_a_written_report_is_whole_and_leaves_no_draft(tmp_path: Path) -> None:
    path = write_report(tmp_path / "new" / "report.html", content())
    assert path.read_text(encoding="utf-8") == page(content())
    assert list(path.parent.iterdir()) == [path]


def test_a_thinned_line_keeps_its_ends_and_its_extremes() -> None:
    line = np.cumsum(np.random.default_rng(1).normal(size=100_000))
    rows = thin(line)
    assert len(rows) <= 2_002
    assert {0, len(line) - 1, int(line.argmin()), int(line.argmax())} <= set(rows.tolist())
    assert (np.diff(rows) > 0).all()


def test_benchmarks_are_what_they_say() -> None:
    market = grid()
    cash, hold, equal = benchmarks_of(market, market.minute_ns, START)
    assert (cash.equity_units == START).all()
    first, last = [], []
    for n in range(2):
        rows = np.flatnonzero(market.present[:, n])
        first.append(market.open[rows[0], n])
        last.append(market.close[rows[-1], n])
    assert hold.equity_units[-1] == round(START * np.mean(np.array(last) / np.array(first)))
    end = market.session_of == 0
    assert equal.equity_units[end].tolist() == hold.equity_units[end].tolist()  # alike until the first new morning
    assert equal.equity_units[-1] != hold.equity_units[-1]
    alone = market_grid([random_bars("AAA", TABLE, 1)], TABLE.sessions)
    assert [b.name for b in benchmarks_of(alone, alone.minute_ns, START)] == ["cash", "buy and hold"]


@pytest.mark.needs("chromium")
def test_a_browser_draws_it_without_a_word_of_complaint(tmp_path: Path) -> None:
    path = write_report(tmp_path / "report.html", content())
    browser = [shutil.which("chromium") or "chromium", "--headless", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr", "--v=0"]
    shown = subprocess.run(
        [*browser, f"--user-data-dir={tmp_path / 'profile'}", "--virtual-time-budget=20000", "--dump-dom", path.as_uri()],
        capture_output=True, text=True, timeout=100, check=True,
    )  # fmt: skip
    assert not re.findall(r".*CONSOLE.*", shown.stderr)
    assert shown.stdout.count('class="main-svg"') >= 4  # each of the four charts is drawn
