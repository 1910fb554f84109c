"""What is remembered of orders: live or not, news or not, in doubt or not."""

from __future__ import annotations

from datetime import date

from tradebot.core.domain.commands import SubmitOrder
from tradebot.core.domain.events import OrderReported, Tick, TickKind
from tradebot.core.domain.orders import OrderIntent, OrderKind, OrderReport, OrderStatus, Role, Side
from tradebot.shell.broker.live_orders import LiveOrders


def report(broker_id: str, status: OrderStatus, *legs: OrderReport, filled: int = 0) -> OrderReport:
    return OrderReport(broker_id, f"c-{broker_id}", "SPY", Side.BUY, OrderKind.MARKET, status, 5, filled, filled * 100, 1, legs=legs)


def told(live: LiveOrders, *reports: OrderReport) -> LiveOrders:
    for one in reports:
        live.observe(OrderReported(ts_event_ns=1, report=one), [])
    return live


def intended(live: LiveOrders) -> None:
    intent = OrderIntent("c-entry", "d", "SPY", Side.BUY, 5, Role.ENTRY, "", 1, 77)
    live.observe(Tick(ts_event_ns=1, kind=TickKind.SESSION_OPEN, session=date(2013, 10, 9), due_ns=1), [SubmitOrder(intent)])


def test_an_order_is_live_from_its_intent_until_its_last_leg_has_ended() -> None:
    live = LiveOrders()
    assert not live.any_live
    intended(live)
    assert live.any_live
    stop, target = report("stop", OrderStatus.HELD), report("target", OrderStatus.NEW)
    told(live, report("entry", OrderStatus.FILLED, stop, target, filled=5))
    assert live.roots() == ("entry",)
    assert live.oldest_ns() == 77
    told(live, report("target", OrderStatus.FILLED, filled=5))
    assert live.any_live
    assert live.raises_doubt(report("target", OrderStatus.FILLED, filled=5))
    told(live, report("stop", OrderStatus.CANCELED))
    assert not live.any_live


def test_only_what_differs_is_news() -> None:
    live = told(LiveOrders(), report("entry", OrderStatus.FILLED, report("stop", OrderStatus.HELD), filled=5))
    assert not live.is_news(report("entry", OrderStatus.FILLED, report("stop", OrderStatus.HELD), filled=5))
    assert live.is_news(report("entry", OrderStatus.FILLED, report("stop", OrderStatus.NEW), filled=5))
    assert live.is_news(report("other", OrderStatus.NEW))


def test_an_order_of_somebody_else_has_no_known_age() -> None:
    live = told(LiveOrders(), report("manual", OrderStatus.NEW))
    assert live.roots() == ("manual",)
    assert live.oldest_ns() is None


def test_a_sessions_close_forgets_what_ended_and_keeps_what_lives() -> None:
    live = told(LiveOrders(), report("old", OrderStatus.FILLED, filled=5))
    told(live, report("entry", OrderStatus.FILLED, report("stop", OrderStatus.NEW), filled=5))
    live.observe(Tick(ts_event_ns=2, kind=TickKind.SESSION_CLOSE, session=date(2013, 10, 9), due_ns=2), [])
    assert live.roots() == ("entry",)
    assert live.is_news(report("old", OrderStatus.FILLED, filled=5))
    assert not live.is_news(report("stop", OrderStatus.NEW))
