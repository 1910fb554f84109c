"""Alpaca's trading JSON: exact money, tolerant of what is new, strict about numbers."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradebot.core.domain.faults import OperatorFault
from tradebot.core.domain.orders import OrderKind, OrderStatus, Side
from tradebot.shell.broker.endpoints import Credentials, endpoints, guard_live
from tradebot.shell.broker.wire import WireFault, account_fact, cash_activity, clock_fact, order_report, position_fact
from tradebot.shell.stamps import ns_from_text, text_from_ns

ORDER: dict[str, Any] = {
    "id": "b1",
    "client_order_id": "c1",
    "symbol": "SPY",
    "side": "buy",
    "type": "market",
    "status": "filled",
    "qty": "3",
    "filled_qty": "3",
    "filled_avg_price": "165.803333",
    "updated_at": "2013-10-09T13:31:00.000000001Z",
    "limit_price": None,
    "stop_price": None,
    "legs": [
        {
            "id": "b2",
            "client_order_id": "x",
            "symbol": "SPY",
            "side": "sell",
            "type": "stop",
            "status": "held",
            "qty": "3",
            "filled_qty": "0",
            "filled_avg_price": None,
            "stop_price": "162.48",
            "created_at": "2013-10-09T13:31:00Z",
        }
    ],
}


def test_an_order_with_its_legs() -> None:
    report = order_report(ORDER, "poll")
    assert (report.status, report.side, report.filled_units, report.ts_event_ns % 10) == (OrderStatus.FILLED, Side.BUY, 4974100, 1)
    (leg,) = report.legs
    assert (leg.kind, leg.status, leg.stop_units, leg.source) == (OrderKind.STOP, OrderStatus.HELD, 1624800, "poll")


@pytest.mark.parametrize(("filled", "status"), [("0", OrderStatus.ACCEPTED), ("2", OrderStatus.PARTIALLY_FILLED)])
def test_an_unknown_status_stays_live_and_says_so(filled: str, status: OrderStatus) -> None:
    report = order_report(ORDER | {"status": "quantum_pending", "filled_qty": filled, "legs": None}, "stream")
    assert report.status is status
    assert not report.status.is_terminal
    assert "quantum_pending" in report.reason


@pytest.mark.parametrize("word", ["intended", "unknown", "refused"])
def test_the_brokers_word_is_never_taken_for_one_of_ours(word: str) -> None:
    assert order_report(ORDER | {"status": word, "legs": None}, "poll").status is OrderStatus.PARTIALLY_FILLED


@pytest.mark.parametrize(
    "change",
    [
        {"filled_avg_price": None},
        {"filled_avg_price": "NaN"},
        {"qty": "Infinity"},
        {"filled_qty": "many"},
        {"side": "sideways"},
        {"updated_at": "noon"},
        {"legs": [1]},
        {"stop_price": "x"},
    ],
)
def test_an_order_that_cannot_be_read_is_a_fault_and_not_a_guess(change: dict[str, Any]) -> None:
    with pytest.raises(WireFault):
        order_report(ORDER | change, "reply")


@pytest.mark.parametrize("name", ["id", "client_order_id", "symbol", "side", "status"])
def test_a_missing_field_is_a_fault(name: str) -> None:
    with pytest.raises(WireFault):
        order_report({k: v for k, v in ORDER.items() if k != name}, "reply")


@pytest.mark.parametrize(("qty", "side", "expected"), [("5", "long", 5), ("-5", "short", -5), ("5", "short", -5)])
def test_a_position_is_signed_by_its_side(qty: str, side: str, expected: int) -> None:
    fact = position_fact({"symbol": "SPY", "qty": qty, "side": side, "avg_entry_price": "10.005", "exchange": "MARS"})
    assert (fact.qty, fact.cost_units) == (expected, expected * 100050)


@pytest.mark.parametrize("value", ["NaN", None, "Infinity", ""])
def test_an_account_without_finite_money_is_unknown_and_never_empty(value: Any) -> None:
    sound = {"account_number": "A1", "status": "ACTIVE", "cash": "1", "equity": "1"}
    assert account_fact(sound).cash_units == 10_000
    with pytest.raises(WireFault):
        account_fact(sound | {"equity": value})


def test_cash_moves_and_fills_do_not_count_twice() -> None:
    assert cash_activity({"activity_type": "FILL", "id": "1", "net_amount": "5"}) is None
    fee = cash_activity({"activity_type": "FEE", "id": "2", "net_amount": "-0.02", "description": "TAF"})
    assert fee is not None
    assert (fee.amount_units, fee.note) == (-200, "TAF")


def test_the_clock_tells_a_simulation_from_a_market() -> None:
    real = {"timestamp": "2013-10-09T09:25:00-04:00", "is_open": False}
    assert clock_fact(real).speed is None
    assert clock_fact(real).now_ns == ns_from_text("2013-10-09T13:25:00Z")
    assert clock_fact(real | {"simulation": {"speed": 60, "step": False}}).speed == 60
    assert clock_fact(real | {"simulation": {"speed": 0, "step": True}}).speed == 0


@given(st.integers(0, 2**62))
def test_stamps_go_there_and_back(ts_ns: int) -> None:
    assert ns_from_text(text_from_ns(ts_ns)) == ts_ns


def test_one_base_url_serves_everything_and_paper_is_the_default() -> None:
    assert endpoints(None).trading_url == "https://paper-api.alpaca.markets"
    assert endpoints(None, "sip").data_stream_url == "wss://stream.data.alpaca.markets/v2/sip"
    here = endpoints("http://127.0.0.1:8080/")
    assert (here.data_url, here.trade_stream_url) == ("http://127.0.0.1:8080", "ws://127.0.0.1:8080/stream")
    for bad in ("ftp://x", "paper-api.alpaca.markets", "http://broker.example"):
        with pytest.raises(OperatorFault):
            endpoints(bad)


@pytest.mark.parametrize(
    ("live", "pinned", "account", "is_right"),
    [(True, "A1", "A1", True), (False, "A1", "A1", False), (True, None, "A1", False), (True, "A2", "A1", False)],
)
def test_real_money_needs_two_keys(live: bool, pinned: str | None, account: str, is_right: bool) -> None:
    where = endpoints("https://api.alpaca.markets")
    assert where.is_live
    if is_right:
        guard_live(where, live=live, pinned_account=pinned, account_number=account)
    else:
        with pytest.raises(OperatorFault):
            guard_live(where, live=live, pinned_account=pinned, account_number=account)


def test_live_on_a_paper_address_is_a_fault() -> None:
    with pytest.raises(OperatorFault):
        guard_live(endpoints(None), live=True, pinned_account="A1", account_number="A1")


def test_a_secret_never_shows() -> None:
    assert "hush" not in repr(Credentials("id-hush", "hush"))
