"""Fetching history over a real loopback server: pages, resuming, patience, refusals and what is never written."""

from __future__ import annotations

import datetime as dt
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tradebot.core.domain.faults import OperatorFault
from tradebot.shell.feeds.history import AlpacaData, FetchProgress, fetch_history, screen_most_active
from tradebot.shell.store.bars import BarStore

MINUTE_NS = 60_000_000_000
PAGE = 7


def ns(text: str) -> int:
    return int(dt.datetime.fromisoformat(text + "+00:00").timestamp()) * 1_000_000_000


class Alpaca(ThreadingHTTPServer):
    """Bars at 10:00 to 10:19 UTC of each day, in pages; screener and latest trades; and what goes wrong next."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answer)
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.failures: list[tuple[int, str]] = []
        self.bad_bar: dict[str, Any] = {}

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def bars(self, query: dict[str, str]) -> dict[str, Any]:
        start, end = (dt.datetime.fromisoformat(query[k]) for k in ("start", "end"))
        day = start.replace(hour=10, minute=0, second=0, microsecond=0)
        rows = []
        while day <= end:
            for minute in range(20):
                at = day + dt.timedelta(minutes=minute)
                if start <= at <= end:
                    t = at.strftime("%Y-%m-%dT%H:%M:%SZ")
                    rows.append({"t": t, "o": 14.05, "h": 14.1, "l": 14.0, "c": 14.0612, "v": 900, "n": 3, "vw": 14.05} | self.bad_bar)
            day += dt.timedelta(days=1)
        offset = int(query.get("page_token", "0"))
        more = offset + PAGE < len(rows)
        return {"bars": {query["symbols"]: rows[offset : offset + PAGE]}, "next_page_token": str(offset + PAGE) if more else None}


class Answer(BaseHTTPRequestHandler):
    server: Alpaca

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        query = {k: v[0] for k, v in parse_qs(url.query).items()}
        self.server.asked.append((url.path, query))
        status, body = 200, "{}"
        if self.headers["APCA-API-SECRET-KEY"] != "right":
            status, body = 401, '{"message": "unauthorized."}'
        elif self.server.failures:
            status, body = self.server.failures.pop(0)
        elif url.path == "/v2/stocks/bars":
            body = json.dumps(self.server.bars(query))
        elif url.path == "/v1beta1/screener/stocks/most-actives":
            ranked = ("F", "BAC") if "by=trades" in url.query else ("PENY", "BAC", "AIG", "F", "GONE")
            actives = [{"symbol": s, "volume": 9, "trade_count": 1} for s in ranked]
            body = json.dumps({"most_actives": actives, "last_updated": "2013-10-04T20:00:00Z"})
        elif url.path == "/v2/stocks/trades/latest":
            prices = {"PENY": 0.4, "BAC": 14.05, "AIG": 49.0, "F": 17.2}
            trades = {s: {"t": "2013-10-04T20:00:00Z", "p": p, "s": 100} for s, p in prices.items()}
            body = json.dumps({"trades": trades})
        data = body.encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


@pytest.fixture
def alpaca() -> Iterator[Alpaca]:
    server = Alpaca()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()


def account(server: Alpaca, secret: str = "right") -> AlpacaData:
    return AlpacaData(key="key", secret=secret, origin=server.origin, feed="sip", patience_s=(0.0, 0.0))


FROM, THROUGH = ns("2013-09-27T00:00"), ns("2013-10-08T23:59")


def test_fetches_pages_validates_and_records_the_feed(alpaca: Alpaca, tmp_path: Path) -> None:
    store = BarStore(tmp_path)
    told: list[FetchProgress] = []
    fetched = fetch_history(account(alpaca), store, ("BAC",), FROM, THROUGH, adjustment="split", progress=told.append)
    bars = store.read()["BAC"]
    assert fetched.bars == {"BAC": 12 * 20}
    assert len(bars) == 240
    assert (bars.minute_ns[0], bars.minute_ns[-1]) == (ns("2013-09-27T10:00"), ns("2013-10-08T10:19"))
    assert set(bars.close.tolist()) == {140_612}
    assert bars.trades is not None
    assert bars.trades.tolist() == [3] * 240
    assert [(c.file, c.feed, c.adjustment, c.fault) for c in store.check()] == [
        ("BAC_1m_2013_09.parquet", "sip", "split", ""),
        ("BAC_1m_2013_10.parquet", "sip", "split", ""),
    ]
    assert [(p.done, p.total, p.bars, p.skipped) for p in told] == [(1, 3, 80, False), (2, 3, 140, False), (3, 3, 20, False)]
    path, query = alpaca.asked[0]
    assert path == "/v2/stocks/bars"
    assert (query["feed"], query["adjustment"], query["timeframe"]) == ("sip", "split", "1Min")


def test_goes_on_after_the_last_stored_minute(alpaca: Alpaca, tmp_path: Path) -> None:
    store = BarStore(tmp_path)
    fetch_history(account(alpaca), store, ("BAC",), FROM, ns("2013-10-02T10:05"))
    assert len(store.read()["BAC"]) == 5 * 20 + 6
    alpaca.asked.clear()
    again = fetch_history(account(alpaca), store, ("BAC",), FROM, THROUGH)
    assert alpaca.asked[0][1]["start"].startswith("2013-10-02T10:06")
    assert again.skipped == 1
    assert len(store.read()["BAC"]) == 240
    alpaca.asked.clear()
    assert fetch_history(account(alpaca), store, ("BAC",), FROM, THROUGH).requests == 0
    assert not alpaca.asked


def test_an_interrupted_fetch_keeps_what_it_had(alpaca: Alpaca, tmp_path: Path) -> None:
    store = BarStore(tmp_path)

    def break_later(progress: FetchProgress) -> None:
        alpaca.failures += [(503, "<html>busy</html>")] * 9

    with pytest.raises(OperatorFault, match="doesn't answer"):
        fetch_history(account(alpaca), store, ("BAC",), FROM, THROUGH, progress=break_later)
    assert len(store.read()["BAC"]) == 80
    alpaca.failures.clear()
    assert fetch_history(account(alpaca), store, ("BAC",), FROM, THROUGH).bars == {"BAC": 160}


def test_is_patient_with_rate_limits(alpaca: Alpaca, tmp_path: Path) -> None:
    alpaca.failures += [(429, '{"message": "too many requests."}'), (504, "")]
    assert fetch_history(account(alpaca), BarStore(tmp_path), ("BAC",), FROM, THROUGH).bars == {"BAC": 240}


def test_names_a_wrong_key_without_showing_it(alpaca: Alpaca, tmp_path: Path) -> None:
    with pytest.raises(OperatorFault, match="refused the API key") as caught:
        fetch_history(account(alpaca, secret="wrong-secret"), BarStore(tmp_path), ("BAC",), FROM, THROUGH)
    assert "wrong-secret" not in str(caught.value) + repr(account(alpaca, secret="wrong-secret"))
    assert len(alpaca.asked) == 1
    assert list(tmp_path.iterdir()) == []


def test_names_a_feed_that_is_not_allowed(alpaca: Alpaca, tmp_path: Path) -> None:
    alpaca.failures.append((403, '{"message": "subscription does not permit querying recent SIP data"}'))
    with pytest.raises(OperatorFault, match=r"feed sip \(403\): .*subscription"):
        fetch_history(account(alpaca), BarStore(tmp_path), ("BAC",), FROM, THROUGH)


def test_nobody_there(tmp_path: Path) -> None:
    nobody = AlpacaData(key="k", secret="s", origin="http://127.0.0.1:9", patience_s=(0.0,))
    with pytest.raises(OperatorFault, match="doesn't answer"):
        fetch_history(nobody, BarStore(tmp_path), ("BAC",), FROM, THROUGH)


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        ({"h": 13.0}, "field h 13.0 is below field l 14.0"),
        ({"c": None}, "field c is no number: None"),
        ({"o": "x"}, "field o is no number: 'x'"),
        ({"v": -5}, "field v is no volume: -5"),
        ({"l": 0}, "field l is not above zero: 0"),
        ({"c": float("nan")}, "field c is not finite: nan"),
        ({"h": 1e300}, "field h is impossibly large: 1e\\+300"),
        ({"n": -1}, "field n is no number of trades: -1"),
        ({"t": "2013-10-04T10:00:30Z"}, "field t is not on a minute"),
    ],
)
def test_bad_bars_are_not_written(alpaca: Alpaca, tmp_path: Path, bad: dict[str, Any], words: str) -> None:
    alpaca.bad_bar = bad
    with pytest.raises(OperatorFault, match=f"Alpaca sent a bar that can't be true: bar of BAC at 2013-10-04T10:00:[03]0Z: {words}$"):
        fetch_history(account(alpaca), BarStore(tmp_path), ("BAC",), ns("2013-10-04T00:00"), ns("2013-10-04T23:59"))
    assert list(tmp_path.iterdir()) == []


def test_screens_by_activity_and_price(alpaca: Alpaca) -> None:
    assert screen_most_active(account(alpaca), 5, 1.0, 20.0) == ("BAC", "F")
    assert screen_most_active(account(alpaca), 5, 1.0, 0.0) == ("BAC", "AIG", "F")
    assert screen_most_active(account(alpaca), 5, 1.0, 20.0, "trades") == ("F", "BAC")
    with pytest.raises(OperatorFault, match="universe is empty"):
        screen_most_active(account(alpaca), 5, 100.0, 200.0)


def test_an_empty_universe_is_refused(alpaca: Alpaca, tmp_path: Path) -> None:
    with pytest.raises(OperatorFault, match="universe is empty"):
        fetch_history(account(alpaca), BarStore(tmp_path), (), FROM, THROUGH)
