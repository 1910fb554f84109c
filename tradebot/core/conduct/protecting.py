"""The protection of everything held, and its place among the other things that happen to a position.

Asked after every word about an order, and once a minute. A symbol that is being closed, or that was handed to a person, is left alone: its
shares are on their way out. In the ideal market brackets cover everything, and nothing here ever acts.
"""

from __future__ import annotations

from tradebot.core.conduct.closing import advance_closes
from tradebot.core.conduct.submitting import submit
from tradebot.core.config import EngineConfig
from tradebot.core.domain.commands import Alert, Command, ReplaceOrder
from tradebot.core.domain.orders import OrderIntent
from tradebot.core.domain.units import price_ceil_to_tick, price_floor_to_tick
from tradebot.core.execution.closing import Closing
from tradebot.core.execution.cover import NO_COVER, covers
from tradebot.core.execution.exits import bracket_for
from tradebot.core.execution.protection import Plan, steps_for
from tradebot.core.execution.reconcile import agreed
from tradebot.core.state import State


def settle(state: State, config: EngineConfig, *, again: bool = False) -> list[Command]:
    """What follows from what is known now: protection first, then the next step of every close."""
    return [*protect(state, config, again=again), *advance_closes(state, again=again)]


def protect(state: State, config: EngineConfig, *, again: bool = False) -> list[Command]:
    """Bring what rests back to what is held, wherever it isn't."""
    commands: list[Command] = []
    for symbol in _in_doubt(state):
        plan = plan_of(state, config, symbol)
        dispute = state.disputes.get(symbol)
        steps = steps_for(
            state.book,
            symbol,
            plan,
            state.mark(symbol),
            state.now_ns,
            again=again,
            is_locked=symbol in state.locked and dispute is None,
            held=agreed(dispute, state.book.qty(symbol)),
        )
        if steps.emergency:
            plan.placed += 1  # the id of the close is its own
            state.closing[symbol] = Closing(steps.emergency, f"{plan.trade_id}-emergency{plan.placed}")
            commands.append(Alert("critical", f"{symbol}: {steps.emergency}; closing at the market"))
        commands += [*steps.cancels, *submit(state, steps.orders), *_replace(state, steps.replacements)]
    return commands


def plan_of(state: State, config: EngineConfig, symbol: str) -> Plan:
    """The plan of a position: that of its trade; around its average price where it is not ours."""
    plan, trade = state.plans.get(symbol), state.trades.open.get(symbol)
    if plan is not None and (trade is None or trade.trade_id == plan.trade_id):
        return plan
    if trade is not None:
        plan = Plan(trade.trade_id, price_floor_to_tick(trade.stop_units), price_ceil_to_tick(trade.target_units))
    else:
        position = state.book.positions.get(symbol)
        around = bracket_for(position.entry_units if position is not None else state.mark(symbol), config.exits)
        plan = Plan(f"{config.profile}-{state.now_ns}-{symbol}", around.stop_units, around.target_units)
    state.plans[symbol] = plan
    return plan


def _in_doubt(state: State) -> list[str]:
    """Symbols whose cover is not exactly what is held, or whose stop was moved; plans of what is gone are forgotten."""
    book, cover = state.book, covers(state.book)
    found = [
        symbol
        for symbol, position in book.positions.items()
        if position.qty and (cover.get(symbol, NO_COVER).stop_qty != abs(position.qty) or cover[symbol].target_qty > abs(position.qty))
    ]
    found += [symbol for symbol in cover if not book.qty(symbol)]
    found += [symbol for symbol in state.disputes if book.qty(symbol) and symbol not in found]
    for symbol, plan in list(state.plans.items()):
        if not book.qty(symbol) and not book.open_orders(symbol):
            del state.plans[symbol]
        elif (plan.is_moved or plan.failed) and symbol not in found:
            found.append(symbol)
    return [symbol for symbol in found if symbol not in state.closing]


def _replace(state: State, intents: list[OrderIntent]) -> list[Command]:
    for intent in intents:
        state.book.intend(intent)
    return [ReplaceOrder(intent) for intent in intents]
