"""data/sample is what PROVENANCE says, sound, small, and only what may be in a public repository."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from pathlib import Path

import pytest

from tradebot.shell.calendar import session_table
from tradebot.shell.store.bars import check_bar_folder, read_bar_folder

SAMPLE = Path(__file__).resolve().parents[3] / "data" / "sample"
ENTRIES = {entry["file"]: entry for entry in json.loads((SAMPLE / "PROVENANCE.json").read_text())["files"]}


def test_every_file_is_named_and_nothing_else_is_there() -> None:
    assert {p.name for p in SAMPLE.iterdir()} == {*ENTRIES, "PROVENANCE.json", "PROVENANCE.md"}
    assert sum(p.stat().st_size for p in SAMPLE.iterdir()) < 5_000_000


@pytest.mark.parametrize("name", ENTRIES)
def test_hash_licence_and_source(name: str) -> None:
    entry = ENTRIES[name]
    assert hashlib.sha256((SAMPLE / name).read_bytes()).hexdigest() == entry["sha256"]
    assert entry["licence"].startswith("Apache-2.0")
    assert entry["source"].split("@")[0] in {"QuantConnect/Lean", "gbeced/pyalgotrade"}
    assert entry["sha256"] in (SAMPLE / "PROVENANCE.md").read_text()


def test_every_file_is_sound() -> None:
    assert {c.file: c.fault for c in check_bar_folder(SAMPLE)} == dict.fromkeys(ENTRIES, "")


def test_only_the_dates_that_were_licensed_to_be_here() -> None:
    histories = read_bar_folder(SAMPLE)
    assert sorted(histories) == ["AIG", "BAC", "IBM", "SPY"]
    months = {
        (symbol, dt.datetime.fromtimestamp(ns / 1e9, dt.UTC).strftime("%Y-%m"))
        for symbol, bars in histories.items()
        for ns in (bars.minute_ns - 5 * 3_600_000_000_000).tolist()
    }
    october = {(s, "2013-10") for s in histories}
    assert months == october | {("SPY", "2011-01"), ("SPY", "2011-03")}


def test_regular_hours_are_all_but_complete() -> None:
    sessions = session_table(dt.date(2013, 10, 4), dt.date(2013, 10, 11)).sessions
    missing = {
        symbol: sum(s.minutes - int(((b.minute_ns >= s.open_ns) & (b.minute_ns < s.close_ns)).sum()) for s in sessions)
        for symbol, b in read_bar_folder(SAMPLE).items()
    }
    assert missing == {"AIG": 1, "BAC": 0, "IBM": 2, "SPY": 0}  # as the catalogue's own count


def test_quotes_of_the_sample_carry_their_shares_almost_always() -> None:
    for symbol, bars in read_bar_folder(SAMPLE).items():
        assert bars.bid is not None, symbol
        assert bars.bid_size is not None, symbol
        assert bars.trades is None, symbol
        quoted = bars.bid > 0
        assert (bars.bid_size[quoted] > 0).mean() > 0.998, symbol
        assert not bars.bid_size[~quoted].any(), symbol
