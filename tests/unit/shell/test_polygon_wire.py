"""Massive's frames and rows: what is true arrives exactly, what can't be true is refused by symbol, minute and field."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tradebot.core.domain.faults import OperatorFault
from tradebot.core.domain.units import NS_PER_MINUTE, NS_PER_S
from tradebot.shell.broker.rest import BrokerRefusal
from tradebot.shell.feeds.bar_wire import Bar, BarFault
from tradebot.shell.feeds.polygon_host import REST_URL, STREAM_URL, polygon_host
from tradebot.shell.feeds.polygon_rest import aggregates_path, next_page, refusal_fault, results
from tradebot.shell.feeds.polygon_wire import bar_of_aggregate, bar_of_result, messages, quote_of_message
from tradebot.shell.feeds.quote_wire import Quote, QuoteFault

START_MS = 1_381_325_400_000
AM = {
    "ev": "AM",
    "sym": "BRK.B",
    "v": 1234.5,
    "o": 14.0101,
    "c": 14.02,
    "h": 14.5,
    "l": 13.99,
    "z": 100,
    "s": START_MS,
    "e": START_MS + 60_000,
}
Q = {"ev": "Q", "sym": "IBM", "bp": 179.5, "bs": 3, "ap": 179.52, "as": 2, "c": 0, "t": START_MS + 7, "q": 1, "z": 1}


def test_an_aggregate_and_a_row_of_rest_are_the_same_bar() -> None:
    bar = Bar("BRK.B", START_MS * 1_000_000, 140_101, 145_000, 139_900, 140_200, 1234)
    assert bar_of_aggregate(AM) == bar
    row = {"t": START_MS, "o": 14.0101, "c": 14.02, "h": 14.5, "l": 13.99, "v": 1234.5, "vw": 14.1, "n": 17}
    assert bar_of_result("BRK.B", row) == bar


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"sym": ""}, "the symbol is missing"),
        ({"s": START_MS + 1_000}, "no time on a minute"),
        ({"s": "soon"}, "no time on a minute"),
        ({"s": 1e300}, "no time on a minute"),
        ({"s": float("nan")}, "no time on a minute"),
        ({"c": 0}, "field c is not above zero"),
        ({"h": 13.0}, "field h 13.0 is below field l"),
        ({"o": 20.0}, "field o 20.0 is outside"),
        ({"v": -1}, "field v is no volume"),
        ({"v": None}, "field v is no volume"),
        ({"l": "low"}, "field l is no number"),
        ({"h": float("nan")}, "field h is not finite"),
    ],
)
def test_a_bar_that_cannot_be_true_is_refused_by_name(change: dict[str, Any], words: str) -> None:
    with pytest.raises(BarFault, match=words) as fault:
        bar_of_aggregate(AM | change)
    assert "BRK.B" in str(fault.value) or "sym" in change


def test_quotes_and_sides_that_do_not_stand() -> None:
    assert quote_of_message(Q) == Quote("IBM", (START_MS + 7) * 1_000_000, 1_795_000, 1_795_200, 3, 2)
    no_ask = {name: value for name, value in Q.items() if name not in ("ap", "as")}
    assert quote_of_message(no_ask) == Quote("IBM", (START_MS + 7) * 1_000_000, 1_795_000, 0, 3, 0)
    for change in ({"bp": -1}, {"ap": 1e9}, {"bs": "many"}, {"sym": ""}, {"t": None}):
        with pytest.raises(QuoteFault):
            quote_of_message(Q | change)


@pytest.mark.parametrize("text", ["", "{}", "[1]", "no json", '[{"ev"', b"\xff"])
def test_a_frame_that_is_no_array_of_objects_is_refused(text: str | bytes) -> None:
    with pytest.raises(BarFault):
        messages(text)
    assert messages(json.dumps([AM]))[0]["sym"] == "BRK.B"


def test_pages_are_followed_by_path_and_query_alone() -> None:
    assert next_page({"next_url": "https://api.massive.com/v2/aggs/ticker/X/range/1/minute/1/2?cursor=abc&limit=9"}) == (
        "/v2/aggs/ticker/X/range/1/minute/1/2?cursor=abc&limit=9"
    )
    assert next_page({"results": []}) is None
    assert results({"resultsCount": 0}) == []
    for answer in ([], {"results": 5}, {"results": [5]}):
        with pytest.raises(BarFault):
            results(answer)
    assert aggregates_path("BRK.B", 60 * NS_PER_S, 2 * NS_PER_MINUTE) == "/v2/aggs/ticker/BRK.B/range/1/minute/60000/120000"


def test_where_massive_is_and_a_key_that_never_shows() -> None:
    host = polygon_host("canary-key")
    assert (host.rest_url, host.stream_url) == (REST_URL, STREAM_URL)
    assert host.key.headers() == {"Authorization": "Bearer canary-key"}
    assert "canary" not in repr(host)
    assert polygon_host("k", "http://127.0.0.1:8100/").stream_url == "ws://127.0.0.1:8100/stocks"
    for url in ("ftp://x", "https://", "https://host/path", "http://host"):
        with pytest.raises(OperatorFault):
            polygon_host("k", url)


def test_refusals_are_sentences() -> None:
    assert "POLYGON_API_KEY" in str(refusal_fault(BrokerRefusal(401, 0, "Unknown API Key canary")))
    assert "canary" not in str(refusal_fault(BrokerRefusal(403, 0, "canary")))
    assert "HTTP 404" in str(refusal_fault(BrokerRefusal(404, 0, "")))
