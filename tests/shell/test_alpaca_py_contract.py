"""The body that we POST is the one that alpaca-py's own TradingClient sends for the same order."""

from __future__ import annotations

from typing import Any

import pytest

from tests.shell.orders import BRACKET, intent
from tests.shell.wire_tap import tapped
from tradebot.core.domain.orders import OrderIntent, OrderKind, Role, Side
from tradebot.shell.broker.wire import order_body, replace_body

ORDERS = {
    "market": intent(),
    "market sell": intent(side=Side.SELL, qty=7),
    "limit": intent(kind=OrderKind.LIMIT, limit_units=1_658_900),
    "stop": intent(kind=OrderKind.STOP, stop_units=1_600_100, side=Side.SELL),
    "stop limit": intent(kind=OrderKind.STOP_LIMIT, stop_units=1_600_100, limit_units=1_599_000),
    "below a dollar": intent(kind=OrderKind.LIMIT, limit_units=1_234, time_in_force="gtc"),
    "bracket": intent(bracket=BRACKET),
    "oco": intent(kind=OrderKind.LIMIT, side=Side.SELL, role=Role.TARGET, bracket=BRACKET),
    "limit bracket": intent(kind=OrderKind.LIMIT, limit_units=1_650_000, bracket=BRACKET),
}


def as_alpaca_py_asks(order: OrderIntent) -> Any:
    from alpaca.trading import enums, requests

    common: dict[str, Any] = {
        "symbol": order.symbol,
        "qty": order.qty,
        "side": enums.OrderSide(order.side.value),
        "time_in_force": enums.TimeInForce(order.time_in_force),
        "client_order_id": order.client_order_id,
    }
    if order.bracket is not None:
        common |= {
            "order_class": enums.OrderClass(order.order_class),
            "take_profit": requests.TakeProfitRequest(limit_price=order.bracket.target_units / 10_000),
            "stop_loss": requests.StopLossRequest(stop_price=order.bracket.stop_units / 10_000),
        }
    limit, stop = order.limit_units / 10_000, order.stop_units / 10_000
    match order.kind:
        case OrderKind.MARKET:
            return requests.MarketOrderRequest(**common)
        case OrderKind.LIMIT:
            # An OCO's limit is its take_profit's.
            return requests.LimitOrderRequest(**common, limit_price=limit) if limit else requests.LimitOrderRequest(**common)
        case OrderKind.STOP:
            return requests.StopOrderRequest(**common, stop_price=stop)
        case OrderKind.STOP_LIMIT:
            return requests.StopLimitOrderRequest(**common, stop_price=stop, limit_price=limit)


@pytest.mark.parametrize("name", ORDERS)
def test_our_body_is_the_sdks_body(name: str) -> None:
    from alpaca.trading.client import TradingClient

    with tapped() as tap:
        tap.will("POST", "/v2/orders", (200, {}))
        client = TradingClient("k", "s", url_override=tap.url, raw_data=True)
        client.submit_order(as_alpaca_py_asks(ORDERS[name]))
        (sent,) = tap.bodies("POST", "/v2/orders")
    assert order_body(ORDERS[name]) == sent


@pytest.mark.parametrize("prices", [{"stop_units": 1_600_100}, {"limit_units": 1_700_000}, {"stop_units": 9_876, "limit_units": 9_800}])
def test_our_replacement_is_the_sdks(prices: dict[str, int]) -> None:
    from alpaca.trading import requests
    from alpaca.trading.client import TradingClient

    wanted = intent("scene-1-SPY-entry-protect2", replaces="61e69015-8549-4bfd-b9c3-01e75843f47d", **prices)
    usd = {name.replace("_units", "_price"): units / 10_000 for name, units in prices.items()}
    with tapped() as tap:
        tap.will("PATCH", f"/v2/orders/{wanted.replaces}", (200, {}))
        client = TradingClient("k", "s", url_override=tap.url, raw_data=True)
        change = requests.ReplaceOrderRequest(client_order_id=wanted.client_order_id, **usd)
        client.replace_order_by_id(wanted.replaces, change)
        (sent,) = tap.bodies("PATCH", f"/v2/orders/{wanted.replaces}")
    assert replace_body(wanted) == sent
