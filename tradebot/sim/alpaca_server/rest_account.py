"""Account routes: the account itself, its settings, activities and portfolio history (WIRE.md sections 2 and 2.1)."""

from __future__ import annotations

import datetime as dt
import uuid

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tradebot.core.domain.units import NS_PER_S
from tradebot.sim.alpaca_server.past import equity_history
from tradebot.sim.alpaca_server.state import Simulator
from tradebot.sim.alpaca_server.wire import INVALID, answer, money, parse_time, read_body, refuse, rfc3339
from tradebot.sim.venue_limits import MARGIN_EQUITY_UNITS
from tradebot.sim.venue_orders import Activity

ACCOUNT_ID = str(uuid.uuid5(uuid.NAMESPACE_URL, "tradebot-simulated-account"))
ACCOUNT_NUMBER = "SIM000000001"
UNKNOWN_STATUS = "ACCOUNT_CLOSED_PENDING"  # documented, and missing from the SDK's enum
PAGE_MAX = 100


def _simulator(request: Request) -> Simulator:
    simulator: Simulator = request.app.state.simulator
    return simulator


async def account(request: Request) -> Response:
    simulator = _simulator(request)
    venue = simulator.venue
    equity = venue.equity_units
    values = {symbol: held.qty * venue.price_units(symbol) for symbol, held in venue.positions.items()}
    long_value, short_value = sum(v for v in values.values() if v > 0), sum(v for v in values.values() if v < 0)
    exposure = long_value - short_value
    last_equity = venue.closes[-1].equity_units if venue.closes else round(venue.config.cash_usd * 10_000)
    strange = simulator.faults.take("unknown_enum", where="account") is not None
    body = {
        "id": ACCOUNT_ID,
        "account_number": ACCOUNT_NUMBER,
        "status": UNKNOWN_STATUS if strange else "ACTIVE",
        "currency": "USD",
        "cash": money(venue.cash_units),
        "equity": money(equity),
        "last_equity": money(last_equity),
        "portfolio_value": money(equity),
        "buying_power": money(venue.buying_power_units),
        "regt_buying_power": money(max(min(2, venue.multiplier) * equity - exposure, 0)),
        "non_marginable_buying_power": money(max(venue.cash_units, 0)),
        "long_market_value": money(long_value),
        "short_market_value": money(short_value),
        "initial_margin": money(exposure // 2),
        "maintenance_margin": money(exposure * 3 // 10),
        "last_maintenance_margin": "0",
        "sma": money(max(equity, 0)),
        "multiplier": str(venue.multiplier),
        "shorting_enabled": equity >= MARGIN_EQUITY_UNITS and not venue.rules.no_shorting,
        "trading_blocked": False,
        "transfers_blocked": False,
        "account_blocked": False,
        "trade_suspended_by_user": venue.rules.suspend_trade,
        "accrued_fees": money(venue.accrued_fee_units),
        "pending_transfer_in": "0",
        "pending_transfer_out": "0",
        "balance_asof": _date(simulator.now_ns),
        "created_at": rfc3339(simulator.start_ns),
    }
    return answer(body)


async def settings(request: Request) -> Response:
    return answer(_simulator(request).account_settings)


async def change_settings(request: Request) -> Response:
    simulator = _simulator(request)
    given = {name: value for name, value in (await read_body(request)).items() if value is not None}
    multiplier = given.get("max_margin_multiplier", simulator.account_settings["max_margin_multiplier"])
    if str(multiplier) not in ("1", "2", "4"):
        raise refuse(422, INVALID, f"invalid max_margin_multiplier: {multiplier}")
    simulator.account_settings |= {name: value for name, value in given.items() if name in simulator.account_settings}
    rules = simulator.venue.rules
    rules.suspend_trade = bool(simulator.account_settings["suspend_trade"])
    rules.no_shorting = bool(simulator.account_settings["no_shorting"])
    rules.multiplier_max = int(str(multiplier))
    return answer(simulator.account_settings)


async def activities(request: Request) -> Response:
    """Newest first unless `direction=asc`; the page token is the last id of the page before."""
    simulator, query = _simulator(request), request.query_params
    kinds = request.path_params.get("kind") or query.get("activity_types") or ""
    wanted = set(kinds.split(",")) if kinds else set()
    category = query.get("category")
    found = [
        a
        for a in simulator.venue.activities
        if (not wanted or a.kind in wanted) and category in (None, "", "trade_activity" if a.kind == "FILL" else "non_trade_activity")
    ]
    if day := query.get("date"):
        first, last = parse_time(day[:10]), parse_time(day[:10], end_of_day=True)
        found = [a for a in found if first <= a.ts_ns <= last]
    if after := query.get("after"):
        after_ns = parse_time(after)
        found = [a for a in found if a.ts_ns > after_ns]
    if until := query.get("until"):
        until_ns = parse_time(until, end_of_day=True)
        found = [a for a in found if a.ts_ns < until_ns]
    if query.get("direction", "desc") != "asc":
        found.reverse()
    if token := query.get("page_token"):
        at = next((n for n, a in enumerate(found) if a.id == token), None)
        if at is None:
            raise refuse(422, INVALID, "invalid page_token")
        found = found[at + 1 :]
    size = query.get("page_size") or str(PAGE_MAX)
    if not size.isdigit() or not 0 < int(size) <= PAGE_MAX:
        raise refuse(422, INVALID, f"page_size must be between 1 and {PAGE_MAX}")
    return answer([activity_json(a) for a in found[: int(size)]])


def activity_json(activity: Activity) -> dict[str, object]:
    order = activity.order
    if order is None:
        return {
            "id": activity.id,
            "account_id": ACCOUNT_ID,
            "activity_type": activity.kind,
            "date": _date(activity.ts_ns),
            "net_amount": money(activity.net_units),
            "description": activity.description,
            "status": "executed",
        }
    return {
        "id": activity.id,
        "account_id": ACCOUNT_ID,
        "activity_type": activity.kind,
        "transaction_time": rfc3339(activity.ts_ns),
        "type": "fill" if order.remaining == 0 else "partial_fill",
        "price": money(activity.price_units),
        "qty": str(activity.qty),
        "side": str(order.side),
        "symbol": order.symbol,
        "leaves_qty": str(order.remaining),
        "order_id": order.id,
        "cum_qty": str(order.filled_qty),
        "order_status": str(order.status),
    }


async def portfolio_history(request: Request) -> Response:
    simulator, query = _simulator(request), request.query_params
    try:
        return answer(
            equity_history(
                simulator,
                period=query.get("period") or "",
                timeframe=query.get("timeframe") or "",
                start_ns=parse_time(query["start"]) if query.get("start") else None,
                end_ns=parse_time(query["end"], end_of_day=True) if query.get("end") else None,
            )
        )
    except ValueError as error:
        raise refuse(422, INVALID, str(error)) from error


def _date(ts_ns: int) -> str:
    return dt.datetime.fromtimestamp(ts_ns // NS_PER_S, dt.UTC).strftime("%Y-%m-%d")


ROUTES = [
    Route("/v2/account", account, methods=["GET"]),
    Route("/v2/account/configurations", settings, methods=["GET"]),
    Route("/v2/account/configurations", change_settings, methods=["PATCH"]),
    Route("/v2/account/activities", activities, methods=["GET"]),
    Route("/v2/account/activities/{kind}", activities, methods=["GET"]),
    Route("/v2/account/portfolio/history", portfolio_history, methods=["GET"]),
]
