"""Before trading is armed every limit must refuse an order crafted for it, and let its nearest neighbour pass.

The orders are crafted from the profile's own figures: one unit, one share or one nanosecond beyond each bound.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Final, NamedTuple

from tradebot.core.domain.faults import OperatorFault
from tradebot.core.risk.limits.catalogue import LIMITS, Limit
from tradebot.core.risk.limits.config import LimitsConfig, rules_of
from tradebot.core.risk.limits.numbers import HALTED, LONG_AGO_NS, NO_STATUS, Asked, Rules, Seen, worst_units

EQUITY: Final = 10**14  # ten billion dollars, so that parts of it are exact
_ANCHOR: Final = 10**6


class Edge(NamedTuple):
    """An order that a limit must refuse, and the nearest that it must not."""

    refused: tuple[Asked, Seen]
    passed: tuple[Asked, Seen]


def fine_order(rules: Rules) -> tuple[Asked, Seen]:
    """One share bought in an empty portfolio at a price within the profile's band: no limit minds."""
    price = max(math.ceil(rules.price_units_min), 100)
    asked = Asked(qty=1, sign=1, price_units=price, limit_units=0, worst_units=worst_units(price, 0, 1, rules.price_collar_fraction))
    seen = Seen(
        positions=0,
        free_cash_units=EQUITY,
        buying_power_units=EQUITY,
        equity_units=EQUITY,
        day_start_equity_units=EQUITY,
        high_water_units=EQUITY,
        symbol_units=0,
        gross_units=0,
        net_units=0,
        sector_units=0,
        group_units=0,
        var_units=0.0,
        historical_var_units=0.0,
        orders_in_minute=0,
        notional_in_minute_units=0,
        symbol_idle_ns=LONG_AGO_NS,
        anchor_units=price,
        data_age_ns=0,
        session_left_ns=1,
        status=NO_STATUS,
        same_open=0,
        crossing=0,
        available_qty=1,
    )
    return asked, seen


def edges(rules: Rules) -> Mapping[str, Edge | None]:
    """The crafted orders of each limit by its name; None for one that the profile has switched off."""
    asked, seen = fine_order(rules)
    worst = asked.worst_units

    def order(refused: dict[str, int], passed: dict[str, int]) -> Edge:
        return Edge((asked._replace(**refused), seen), (asked._replace(**passed), seen))

    def world(name: str, refused: int, passed: int) -> Edge:
        return Edge((asked, seen._replace(**{name: refused})), (asked, seen._replace(**{name: passed})))

    def room(name: str, bound: float) -> Edge | None:
        return world(name, math.floor(bound) + 1 - worst, math.floor(bound) - worst) if bound < math.inf else None

    def loss(name: str, fraction: float) -> Edge | None:
        if fraction == math.inf:
            return None
        lost = math.ceil(fraction * EQUITY)
        begun = seen._replace(day_start_equity_units=EQUITY, high_water_units=EQUITY)
        spared = {"day_start_equity_units": 1, "high_water_units": 0}
        spared.pop(name)
        begun = begun._replace(**spared)
        return Edge((asked, begun._replace(equity_units=EQUITY - lost)), (asked, begun._replace(equity_units=EQUITY - lost + 1)))

    def risk(name: str, fraction: float) -> Edge | None:
        if fraction == math.inf:
            return None
        most = {name: fraction * EQUITY}
        beyond = {name: math.nextafter(most[name], math.inf)}
        return Edge((asked, Seen(**(seen._asdict() | beyond))), (asked, Seen(**(seen._asdict() | most))))

    def above(name: str, bound: float) -> Edge | None:
        return order({name: math.floor(bound) + 1}, {name: math.floor(bound)}) if bound < math.inf else None

    lent, reach = math.floor(rules.cash_borrowed_fraction_max * EQUITY), math.floor(rules.price_collar_fraction * _ANCHOR)
    idle, oldest = math.ceil(rules.symbol_interval_ns_min), math.floor(rules.data_age_ns_max)
    low, many = math.ceil(rules.price_units_min), math.floor(min(rules.orders_per_minute_max, 1e9))
    anchored = seen._replace(anchor_units=_ANCHOR)
    return {
        "no_shares": order({"qty": 0}, {}),
        "impossible_numbers": order({"price_units": 0}, {}),
        "too_many_positions": world("positions", rules.positions_max, rules.positions_max - 1),
        "order_too_large": above("worst_units", rules.order_units_max),
        "too_many_shares": above("qty", rules.order_shares_max),
        "not_enough_cash": world("free_cash_units", worst - lent - 1, worst - lent),
        "not_enough_buying_power": world("buying_power_units", worst - 1, worst),
        "day_lost_too_much": loss("day_start_equity_units", rules.daily_loss_fraction_max),
        "drawdown_too_deep": loss("high_water_units", rules.drawdown_fraction_max),
        "position_too_large": room("symbol_units", rules.position_fraction_max * EQUITY),
        "sector_too_large": room("sector_units", rules.sector_fraction_max * EQUITY),
        "group_too_large": room("group_units", rules.group_fraction_max * EQUITY),
        "gross_too_large": room("gross_units", rules.gross_units_max),
        "net_too_large": room("net_units", rules.net_fraction_max * EQUITY),
        "leverage_too_high": room("gross_units", rules.leverage_max * EQUITY),
        "var_too_high": risk("var_units", rules.var_fraction_max),
        "historical_var_too_high": risk("historical_var_units", rules.historical_var_fraction_max),
        "too_many_orders": world("orders_in_minute", many, many - 1) if rules.orders_per_minute_max < math.inf else None,
        "too_much_in_minute": room("notional_in_minute_units", rules.notional_units_per_minute_max),
        "symbol_too_soon": world("symbol_idle_ns", idle - 1, idle),
        "price_too_low": order({"price_units": low - 1}, {"price_units": low}) if low > 0 else None,
        "price_too_high": above("price_units", rules.price_units_max),
        "outside_collar": Edge(
            (asked._replace(price_units=_ANCHOR + reach + 1), anchored), (asked._replace(price_units=_ANCHOR + reach), anchored)
        ),
        "data_too_old": world("data_age_ns", oldest + 1, oldest),
        "outside_session": world("session_left_ns", 0, 1),
        "not_tradable": world("status", HALTED, NO_STATUS),
        "done_already": world("same_open", 1, 0),
        "washes": world("crossing", 1, 0),
        "not_enough_shares": world("available_qty", 0, 1),
    }


def prove(config: LimitsConfig) -> None:
    """Nothing trades by limits that don't hold. Raises OperatorFault with the first thing that is wrong with them."""
    failures = self_test(config)
    if failures:
        raise OperatorFault(f"trading is not armed: {failures[0]}")


def self_test(config: LimitsConfig, limits: tuple[Limit, ...] = LIMITS) -> tuple[str, ...]:
    """What is wrong with the limits under this profile's figures, a sentence each; () lets trading be armed."""
    rules = rules_of(config)
    crafted, failures = edges(rules), []
    here = [limit.name for limit in limits]
    failures += [f"the limit {name} is missing" for name in crafted if name not in here]
    for limit in limits:
        reason = limit(*fine_order(rules), rules)
        if reason:
            failures.append(f"the limit {limit.name} refuses a fine order: {reason}")
        if limit.name not in crafted:
            failures.append(f"the limit {limit.name} has no crafted order")
            continue
        edge = crafted[limit.name]
        if edge is None:
            continue
        if not limit(*edge.refused, rules):
            failures.append(f"the limit {limit.name} lets an order pass that it must refuse")
        reason = limit(*edge.passed, rules)
        if reason:
            failures.append(f"the limit {limit.name} refuses an order within it: {reason}")
    return tuple(failures)
