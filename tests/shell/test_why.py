"""`why`, `why-not` and the exports over a journaled session: their numbers are the venue's own."""

from __future__ import annotations

import asyncio
import csv
import datetime as dt
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow.parquet as pq
import pytest

from tests.shell import scene
from tests.shell.test_costs import profile
from tradebot.app.journal_export import export_journal
from tradebot.app.why import why_traded
from tradebot.app.why_not import why_not_traded
from tradebot.core.domain.decision import Decision
from tradebot.core.domain.faults import OperatorFault
from tradebot.core.domain.trade import Trade
from tradebot.core.domain.units import NS_PER_S, UNITS_PER_USD
from tradebot.shell.daemon import run_daemon
from tradebot.shell.store import reads
from tradebot.sim.venue import Venue

NEW_YORK = ZoneInfo("America/New_York")
SEED_KEYS = (
    "symbol", "side", "qty", "entry_price", "entry_time", "confidence", "stop_loss", "take_profit", "status", "exit_price", "exit_time",
    "pnl_pct", "pnl_amount",
)  # fmt: skip


@dataclass(frozen=True)
class Session:
    profile: str
    url: str
    venue: Venue
    folder: Path
    decisions: list[Decision]
    trades: list[Trade]

    def clock(self, minute_ns: int) -> str:
        return f"{dt.datetime.fromtimestamp(minute_ns // NS_PER_S, NEW_YORK):%H:%M}"


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    """One traded day; nothing below writes its journal."""
    folder = tmp_path_factory.mktemp("why")
    with scene.market() as server:
        parts = scene.parts(server.url, folder)
        asyncio.run(run_daemon(parts))
        url = parts.journal_url
        yield Session(profile(folder, url), url, server.simulator.venue, folder, reads.decisions(url), reads.trades(url))


def entry_of(session: Session, trade: Trade) -> tuple[Decision, int]:
    """The decision and the place in it that a trade came of."""
    return next((d, d.order_ids.index(trade.trade_id)) for d in session.decisions if trade.trade_id in d.order_ids)


def test_every_trade_is_explained_from_its_features_to_its_end(session: Session) -> None:
    assert len(session.trades) > 20
    for trade in session.trades:
        decision, n = entry_of(session, trade)
        told = why_traded(session.profile, trade.symbol, session.clock(decision.minute_ns), date=scene.DAY)
        assert told["decision_id"] == decision.decision_id
        assert [row["value"] for row in told["features"]] == [pytest.approx(v, nan_ok=True) for v in decision.features[n]]
        assert told["forecast"]["confidence"] == decision.confidence[n] >= told["forecast"]["threshold"] == 0.9
        assert told["sizing"]["equity_fraction"] == 0.05
        assert told["limits"]["verdict"].startswith("passed")
        assert told["orders"][0]["client_order_id"] == trade.trade_id
        assert told["orders"][0]["qty"] == decision.qty[n] <= told["sizing"]["shares_before_limits"]
        paid = sum(row["notional_units"] for row in told["fills"] if row["side"] == "buy")
        got = sum(row["notional_units"] for row in told["fills"] if row["side"] == "sell")
        assert (paid, got, got - paid) == (trade.entry_units, trade.exit_units, trade.pnl_units)
        assert told["trade"]["pnl_units"] == trade.pnl_units
        assert trade.exit_reason in told["became"]
        assert told["reports"][-1]["at_ns"] >= told["reports"][0]["at_ns"]
        bought = [row for row in told["reports"] if row["status"] == "filled"]
        assert sum(row["filled_qty"] for row in bought) == 2 * trade.qty, "each share once in and once out"


def test_a_minute_without_an_order_says_what_stood_against_it(session: Session) -> None:
    quiet = next((d, n) for d in session.decisions for n, reason in enumerate(d.reasons) if reason.startswith("refused: "))
    decision, n = quiet
    symbol, clock = decision.symbols[n], session.clock(decision.minute_ns)
    told = why_traded(session.profile, symbol.lower(), clock)
    assert told["limits"]["verdict"] == decision.reasons[n]
    assert told["became"] == f"no order: {decision.reasons[n]}"
    assert told["orders"] == told["reports"] == told["fills"] == []
    assert told["trade"] == {}
    assert why_not_traded(session.profile, symbol, clock)["answer"] == decision.reasons[n]


def test_the_reasons_of_a_day_add_up_to_its_minutes(session: Session) -> None:
    for n, symbol in enumerate(scene.SYMBOLS):
        told = why_not_traded(session.profile, symbol)
        assert all(d.symbols == scene.SYMBOLS for d in session.decisions)
        entered = sum(d.reasons[n] == "enter" for d in session.decisions)
        assert told["minutes"] == len(session.decisions) == entered + sum(row["minutes"] for row in told["reasons"])
        assert told["minutes_with_an_entry"] == entered == sum(t.symbol == symbol for t in session.trades)
        words = Counter(d.reasons[n].split(" ")[0] for d in session.decisions if d.reasons[n] != "enter")
        counted: Counter[str] = Counter()
        for row in told["reasons"]:
            counted[row["reason"].split(" ")[0]] += row["minutes"]
            assert row["first_ns"] <= row["last_ns"]
        assert counted == words
        assert len({row["reason"] for row in told["reasons"]}) == len(told["reasons"]) < 15
        passed_over = [d.confidence[n] for d in session.decisions if d.reasons[n] != "enter" and np.isfinite(d.confidence[n])]
        assert told["highest_confidence_not_traded"] == max(passed_over)


@pytest.mark.parametrize("kind", ["csv", "json", "parquet"])
def test_exported_trades_are_the_seeds_and_their_profit_is_the_venues(session: Session, kind: str, tmp_path: Path) -> None:
    file = tmp_path / f"trades.{kind}"
    told = export_journal(session.profile, "trades", file, first=scene.DAY, last=scene.DAY)
    rows = read(file)
    assert told["rows"] == len(rows) == len(session.trades)
    assert tuple(rows[0])[: len(SEED_KEYS)] == SEED_KEYS
    fees = sum(a.net_units for a in session.venue.activities if a.kind == "FEE")
    assert fees < 0
    earned = session.venue.cash_units - fees - scene.VENUE.cash_usd * UNITS_PER_USD
    assert sum(round(float(row["pnl_amount"]) * UNITS_PER_USD) for row in rows) == earned, "all is sold at the day's end"
    for row, trade in zip(rows, session.trades, strict=True):
        assert float(row["entry_price"]) == pytest.approx(trade.entry_units / trade.qty / UNITS_PER_USD, abs=0.5001e-4)
        assert float(row["pnl_pct"]) == trade.pnl_units / trade.entry_units
        assert row["entry_time"].startswith("2013-10-09T") and row["entry_time"].endswith("-04:00")
        assert (row["side"], row["status"], int(row["qty"])) == ("BUY", "CLOSED", trade.qty)


def test_exported_fills_are_the_venues_executions(session: Session, tmp_path: Path) -> None:
    file = tmp_path / "fills.json"
    export_journal(session.profile, "fills", file)
    rows = read(file)
    cash = sum((-1 if row["side"] == "BUY" else 1) * round(row["notional"] * UNITS_PER_USD) for row in rows)
    fees = sum(a.net_units for a in session.venue.activities if a.kind == "FEE")
    assert cash + fees == session.venue.cash_units - scene.VENUE.cash_usd * UNITS_PER_USD
    assert rows == sorted(rows, key=lambda row: row["time"])


def test_every_format_of_the_decisions_holds_the_same(session: Session, tmp_path: Path) -> None:
    tables = []
    for kind in ("csv", "json", "parquet"):
        file = tmp_path / f"decisions.{kind}"
        told = export_journal(session.profile, "decisions", file)
        assert told["rows"] == len(session.decisions) * len(scene.SYMBOLS)
        tables.append([plain(row) for row in read(file)])
    assert tables[0] == tables[1] == tables[2]
    chosen = [row for row in tables[0] if row["order_id"]]
    assert len(chosen) == len(session.trades)
    assert [row["features"].keys() for row in chosen] == [{"close", "macd"}] * len(chosen)


def test_what_is_not_there_is_one_sentence(session: Session, tmp_path: Path) -> None:
    taken = tmp_path / "taken.csv"
    taken.write_text("mine")
    asks: list[tuple[Any, str]] = [
        (lambda: why_traded(session.profile, "SPX", "10:00"), r'SPX was not among the 4 symbols of 2013-10-09 .*did you mean "SPY"'),
        (lambda: why_not_traded(session.profile, "SPX"), "SPX was not among the 4 symbols of 2013-10-09"),
        (lambda: why_traded(session.profile, "SPY", "25:00"), "'25:00' is no minute of a day: write HH:MM"),
        (
            lambda: why_traded(session.profile, "SPY", "08:00"),
            "no decision was made of the minute 08:00 .*, from 09:30 to 15:59, the nearest",
        ),
        (lambda: why_traded(session.profile, "SPY", "10:00", date=dt.date(2013, 10, 10)), "no decision of 2013-10-10: it has some from"),
        (lambda: why_not_traded("nobody", "SPY"), "nobody"),
        (lambda: why_not_traded(session.profile, "SPY", path=tmp_path / "none.db"), "there is no journal"),
        (lambda: export_journal(session.profile, "trade", tmp_path / "a.csv"), r'no export of \'trade\'.*did you mean "trades"'),
        (lambda: export_journal(session.profile, "trades", tmp_path / "a.xls"), "there is no format 'xls': there are csv, parquet, json"),
        (lambda: export_journal(session.profile, "trades", taken), "is there already"),
        (lambda: export_journal(session.profile, "trades", tmp_path / "no" / "a.csv"), "cannot write .*: No such file or directory"),
        (lambda: export_journal(session.profile, "fills", tmp_path / "a.csv", first=dt.date(2014, 1, 1)), "the journal holds no fills of"),
        (
            lambda: export_journal(session.profile, "fills", tmp_path / "a.csv", first=scene.DAY, last=dt.date(2013, 1, 1)),
            "is after --last",
        ),
    ]
    for ask, sentence in asks:
        with pytest.raises(OperatorFault, match=sentence) as fault:
            ask()
        assert "\n" not in str(fault.value)
    assert taken.read_text() == "mine"
    assert [path.name for path in tmp_path.iterdir()] == ["taken.csv"]


def read(file: Path) -> list[dict[str, Any]]:
    if file.suffix == ".csv":
        with file.open(newline="") as text:
            return list(csv.DictReader(text))
    if file.suffix == ".json":
        rows: list[dict[str, Any]] = json.loads(file.read_text())
        return rows
    return pq.read_table(file).to_pylist()


def plain(row: dict[str, Any]) -> dict[str, Any]:
    """A row of any format alike: numbers as floats, maps as dicts, nothing as ""."""
    out: dict[str, Any] = {}
    for key, value in row.items():
        if key in ("features", "signals", "weights", "factors"):
            out[key] = json.loads(value) if isinstance(value, str) else dict(value)
        elif key in ("confidence", "threshold", "price", "shares_sized", "qty"):
            out[key] = None if value in ("", None) else float(value)
        else:
            out[key] = value
    return out
