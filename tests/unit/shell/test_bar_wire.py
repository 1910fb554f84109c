"""Bars from the wire: exact, and refused by name when they lie."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tradebot.shell.feeds.bar_wire import Bar, BarFault, Frame, bar_of_frame, bar_of_json, bars_of_rest, frames

GOOD: dict[str, Any] = {"t": "2013-10-09T13:30:00Z", "o": 165.8, "h": 166.01, "l": 165.7, "c": 165.95, "v": 1200, "n": 3, "vw": 165.9}


def test_a_good_bar_is_exact() -> None:
    assert bar_of_json("SPY", GOOD) == Bar("SPY", 1381325400 * 10**9, 1658000, 1660100, 1657000, 1659500, 1200, 3)


def test_a_bar_without_a_number_of_trades_tells_none() -> None:
    assert bar_of_json("SPY", GOOD | {"n": None}).trades == 0
    (message,) = frames(json.dumps([{"T": "b", "S": "SPY", **{k: v for k, v in GOOD.items() if k != "n"}}]))
    assert isinstance(message, Frame)
    assert bar_of_frame(message).trades == 0


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"o": float("nan")}, "field o is not finite"),
        ({"h": float("inf")}, "field h is not finite"),
        ({"c": -1.0}, "field c is not above zero"),
        ({"l": 0}, "field l is not above zero"),
        ({"c": None}, "field c is no number"),
        ({"c": "165.95"}, "field c is no number"),
        ({"c": True}, "field c is no number"),
        ({"h": 165.0}, "field h 165.0 is below field l 165.7"),
        ({"o": 170.0}, "field o 170.0 is outside 165.7 to 166.01"),
        ({"h": float("-inf")}, "field h is not finite"),
        ({"h": 1e300}, "field h is impossibly large"),
        ({"h": 1e305}, "field h is not finite"),
        ({"h": 10**400}, "field h is not finite"),
        ({"l": 0.00004}, "field l is not above zero"),
        ({"v": -5}, "field v is no volume"),
        ({"v": float("inf")}, "field v is no volume"),
        ({"v": 2e15}, "field v is no volume"),
        ({"v": None}, "field v is no volume"),
        ({"v": float("nan")}, "field v is no volume"),
        ({"n": -1}, "field n is no number of trades: -1"),
        ({"n": "3"}, "field n is no number of trades: '3'"),
        ({"t": "yesterday"}, "field t is no time"),
        ({"t": None}, "field t is no time"),
        ({"t": "2013-10-09T13:30:00"}, "field t is no time"),
        ({"t": "2013-10-09T13:30:07Z"}, "field t is not on a minute"),
    ],
)
def test_a_bar_that_cannot_be_true_is_refused_with_symbol_minute_and_field(change: dict[str, Any], words: str) -> None:
    with pytest.raises(BarFault, match="bar of SPY") as refusal:
        bar_of_json("SPY", GOOD | change)
    assert words in str(refusal.value)
    assert str((GOOD | change)["t"]) in str(refusal.value)


def test_one_bad_bar_costs_no_other_bar_of_its_frame() -> None:
    text = json.dumps(
        [{"T": "b", "S": "SPY", **GOOD}, {"T": "b", "S": "BAC", **GOOD, "c": None}, {"T": "b", "S": "IBM", **GOOD, "o": float("nan")}]
    )
    good, refused = [], []
    for message in frames(text):
        assert not isinstance(message, Frame)
        try:
            good.append(bar_of_json(message["S"], message))
        except BarFault as error:
            refused.append(str(error))
    assert [b.symbol for b in good] == ["SPY"]
    assert ["BAC" in refused[0], "IBM" in refused[1]] == [True, True]


def test_a_sound_frame_takes_the_exact_decoder() -> None:
    (message,) = frames(json.dumps([{"T": "b", "S": "SPY", **GOOD}]))
    assert isinstance(message, Frame)
    assert bar_of_frame(message) == bar_of_json("SPY", GOOD)


@pytest.mark.parametrize("text", ["{", "[1]", '{"T":"b"}', ""])
def test_a_frame_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(BarFault, match="data stream sent a frame"):
        frames(text)


def test_rest_pages_without_bars_are_empty_and_other_shapes_are_refused() -> None:
    assert list(bars_of_rest({"bars": None, "next_page_token": None})) == []
    assert list(bars_of_rest({"bars": {"SPY": [GOOD]}})) == [("SPY", GOOD)]
    with pytest.raises(BarFault):
        list(bars_of_rest([1]))
