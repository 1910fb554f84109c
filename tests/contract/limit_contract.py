"""What every limit promises: it refuses what is beyond its bound, in words with the numbers, and lets the nearest order within it pass.

Answers are data, reckoned by hand: equity is 100,000 dollars, the order 10 shares at 50 dollars, at worst 52 (a collar of 4 %), 520 in all.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

from tradebot.core.risk.limits.catalogue import Limit
from tradebot.core.risk.limits.config import LimitsConfig, rules_of
from tradebot.core.risk.limits.numbers import Asked, Seen

CONFIG = LimitsConfig(
    positions_max=10,
    order_usd_max=1000.0,
    daily_loss_fraction_max=0.02,
    order_shares_max=15,
    price_usd_min=20.0,
    price_usd_max=60.0,
    position_fraction_max=0.2,
    sector_fraction_max=0.4,
    group_fraction_max=0.6,
    gross_usd_max=150_000.0,
    net_fraction_max=1.2,
    leverage_max=1.4,
    buying_power_multiple=2.0,
    cash_borrowed_fraction_max=0.5,
    var_fraction_max=0.02,
    historical_var_fraction_max=0.03,
    drawdown_fraction_max=0.1,
    orders_per_minute_max=5,
    notional_usd_per_minute_max=2000.0,
    symbol_interval_s_min=120.0,
    price_collar_fraction=0.04,
    data_age_s_max=30.0,
    headroom_fraction_below=0.5,
)
RULES = rules_of(CONFIG)
ORDER = Asked(qty=10, sign=1, price_units=500_000, limit_units=0, worst_units=520_000)
FINE = Seen(
    positions=9, free_cash_units=10**9, buying_power_units=10**9, equity_units=10**9, day_start_equity_units=10**9,
    high_water_units=10**9, symbol_units=0, gross_units=0, net_units=0, sector_units=0, group_units=0, var_units=0.0,
    historical_var_units=0.0, orders_in_minute=4, notional_in_minute_units=0, symbol_idle_ns=120 * 10**9, anchor_units=500_000,
    data_age_ns=30 * 10**9, session_left_ns=1, status=0, same_open=0, crossing=0, available_qty=10,
)  # fmt: skip


class Case(NamedTuple):
    """Changes to the fine order and its world, and what the limit then says, "" where it lets it pass."""

    changes: dict[str, Any]
    says: str


def asked_and_seen(changes: dict[str, Any]) -> tuple[Asked, Seen]:
    """The fine order and its world with these changes."""
    order = {k: v for k, v in changes.items() if k in Asked._fields}
    world = {k: v for k, v in changes.items() if k in Seen._fields}
    assert len(order) + len(world) == len(changes), changes
    return Asked(**(ORDER._asdict() | order)), Seen(**(FINE._asdict() | world))


SHORT = {"sign": -1}
CASES: dict[str, list[Case]] = {
    "no_shares": [
        Case({"qty": 0}, "size rounds to 0 shares"),
        Case({"qty": -5}, "size rounds to -5 shares"),
        Case({"qty": 1}, ""),
    ],
    "impossible_numbers": [
        Case({"price_units": 0}, "impossible numbers: 10 shares at 0.00, at worst 52.00, with equity 100000.00"),
        Case({"price_units": -1}, "impossible numbers: 10 shares at -0.0001, at worst 52.00, with equity 100000.00"),
        Case({"worst_units": 0}, "impossible numbers: 10 shares at 50.00, at worst 0.00, with equity 100000.00"),
        Case({"price_units": 1, "worst_units": 1}, ""),
        Case({"price_units": 10**10, "worst_units": 10**10}, ""),
        Case({"price_units": 10**10 + 1}, "impossible numbers: 10 shares at 1000000.0001, at worst 52.00, with equity 100000.00"),
        Case({"worst_units": 10**10 + 1}, "impossible numbers: 10 shares at 50.00, at worst 1000000.0001, with equity 100000.00"),
        Case({"qty": 10**8}, ""),
        Case({"qty": 10**8 + 1}, "impossible numbers: 100000001 shares at 50.00, at worst 52.00, with equity 100000.00"),
        Case({"qty": 2**62}, "impossible numbers: 4611686018427387904 shares at 50.00, at worst 52.00, with equity 100000.00"),
        Case({"equity_units": 1}, ""),
        Case({"equity_units": 0}, "impossible numbers: 10 shares at 50.00, at worst 52.00, with equity 0.00"),
        Case({"equity_units": -1}, "impossible numbers: 10 shares at 50.00, at worst 52.00, with equity -0.0001"),
        Case({"sign": -1}, ""),
        Case({"sign": 0}, "impossible numbers: 10 shares at 50.00, at worst 52.00, with equity 100000.00"),
        Case({"sign": 2}, "impossible numbers: 10 shares at 50.00, at worst 52.00, with equity 100000.00"),
    ],
    "too_many_positions": [
        Case({"positions": 9}, ""),
        Case({"positions": 10}, "positions 10 >= 10"),
        Case({"positions": 11}, "positions 11 >= 10"),
    ],
    "order_too_large": [
        Case({"worst_units": 1_000_000}, ""),
        Case({"worst_units": 1_000_001}, "order_usd 1000.001 > 1000"),
        Case({"qty": 20}, "order_usd 1040.00 > 1000"),
    ],
    "too_many_shares": [Case({"qty": 15}, ""), Case({"qty": 16}, "order shares 16 > 15")],
    "not_enough_cash": [
        Case({"free_cash_units": 5_200_000 - 500_000_000}, ""),
        Case({"free_cash_units": 5_200_000 - 500_000_001}, "cash -49480.0001 and 50% of equity < 520.00"),
        Case({"free_cash_units": 5_200_000 - 500_000_001} | SHORT, ""),
        Case({"free_cash_units": 5_200_000 - 500_000_001, "sign": 0}, ""),
        Case({"free_cash_units": 0, "equity_units": 0}, "cash 0.00 and 50% of equity < 520.00"),
    ],
    "not_enough_buying_power": [
        Case({"buying_power_units": 5_200_000}, ""),
        Case({"buying_power_units": 5_199_999}, "buying power 519.9999 < 520.00"),
        Case({"buying_power_units": -1}, "buying power -0.0001 < 520.00"),
    ],
    "day_lost_too_much": [
        Case({"equity_units": 980_000_001}, ""),
        Case({"equity_units": 980_000_000}, "day loss 2000.00 >= 2.0% of 100000.00"),
        Case({"equity_units": 2 * 10**9}, ""),
        Case({"equity_units": 0, "day_start_equity_units": 0}, "day loss 0.00 >= 2.0% of 0.00"),
    ],
    "drawdown_too_deep": [
        Case({"equity_units": 900_000_001}, ""),
        Case({"equity_units": 900_000_000}, "drawdown 10000.00 >= 10.0% of 100000.00"),
        Case({"equity_units": 900_000_000, "high_water_units": 0}, ""),
        Case({"equity_units": -1, "high_water_units": 0}, ""),
        Case({"equity_units": 1, "high_water_units": 1}, ""),
        Case({"equity_units": 0, "high_water_units": 1}, "drawdown 0.0001 >= 10.0% of 0.0001"),
        Case({"equity_units": 10**9, "high_water_units": -1}, ""),
        Case({"equity_units": -2, "high_water_units": -1}, "drawdown 0.0001 >= 10.0% of -0.0001"),
    ],
    "position_too_large": [
        Case({"symbol_units": 194_800_000}, ""),
        Case({"symbol_units": 194_800_001}, "position 20000.0001 > 20.0% of 100000.00"),
        Case({"symbol_units": -194_800_000} | SHORT, ""),
        Case({"symbol_units": -194_800_001} | SHORT, "position 20000.0001 > 20.0% of 100000.00"),
        Case({"symbol_units": -205_200_000}, ""),
        Case({"symbol_units": -205_200_001}, "position 20000.0001 > 20.0% of 100000.00"),
        Case({"equity_units": 0}, "position 520.00 > 20.0% of 0.00"),
    ],
    "sector_too_large": [
        Case({"sector_units": 394_800_000}, ""),
        Case({"sector_units": 394_800_001}, "sector 40000.0001 > 40.0% of 100000.00"),
        Case({"sector_units": 394_800_001} | SHORT, "sector 40000.0001 > 40.0% of 100000.00"),
    ],
    "group_too_large": [
        Case({"group_units": 594_800_000}, ""),
        Case({"group_units": 594_800_001}, "correlated group 60000.0001 > 60.0% of 100000.00"),
        Case({"group_units": 594_800_001} | SHORT, "correlated group 60000.0001 > 60.0% of 100000.00"),
    ],
    "gross_too_large": [
        Case({"gross_units": 1_494_800_000}, ""),
        Case({"gross_units": 1_494_800_001}, "gross_usd 150000.0001 > 150000"),
        Case({"gross_units": 1_494_800_001} | SHORT, "gross_usd 150000.0001 > 150000"),
    ],
    "net_too_large": [
        Case({"net_units": 1_194_800_000}, ""),
        Case({"net_units": 1_194_800_001}, "net 120000.0001 > 120.0% of 100000.00"),
        Case({"net_units": -1_194_800_000} | SHORT, ""),
        Case({"net_units": -1_194_800_001} | SHORT, "net 120000.0001 > 120.0% of 100000.00"),
        Case({"net_units": -1_205_200_001}, "net 120000.0001 > 120.0% of 100000.00"),
    ],
    "leverage_too_high": [
        Case({"gross_units": 1_394_800_000}, ""),
        Case({"gross_units": 1_394_800_001}, "leverage 140000.0001 > 1.4 times 100000.00"),
        Case({"gross_units": 1_394_800_001} | SHORT, "leverage 140000.0001 > 1.4 times 100000.00"),
    ],
    "var_too_high": [
        Case({"var_units": 2e7}, ""),
        Case({"var_units": math.nextafter(2e7, math.inf)}, "VaR 2000.00 > 2.00% of 100000.00"),
        Case({"var_units": math.nan}, "VaR unknown > 2.00% of 100000.00"),
        Case({"var_units": math.inf}, "VaR unknown > 2.00% of 100000.00"),
    ],
    "historical_var_too_high": [
        Case({"historical_var_units": 3e7}, ""),
        Case({"historical_var_units": math.nextafter(3e7, math.inf)}, "historical VaR 3000.00 > 3.00% of 100000.00"),
        Case({"historical_var_units": math.nan}, "historical VaR unknown > 3.00% of 100000.00"),
    ],
    "too_many_orders": [
        Case({"orders_in_minute": 4}, ""),
        Case({"orders_in_minute": 5}, "orders in a minute 6 > 5"),
        Case({"orders_in_minute": 0}, ""),
    ],
    "too_much_in_minute": [
        Case({"notional_in_minute_units": 14_800_000}, ""),
        Case({"notional_in_minute_units": 14_800_001}, "notional_usd in a minute 2000.0001 > 2000"),
    ],
    "symbol_too_soon": [
        Case({"symbol_idle_ns": 120 * 10**9}, ""),
        Case({"symbol_idle_ns": 120 * 10**9 - 1}, "the symbol's last order was 120 s ago < 120 s"),
        Case({"symbol_idle_ns": 2 * 10**9}, "the symbol's last order was 2 s ago < 120 s"),
        Case({"symbol_idle_ns": -1}, "the symbol's last order was -1e-09 s ago < 120 s"),
    ],
    "price_too_low": [Case({"price_units": 200_000}, ""), Case({"price_units": 199_999}, "price 19.9999 < 20")],
    "price_too_high": [Case({"price_units": 600_000}, ""), Case({"price_units": 600_001}, "price 60.0001 > 60")],
    "outside_collar": [
        Case({"price_units": 520_000}, ""),
        Case({"price_units": 480_000}, ""),
        Case({"price_units": 520_001}, "price 52.0001 is more than 4.0% from 50.00"),
        Case({"price_units": 479_999}, "price 47.9999 is more than 4.0% from 50.00"),
        Case({"limit_units": 520_000}, ""),
        Case({"limit_units": 480_000}, ""),
        Case({"limit_units": 520_001}, "price 50.00, limit 52.0001, is more than 4.0% from 50.00"),
        Case({"limit_units": 479_999}, "price 50.00, limit 47.9999, is more than 4.0% from 50.00"),
        Case({"limit_units": -1}, "price 50.00, limit -0.0001, is more than 4.0% from 50.00"),
        Case({"limit_units": 1}, "price 50.00, limit 0.0001, is more than 4.0% from 50.00"),
        Case({"anchor_units": 0, "price_units": 0}, "price 0.00 is more than 4.0% from 0.00"),
        Case({"anchor_units": -500_000, "price_units": -500_000}, "price -50.00 is more than 4.0% from -50.00"),
        Case({"anchor_units": 1, "price_units": 1}, ""),
    ],
    "data_too_old": [
        Case({"data_age_ns": 30 * 10**9}, ""),
        Case({"data_age_ns": 30 * 10**9 + 1}, "data is 30 s old > 30 s"),
        Case({"data_age_ns": 0}, ""),
        Case({"data_age_ns": -1}, "data is -1e-09 s old > 30 s"),
    ],
    "outside_session": [
        Case({"session_left_ns": 1}, ""),
        Case({"session_left_ns": 0}, "outside the session: 0 s left"),
        Case({"session_left_ns": -(10**9)}, "outside the session: -1 s left"),
    ],
    "not_tradable": [
        Case({"status": 0}, ""),
        Case({"status": 0} | SHORT, ""),
        Case({"status": 1}, "the symbol is halted (status 1)"),
        Case({"status": 2}, "the symbol is not tradable (status 2)"),
        Case({"status": 3}, ""),
        Case({"status": 3} | SHORT, "the symbol is not shortable (status 3)"),
        Case({"status": 3, "sign": 0}, "the symbol is not shortable (status 3)"),
        Case({"status": 4}, "the symbol is of unknown status (status 4)"),
        Case({"status": -1}, "the symbol is of unknown status (status -1)"),
    ],
    "done_already": [
        Case({"same_open": 0}, ""),
        Case({"same_open": 1}, "duplicate: 1 open orders of the same symbol and side"),
        Case({"same_open": 2}, "duplicate: 2 open orders of the same symbol and side"),
    ],
    "washes": [
        Case({"crossing": 0}, ""),
        Case({"crossing": 1}, "wash trade: 1 open orders of ours on the other side"),
        Case({"crossing": 2}, "wash trade: 2 open orders of ours on the other side"),
    ],
    "not_enough_shares": [
        Case({"available_qty": 10}, ""),
        Case({"available_qty": 9}, "shares 10 > 9 available"),
    ],
}


def faults_of(limit: Limit) -> list[str]:
    """What a limit does otherwise than it promises; [] for a good one."""
    faults = [] if not limit(ORDER, FINE, RULES) else ["refuses a fine order"]
    for case in CASES[limit.name]:
        told = limit(*asked_and_seen(case.changes), RULES)
        if told != case.says:
            faults.append(f"{limit.name} {case.changes}: {told!r}, not {case.says!r}")
    return faults
