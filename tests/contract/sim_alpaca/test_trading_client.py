"""TradingClient, unmodified, against the simulated Alpaca."""

from __future__ import annotations

import datetime as dt
import uuid

import pytest
from alpaca.common.exceptions import APIError
from alpaca.trading.enums import ActivityType, AssetClass, OrderClass, OrderSide, OrderStatus, OrderType, QueryOrderStatus, TimeInForce
from alpaca.trading.models import AccountConfiguration, NonTradeActivity, Order, TradeActivity
from alpaca.trading.requests import (
    ClosePositionRequest,
    GetAssetsRequest,
    GetCalendarRequest,
    GetOrderByIdRequest,
    GetOrdersRequest,
    GetPortfolioHistoryRequest,
    LimitOrderRequest,
    MarketOrderRequest,
    ReplaceOrderRequest,
    StopLimitOrderRequest,
    StopLossRequest,
    StopOrderRequest,
    TakeProfitRequest,
    TrailingStopOrderRequest,
)

from tests.contract.sim_alpaca.conftest import MINUTE_NS, TRADED, Lab

DAY, GTC = TimeInForce.DAY, TimeInForce.GTC
BUY, SELL = OrderSide.BUY, OrderSide.SELL


def market(symbol: str = "HAND", qty: int = 10, side: OrderSide = BUY, **more: object) -> MarketOrderRequest:
    return MarketOrderRequest(symbol=symbol, qty=qty, side=side, time_in_force=DAY, **more)


def limit(price: float, qty: int = 10, side: OrderSide = BUY, **more: object) -> LimitOrderRequest:
    return LimitOrderRequest(symbol="HAND", qty=qty, side=side, time_in_force=more.pop("time_in_force", DAY), limit_price=price, **more)


def bracket(qty: int = 10, target: float = 102.0, stop: float = 98.0, **more: object) -> MarketOrderRequest:
    return market(
        qty=qty,
        order_class=OrderClass.BRACKET,
        take_profit=TakeProfitRequest(limit_price=target),
        stop_loss=StopLossRequest(stop_price=stop),
        **more,
    )


def nested(lab: Lab, order: Order) -> Order:
    return lab.trading.get_order_by_id(order.id, GetOrderByIdRequest(nested=True))


def refusal(call, *arguments) -> tuple[int, int, str]:  # type: ignore[no-untyped-def]
    with pytest.raises(APIError) as caught:
        call(*arguments)
    return caught.value.status_code, caught.value.code, caught.value.message


# ---- account, clock, calendar, assets


def test_account_starts_with_the_configured_cash(lab: Lab) -> None:
    account = lab.trading.get_account()
    assert (account.cash, account.equity, account.buying_power, account.multiplier) == ("100000", "100000", "400000", "4")
    assert account.pattern_day_trader is None and account.shorting_enabled


def test_account_settings_round_trip_and_bind(lab: Lab) -> None:
    settings = lab.trading.get_account_configurations()
    changed = AccountConfiguration(**{**settings.model_dump(), "suspend_trade": True})
    assert lab.trading.set_account_configurations(changed).suspend_trade
    assert refusal(lab.trading.submit_order, market()) == (403, 40310000, "new orders are rejected by user request")


def test_clock_follows_simulated_time(lab: Lab) -> None:
    clock = lab.trading.get_clock()
    assert clock.is_open and clock.timestamp.timestamp() == TRADED.open_ns / 1e9
    lab.to_close()
    clock = lab.trading.get_clock()
    assert not clock.is_open
    assert clock.next_open.isoformat() == "2013-10-09T09:30:00-04:00" and clock.next_close.isoformat() == "2013-10-09T16:00:00-04:00"
    assert lab.http.get("/v2/clock").json()["simulation"] == {"speed": 0.0, "step": True}


def test_calendar_lists_the_sessions(lab: Lab) -> None:
    days = lab.trading.get_calendar(GetCalendarRequest(start=dt.date(2013, 10, 8), end=dt.date(2013, 10, 9)))
    assert [day.date for day in days] == [dt.date(2013, 10, 8), dt.date(2013, 10, 9)]
    assert (days[0].open, days[0].close) == (dt.datetime(2013, 10, 8, 9, 30), dt.datetime(2013, 10, 8, 16, 0))
    assert len(lab.trading.get_calendar()) == 4


def test_assets_are_the_histories(lab: Lab) -> None:
    assets = lab.trading.get_all_assets(GetAssetsRequest(asset_class=AssetClass.US_EQUITY))
    assert [asset.symbol for asset in assets] == ["AIG", "BAC", "HAND", "IBM", "SPY"]
    assert lab.trading.get_asset("SPY").id == lab.trading.get_asset(str(assets[-1].id)).id
    assert refusal(lab.trading.get_asset, "NOPE") == (404, 40410000, "asset not found for NOPE")


# ---- orders


def test_market_order_fills_at_the_open_of_the_minute_it_arrives_in(lab: Lab) -> None:
    placed = lab.trading.submit_order(market(client_order_id="mine-1"))
    assert (placed.status, placed.filled_qty, placed.legs) == (OrderStatus.PENDING_NEW, "0", None)
    order = lab.trading.get_order_by_client_id("mine-1")
    assert (order.id, order.status, order.filled_qty) == (placed.id, OrderStatus.FILLED, "10")
    assert float(order.filled_avg_price) == 100.01  # the open and one basis point
    assert order.filled_at is not None and order.filled_at.timestamp() == TRADED.open_ns / 1e9
    assert float(lab.trading.get_account().cash) == 100_000 - 10 * 100.01


def test_limit_rests_until_the_path_reaches_it(lab: Lab) -> None:
    order = lab.trading.submit_order(limit(99.0))
    lab.minutes(60)
    assert lab.trading.get_order_by_id(order.id).status is OrderStatus.NEW
    lab.minutes(1)
    filled = lab.trading.get_order_by_id(order.id)
    assert (filled.status, filled.filled_avg_price) == (OrderStatus.FILLED, "99")


def test_bracket_legs_are_held_then_rest_and_one_fill_cancels_the_other(lab: Lab) -> None:
    placed = lab.trading.submit_order(bracket())
    assert [leg.status for leg in placed.legs or []] == [OrderStatus.HELD, OrderStatus.HELD]
    assert [(leg.order_type, leg.side) for leg in placed.legs or []] == [(OrderType.LIMIT, SELL), (OrderType.STOP, SELL)]
    resting = nested(lab, placed)
    assert [leg.status for leg in resting.legs or []] == [OrderStatus.NEW, OrderStatus.NEW]
    lab.minutes(31)
    done = nested(lab, placed)
    assert [leg.status for leg in done.legs or []] == [OrderStatus.FILLED, OrderStatus.CANCELED]
    assert (done.legs or [])[0].filled_avg_price == "102"
    assert lab.trading.get_all_positions() == []


def test_bracket_with_a_limit_entry_waits_and_parent_cancel_takes_the_legs(lab: Lab) -> None:
    legs = {"take_profit": TakeProfitRequest(limit_price=102), "stop_loss": StopLossRequest(stop_price=97, limit_price=96.5)}
    placed = lab.trading.submit_order(limit(98.5, order_class=OrderClass.BRACKET, **legs))
    lab.minutes(5)
    lab.trading.cancel_order_by_id(placed.id)
    done = nested(lab, placed)
    assert [done.status, *(leg.status for leg in done.legs or [])] == [OrderStatus.CANCELED] * 3


def test_cancelling_one_leg_cancels_its_sibling_and_frees_the_shares(lab: Lab) -> None:
    placed = lab.trading.submit_order(bracket())
    assert lab.trading.get_open_position("HAND").qty_available == "0"
    lab.trading.cancel_order_by_id((placed.legs or [])[1].id)
    assert [leg.status for leg in nested(lab, placed).legs or []] == [OrderStatus.CANCELED, OrderStatus.CANCELED]
    assert lab.trading.get_open_position("HAND").qty_available == "10"


def test_oco_is_target_parent_and_stop_child(lab: Lab) -> None:
    lab.trading.submit_order(market())
    oco = LimitOrderRequest(
        symbol="HAND",
        qty=10,
        side=SELL,
        time_in_force=GTC,
        order_class=OrderClass.OCO,
        take_profit=TakeProfitRequest(limit_price=105),
        stop_loss=StopLossRequest(stop_price=98),
    )
    placed = lab.trading.submit_order(oco)
    assert (placed.limit_price, [leg.stop_price for leg in placed.legs or []]) == ("105", ["98"])
    lab.minutes(61)
    done = nested(lab, placed)
    assert (done.status, [leg.status for leg in done.legs or []]) == (OrderStatus.CANCELED, [OrderStatus.FILLED])


def test_oto_adds_one_leg(lab: Lab) -> None:
    placed = lab.trading.submit_order(market(order_class=OrderClass.OTO, stop_loss=StopLossRequest(stop_price=98)))
    assert [leg.status for leg in nested(lab, placed).legs or []] == [OrderStatus.NEW]
    lab.minutes(61)
    assert [leg.status for leg in nested(lab, placed).legs or []] == [OrderStatus.FILLED]


def test_stop_stop_limit_and_trailing_stop(lab: Lab) -> None:
    lab.trading.submit_order(market(qty=30))
    common = {"symbol": "HAND", "qty": 10, "side": SELL, "time_in_force": DAY}
    stop = lab.trading.submit_order(StopOrderRequest(**common, stop_price=99.0))
    stop_limit = lab.trading.submit_order(StopLimitOrderRequest(**common, stop_price=99.0, limit_price=98.995 + 0.005))
    trailing = lab.trading.submit_order(TrailingStopOrderRequest(**common, trail_price=1.0))
    assert (trailing.trail_price, trailing.order_type) == ("1", OrderType.TRAILING_STOP)
    lab.minutes(31)  # the spike to 103 lifts the trailing stop to 102, which the way back hits
    assert float(lab.trading.get_order_by_id(trailing.id).filled_avg_price or 0) == pytest.approx(102 * 0.9999)
    lab.minutes(30)
    assert float(lab.trading.get_order_by_id(stop.id).filled_avg_price or 0) == pytest.approx(99 * 0.9999)
    assert lab.trading.get_order_by_id(stop_limit.id).filled_avg_price == "99"


def test_replace_gives_a_new_order_and_chains_the_two(lab: Lab) -> None:
    old = lab.trading.submit_order(limit(95.0))
    new = lab.trading.replace_order_by_id(old.id, ReplaceOrderRequest(qty=5, limit_price=96.0, client_order_id="second"))
    assert (new.qty, new.limit_price, new.replaces, new.client_order_id) == ("5", "96", old.id, "second")
    gone = lab.trading.get_order_by_id(old.id)
    assert (gone.status, gone.replaced_by) == (OrderStatus.REPLACED, new.id)
    same = ReplaceOrderRequest(limit_price=96.0)
    assert refusal(lab.trading.replace_order_by_id, new.id, same) == (422, 42210000, "order parameters are not changed")
    already = (422, 42210000, 'order is already in "replaced" state')
    assert refusal(lab.trading.replace_order_by_id, old.id, ReplaceOrderRequest(limit_price=97.0)) == already


def test_replaced_leg_stays_in_its_bracket(lab: Lab) -> None:
    placed = lab.trading.submit_order(bracket())
    new = lab.trading.replace_order_by_id((placed.legs or [])[1].id, ReplaceOrderRequest(stop_price=99.0))
    assert [leg.id for leg in nested(lab, placed).legs or []] == [(placed.legs or [])[0].id, new.id]
    lab.minutes(61)
    assert lab.trading.get_order_by_id(new.id).status is OrderStatus.CANCELED  # the target was first


def test_trailing_stop_replace(lab: Lab) -> None:
    lab.trading.submit_order(market())
    request = TrailingStopOrderRequest(symbol="HAND", qty=10, side=SELL, time_in_force=GTC, trail_percent=5)
    trailing = lab.trading.submit_order(request)
    new = lab.trading.replace_order_by_id(trailing.id, ReplaceOrderRequest(trail=2))
    assert (new.trail_percent, new.stop_price) == ("2", "98")


def test_cancel_one_and_all(lab: Lab) -> None:
    one, two = lab.trading.submit_order(limit(90.0)), lab.trading.submit_order(limit(91.0))
    lab.trading.cancel_order_by_id(one.id)
    assert refusal(lab.trading.cancel_order_by_id, one.id) == (422, 42210000, 'order is already in "canceled" state')
    outcomes = lab.trading.cancel_orders()
    assert [(o.id, o.status) for o in outcomes] == [(two.id, 200)]
    assert lab.http.delete("/v2/orders").status_code == 207
    assert lab.trading.get_orders() == []


def test_orders_page_by_time_and_by_id(lab: Lab) -> None:
    placed = []
    for n in range(5):
        placed.append(lab.trading.submit_order(limit(90.0 + n)))
        lab.minutes(1)
    newest = lab.trading.get_orders(GetOrdersRequest(limit=2))
    assert [o.id for o in newest] == [placed[4].id, placed[3].id]
    later = lab.trading.get_orders(GetOrdersRequest(after=placed[1].submitted_at, until=placed[4].submitted_at, direction="asc"))
    assert [o.id for o in later] == [placed[2].id, placed[3].id]
    older = lab.http.get("/v2/orders", params={"before_order_id": str(placed[2].id), "direction": "asc"}).json()
    assert [o["id"] for o in older] == [str(placed[0].id), str(placed[1].id)]
    assert len(lab.http.get("/v2/orders", params={"after_order_id": str(placed[2].id)}).json()) == 2
    assert lab.trading.get_orders(GetOrdersRequest(symbols=["SPY"])) == []
    assert len(lab.trading.get_orders(GetOrdersRequest(side=BUY, symbols=["HAND", "SPY"]))) == 5


def test_nested_list_rolls_legs_up_and_open_list_leaves_held_legs_out(lab: Lab) -> None:
    placed = lab.trading.submit_order(limit(95.0, **{k: v for k, v in bracket(target=102.0, stop=94.0).model_dump().items() if k in LEGS}))
    assert [o.id for o in lab.trading.get_orders()] == [placed.id]
    rolled = lab.trading.get_orders(GetOrdersRequest(status=QueryOrderStatus.ALL, nested=True))
    assert [(o.id, len(o.legs or [])) for o in rolled] == [(placed.id, 2)]
    assert len(lab.trading.get_orders(GetOrdersRequest(status=QueryOrderStatus.ALL))) == 3
    lab.to_close()
    closed = lab.trading.get_orders(GetOrdersRequest(status=QueryOrderStatus.CLOSED, nested=True))
    gone = [closed[0].status, *(leg.status for leg in closed[0].legs or [])]
    assert gone == [OrderStatus.EXPIRED, OrderStatus.CANCELED, OrderStatus.CANCELED]


LEGS = ("order_class", "take_profit", "stop_loss")


def test_orders_sent_off_hours_wait_for_the_open(night: Lab) -> None:
    placed = night.trading.submit_order(market())
    assert placed.status is OrderStatus.ACCEPTED
    cannot = (422, 42210000, "cannot replace order in accepted status")
    assert refusal(night.trading.replace_order_by_id, placed.id, ReplaceOrderRequest(qty=5)) == cannot
    night.advance_to(TRADED.open_ns)
    filled = night.trading.get_order_by_id(placed.id)
    assert (filled.status, filled.filled_avg_price) == (OrderStatus.FILLED, "100.01")


def test_day_orders_expire_at_the_close_and_gtc_orders_stay(lab: Lab) -> None:
    day, gtc = lab.trading.submit_order(limit(90.0)), lab.trading.submit_order(limit(91.0, time_in_force=GTC))
    lab.to_close()
    assert lab.trading.get_order_by_id(day.id).status is OrderStatus.EXPIRED
    assert lab.trading.get_order_by_id(gtc.id).status is OrderStatus.NEW


# ---- positions, activities, history


def test_position_and_closing_it_in_parts(lab: Lab) -> None:
    lab.trading.submit_order(market(qty=100))
    position = lab.trading.get_open_position("HAND")
    assert (position.qty, position.avg_entry_price, position.side.value, position.current_price) == ("100", "100.01", "long", "100")
    assert float(position.unrealized_pl or 0) == -1.0
    lab.trading.close_position("HAND", ClosePositionRequest(qty="30"))
    lab.trading.close_position("HAND", ClosePositionRequest(percentage="50"))
    assert lab.trading.get_open_position("HAND").qty == "35"
    lab.trading.close_position("HAND")
    assert refusal(lab.trading.get_open_position, "HAND") == (404, 40410000, "position does not exist")


def test_close_all_positions_with_their_orders(lab: Lab) -> None:
    lab.trading.submit_order(bracket())
    lab.trading.submit_order(market("SPY", 3))
    blocked = lab.http.delete("/v2/positions")
    assert blocked.status_code == 207
    assert [(row["symbol"], row["status"]) for row in blocked.json()] == [("HAND", 403), ("SPY", 200)]
    assert [r.status for r in lab.trading.close_all_positions(cancel_orders=True)] == [200]
    assert lab.trading.get_all_positions() == []


def test_short_position_shows_negative_quantity(lab: Lab) -> None:
    lab.trading.submit_order(market(side=SELL))
    position = lab.trading.get_open_position("HAND")
    assert (position.qty, position.side.value, position.qty_available) == ("-10", "short", "-10")
    lab.trading.close_position("HAND")
    assert lab.trading.get_all_positions() == []


def test_activities_list_fills_and_the_fee_of_the_day(lab: Lab) -> None:
    lab.trading.submit_order(market(qty=1000))
    lab.minutes(1)
    lab.trading.close_position("HAND")
    sold = 1000 * 99.99
    lab.to_close()
    rows = [TradeActivity(**row) for row in lab.trading.get("/account/activities/FILL")]
    assert [(row.side, row.qty, row.cum_qty, row.leaves_qty) for row in rows] == [(SELL, 1000, 1000, 0), (BUY, 1000, 1000, 0)]
    (fee,) = [NonTradeActivity(**row) for row in lab.trading.get("/account/activities", {"activity_types": "FEE"})]
    sec, taf = 1.74, 0.12  # 99,990 dollars at 17.40 a million, 1,000 shares at 0.000119, each up to a cent
    assert fee.activity_type is ActivityType.FEE and fee.net_amount == pytest.approx(-(sec + taf))
    assert float(lab.trading.get_account().cash) == pytest.approx(100_000 - 100_010 + sold + fee.net_amount)


def test_activities_page_by_token(lab: Lab) -> None:
    for _ in range(5):
        lab.trading.submit_order(market(qty=1))
        lab.minutes(1)
    seen: list[str] = []
    token = ""
    while page := lab.trading.get("/account/activities", {"page_size": 2, "direction": "asc", **({"page_token": token} if token else {})}):
        seen += [row["id"] for row in page]
        token = page[-1]["id"]
    assert len(seen) == len(set(seen)) == 5 and seen == sorted(seen)
    assert lab.trading.get("/account/activities", {"category": "non_trade_activity"}) == []


def test_portfolio_history(lab: Lab) -> None:
    lab.trading.submit_order(market(qty=100))
    lab.to_close()
    days = lab.trading.get_portfolio_history(GetPortfolioHistoryRequest(period="1M", timeframe="1D"))
    assert (days.timestamp, days.equity, days.base_value) == ([TRADED.close_ns // 10**9], [99_999.0], 100_000)
    minutes = lab.trading.get_portfolio_history(GetPortfolioHistoryRequest(period="1D", timeframe="15Min"))
    assert len(minutes.timestamp) == 27 and minutes.equity[0] == minutes.equity[-1] == 99_999.0


# ---- refusals


def test_refusals_carry_alpacas_codes(lab: Lab) -> None:
    submit = lab.trading.submit_order
    lab.trading.submit_order(limit(90.0, client_order_id="taken"))
    assert refusal(submit, limit(90.0, client_order_id="taken")) == (422, 40010001, "client_order_id must be unique")
    assert refusal(submit, market("NOPE")) == (422, 42210000, 'asset "NOPE" not found')
    assert refusal(submit, limit(90.0, client_order_id="x" * 129))[:2] == (422, 40010001)
    sub_penny = "invalid limit_price 90.005. sub-penny increment does not fulfill minimum pricing criteria"
    assert refusal(submit, limit(90.005)) == (422, 42210000, sub_penny)
    assert refusal(submit, market(qty=100_000)) == (403, 40310000, "insufficient buying power")
    assert refusal(submit, MarketOrderRequest(symbol="HAND", qty=1.5, side=BUY, time_in_force=DAY))[:2] == (403, 40310000)
    assert refusal(submit, MarketOrderRequest(symbol="HAND", notional=100, side=BUY, time_in_force=DAY))[:2] == (403, 40310000)
    above = (422, 42210000, "take_profit.limit_price must be >= base_price + 0.01")
    assert refusal(submit, bracket(target=100.0)) == above
    below = (422, 42210000, "stop_loss.stop_price must be <= base_price - 0.01")
    assert refusal(submit, bracket(stop=100.0)) == below
    missing = uuid.uuid4()
    assert refusal(lab.trading.get_order_by_id, missing) == (404, 40410000, f"order not found for {missing}")
    assert refusal(lab.trading.cancel_order_by_id, missing)[:2] == (404, 40410000)
    assert refusal(lab.trading.get_order_by_client_id, "nobody")[:2] == (404, 40410000)


def test_held_shares_and_wash_trades_are_refused(lab: Lab) -> None:
    placed = lab.trading.submit_order(bracket())
    with pytest.raises(APIError) as caught:
        lab.trading.submit_order(market(side=SELL))
    body = caught.value.response.json()
    assert (body["code"], body["available"], body["existing_qty"], body["held_for_orders"]) == (40310000, "0", "10", "10")
    assert body["related_orders"] == [str((placed.legs or [])[0].id)]
    lab.trading.submit_order(LimitOrderRequest(symbol="SPY", qty=1, side=BUY, time_in_force=DAY, limit_price=1.5))
    with pytest.raises(APIError) as caught:
        lab.trading.submit_order(market("SPY", 1, SELL))
    body = caught.value.response.json()
    assert (body["code"], body["reject_reason"]) == (40310000, "opposite side market/stop order exists")


def test_numbers_and_strings_both_reach_the_server(lab: Lab) -> None:
    body = {"symbol": "HAND", "qty": "3", "side": "buy", "type": "limit", "time_in_force": "day", "limit_price": "99.50"}
    assert lab.http.post("/v2/orders", json=body).json()["limit_price"] == "99.5"
    assert lab.http.post("/v2/orders", json=body | {"qty": 3, "limit_price": 99.5}).json()["qty"] == "3"
    assert lab.http.post("/v2/orders", content=b"{").status_code == 400
    assert lab.http.get("/v2/no-such-thing").json()["code"] == 40410000


def test_time_never_runs_backwards(lab: Lab) -> None:
    assert lab.http.post("/sim/advance", json={"until_ns": lab.simulator.now_ns - MINUTE_NS}).status_code == 422
