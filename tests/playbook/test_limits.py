"""Limits through the engine: what a minute asks for is counted in at once, and each refusal stands in the decision with its numbers."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.playbook.market import OPEN_NS, SESSIONS, SYMBOLS, Oracle, config, minute
from tradebot.core.domain.commands import Command, RecordDecision, SubmitOrder
from tradebot.core.domain.events import AccountReconciled, ModelPromoted, OrderRefused, UniverseSelected
from tradebot.core.domain.faults import OperatorFault
from tradebot.core.domain.orders import OrderIntent
from tradebot.core.engine import Engine
from tradebot.core.portfolio.sizing import SizingConfig


def engine(equity_fraction: float = 0.1, **limits: Any) -> Engine:
    rules = config()
    rules = replace(rules, limits=replace(rules.limits, **limits), sizing=SizingConfig(equity_fraction=equity_fraction, max_shares=0))
    model = Oracle()
    made = Engine(rules, SESSIONS, {model.model_id: model})
    made.handle(AccountReconciled(ts_event_ns=OPEN_NS - 10**9, account_number="PA1", cash_units=10**9, positions=()))
    made.handle(UniverseSelected(ts_event_ns=OPEN_NS - 10**9, symbols=SYMBOLS, reason="test"))
    made.handle(ModelPromoted(ts_event_ns=OPEN_NS - 10**9, model_id="oracle", manifest_sha256="", reason="test"))
    return made


def intents(commands: list[Command]) -> list[OrderIntent]:
    return [c.intent for c in commands if isinstance(c, SubmitOrder)]


def reasons(commands: list[Command]) -> tuple[str, ...]:
    (decision,) = [c.decision for c in commands if isinstance(c, RecordDecision)]
    return decision.reasons


@pytest.mark.parametrize(
    ("limits", "reason"),
    [
        ({"gross_usd_max": 20_000.0}, "gross_usd 20937.00 > 20000"),
        ({"leverage_max": 0.2}, "leverage 20937.00 > 0.2 times 100000.00"),
        ({"net_fraction_max": 0.2}, "net 20937.00 > 20.0% of 100000.00"),
        ({"sector_fraction_max": 0.2}, "sector 20937.00 > 20.0% of 100000.00"),
        ({"sector_fraction_max": 0.2, "sectors": {"AAA": "cars", "BBB": "cars"}}, "sector 20937.00 > 20.0% of 100000.00"),
        ({"group_fraction_max": 0.2}, "correlated group 20937.00 > 20.0% of 100000.00"),
        ({"group_fraction_max": 0.2, "groups": {"AAA": "one", "BBB": "one"}}, "correlated group 20937.00 > 20.0% of 100000.00"),
        ({"orders_per_minute_max": 1}, "orders in a minute 2 > 1"),
        ({"notional_usd_per_minute_max": 15_000.0}, "notional_usd in a minute 20937.00 > 15000"),
        ({"positions_max": 1}, "positions 1 >= 1"),
        ({"var_fraction_max": 0.02}, "VaR 2435.34 > 2.00% of 100000.00"),
        ({"historical_var_fraction_max": 0.02}, "historical VaR 2435.34 > 2.00% of 100000.00"),
    ],
)
def test_the_second_order_of_a_minute_is_held_against_the_first(limits: dict[str, Any], reason: str) -> None:
    """BBB at 80 dollars is the more convinced one: 125 shares, 10,500 at worst. AAA at 70: 142 shares, 10,437 at worst."""
    said = engine(**limits).handle(minute(0, {"AAA": 70, "BBB": 80}))
    assert [i.symbol for i in intents(said)] == ["BBB"]
    assert reasons(said) == (f"refused: {reason}", "enter")


@pytest.mark.parametrize(
    "limits",
    [
        {"sector_fraction_max": 0.2, "sectors": {"AAA": "cars"}},
        {"group_fraction_max": 0.2, "groups": {"AAA": "one", "BBB": "two"}},
        {"gross_usd_max": 21_000.0},
        {"orders_per_minute_max": 2},
    ],
)
def test_what_is_apart_or_within_passes(limits: dict[str, Any]) -> None:
    assert len(intents(engine(**limits).handle(minute(0, {"AAA": 70, "BBB": 80})))) == 2


def test_sizes_shrink_with_the_root_of_what_is_left() -> None:
    whole = engine(headroom_fraction_below=0.5, sector_fraction_max=0.2, sectors={"AAA": "a", "BBB": "b"})
    (first, second) = intents(whole.handle(minute(0, {"AAA": 70, "BBB": 80})))
    assert (first.qty, second.qty) == (125, 142), "all of each sector is left"
    near = engine(headroom_fraction_below=0.5, gross_usd_max=14_000.0)
    (only,) = intents(near.handle(minute(0, {"AAA": 70, "BBB": 80})))
    assert only.symbol == "BBB", "25 % of 14,000 is left: 142 * sqrt(0.25 / 0.5) = 100 shares, 7,350 dollars at worst, is too much still"
    room = engine(headroom_fraction_below=1.0, gross_usd_max=42_000.0)
    (first, second) = intents(room.handle(minute(0, {"AAA": 70, "BBB": 80})))
    assert (first.qty, second.qty) == (125, 122)  # 75 % is left: 142 * sqrt(0.75)


def test_a_symbol_rests_between_two_orders() -> None:
    trader = engine(symbol_interval_s_min=180.0)
    (intent,) = intents(trader.handle(minute(0, {"AAA": 70, "BBB": 10})))
    refused = OrderRefused(ts_event_ns=OPEN_NS + 61 * 10**9, client_order_id=intent.client_order_id, code=403, reason="no")
    trader.handle(refused)
    assert reasons(trader.handle(minute(2, {"AAA": 70, "BBB": 10})))[0] == "refused: the symbol's last order was 120 s ago < 180 s"
    assert reasons(trader.handle(minute(3, {"AAA": 70, "BBB": 10})))[0] == "enter"


def test_an_engine_by_limits_that_do_not_hold_is_not_armed() -> None:
    with pytest.raises(OperatorFault, match="trading is not armed: the limit order_too_large refuses a fine order"):
        engine(order_usd_max=0.0001)
