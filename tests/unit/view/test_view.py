from __future__ import annotations

import datetime as dt
import io
from collections.abc import Iterator, Sequence

import numpy as np
import pytest
from rich.console import Console

from tradebot.core.domain.commands import Alert, Command, RecordDecision, RecordFill, RecordTrade, SubmitOrder
from tradebot.core.domain.decision import Decision
from tradebot.core.domain.events import CashPosted, Event, MinuteClosed, OrderRefused
from tradebot.core.domain.orders import Bracket, Fill, OrderIntent, Role, Side
from tradebot.core.domain.trade import Trade
from tradebot.core.domain.units import NS_PER_MINUTE, NS_PER_S
from tradebot.view import Camera, View, summary
from tradebot.view.picture import Picture, money

OPEN_NS = int(dt.datetime(2013, 10, 9, 13, 30, tzinfo=dt.UTC).timestamp()) * NS_PER_S
REPORT = {
    "sessions": 3,
    "decisions": 4680,
    "orders": 16,
    "fills": 16,
    "refusals": 12,
    "trades_closed": 8,
    "trades_won": 6,
    "fees_usd": 0.35,
    "pnl_usd": -69.57,
    "return_fraction": -0.0007,
    "buy_and_hold_usd": 3732.73,
    "buy_and_hold_fraction": 0.0373,
    "positions_left": {"SPY": 2},
}


def minute(n: int, close_units: int) -> MinuteClosed:
    column = np.array([close_units])
    start_ns = OPEN_NS + n * NS_PER_MINUTE
    return MinuteClosed(
        ts_event_ns=start_ns + NS_PER_MINUTE,
        minute_ns=start_ns,
        symbols=("BAC",),
        open=column,
        high=column,
        low=column,
        close=column,
        volume=column,
        present=np.array([True]),
    )


def decision(reason: str) -> RecordDecision:
    one = np.zeros(1)
    return RecordDecision(
        Decision(
            "d",
            OPEN_NS,
            OPEN_NS,
            "m",
            "h",
            ("BAC",),
            np.zeros((1, 1)),
            one > -1,
            one,
            one.astype(int),
            0.5,
            one.astype(int),
            (reason,),
            ("",),
        )
    )


def a_session() -> Iterator[tuple[Event, Sequence[Command]]]:
    """A bought position at 14.00 that stands at 14.20, a refusal, a warning and a fee."""
    bracket = Bracket(137_200, 145_600)
    intent = OrderIntent("o1", "d", "BAC", Side.BUY, 100, Role.ENTRY, "buy", 140_000, OPEN_NS, bracket=bracket, confidence=0.71)
    fill = Fill("f1", "o1", "BAC", Side.BUY, Role.ENTRY, 100, 14_000_000, OPEN_NS + NS_PER_MINUTE)
    trade = Trade("o1", "BAC", Side.BUY, 100, 14_000_000, OPEN_NS, 0.71, 137_200, 145_600)
    yield minute(0, 140_000), [decision(""), SubmitOrder(intent)]
    yield minute(1, 142_000), [decision("refused: too many"), RecordFill(fill), RecordTrade(trade)]
    yield OrderRefused(ts_event_ns=OPEN_NS, client_order_id="o2", code=40310000, reason="insufficient buying power"), []
    yield (
        CashPosted(ts_event_ns=OPEN_NS, activity_id="a", kind="FEE", amount_units=-1_500),
        [Alert("warning", "feed sip stale"), Alert("info", "x")],
    )


def test_picture_counts_and_prices_what_passes() -> None:
    picture = Picture()
    for event, commands in a_session():
        picture.observe(event, commands)
    assert (picture.minutes, picture.decisions, picture.orders, picture.fills, picture.refusals) == (2, 2, 1, 1, 2)
    [row] = picture.positions()
    assert (row.symbol, row.qty, row.entry_units, row.mark_units) == ("BAC", 100, 140_000, 142_000)
    assert (row.stop_units, row.target_units, row.pnl_units) == (137_200, 145_600, 200_000)
    assert picture.pnl_units == 200_000 - 1_500
    assert picture.news == [
        "2013-10-09 09:31 buy 100 BAC, confidence 0.71",
        "2013-10-09 09:32 bought 100 BAC at 14.00 (entry)",
        "2013-10-09 09:32 refused by the broker: insufficient buying power (o2)",
        "2013-10-09 09:32 feed sip stale",
    ]


def test_closed_trade_counts_as_realised() -> None:
    picture = Picture()
    closed = Trade("o1", "BAC", Side.BUY, 10, 1_400_000, OPEN_NS, 0.7, 1, 2, "CLOSED", 10, 1_410_000, OPEN_NS, "target", 10_000)
    picture.observe(minute(0, 150_000), [RecordTrade(closed)])
    assert picture.positions() == []
    assert picture.pnl_units == 10_000


def test_plain_lines_without_a_terminal() -> None:
    out = io.StringIO()
    with View("demo", 390, console=Console(file=out, width=120)) as view:
        for event, commands in a_session():
            view.observe(event, commands)
    assert out.getvalue().splitlines() == view.picture.news


def test_live_panel_on_a_terminal() -> None:
    out = io.StringIO()
    console = Console(file=out, width=120, force_terminal=True)
    with View("demo", 390, console=console) as view:
        for event, commands in a_session():
            view.observe(event, commands)
        console.print(view.panel())
    text = out.getvalue()
    for part in ("Wed 09 Oct 2013", "2/390", "BAC", "14.20", "14.56", "+$20.00", "+$19.85", "bought 100 BAC at 14.00"):
        assert part in text


def test_the_live_panel_goes_away_when_the_run_breaks() -> None:
    out = io.StringIO()
    with pytest.raises(ZeroDivisionError), View("demo", 390, console=Console(file=out, force_terminal=True)):
        _ = 1 // 0
    assert out.getvalue().rstrip().endswith("\x1b[2K") or "\x1b[?25h" in out.getvalue()


def test_summary_says_the_result_and_the_way_on() -> None:
    out = io.StringIO()
    Console(file=out, width=120).print(summary(REPORT, title="demo", journal="data/j.sqlite3", next_step="tradebot run"))
    text = out.getvalue()
    for part in ("4,680", "-$69.57 (-0.070%)", "+$3,732.73 (+3.730%)", "2 SPY", "data/j.sqlite3", "tradebot run"):
        assert part in text


def test_a_camera_keeps_one_moment_and_the_end() -> None:
    with View("demo", 390, console=Console(file=io.StringIO(), width=120), plain=True) as view:
        session = list(a_session())
        camera = Camera(view, session[-1][0].ts_event_ns)
        for event, commands in session:
            view.observe(event, commands)
            camera.observe(event, commands)
    text = camera.svg(summary(REPORT, title="end", journal="j", next_step="n"), "scripts/run")
    assert text.startswith("<svg")
    assert "@font-face" not in text
    for part in ("scripts/run", "position", "buy"):
        assert part in text


@pytest.mark.parametrize(
    ("units", "text"), [(1_500_000, "150.00"), (12_345_678, "1,234.57"), (1_234, "0.1234"), (0, "0.00"), (5_000, "0.50")]
)
def test_money(units: int, text: str) -> None:
    assert money(units) == text
