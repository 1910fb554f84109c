"""What is watched once a minute beside what rests at the broker: stops in software, stops that rise with the price, and peaks."""

from __future__ import annotations

from tradebot.core.conduct.protecting import plan_of
from tradebot.core.config import EngineConfig
from tradebot.core.domain.events import MinuteClosed
from tradebot.core.domain.units import usd_text
from tradebot.core.execution.adaptive import peak_reason, trailed_stop
from tradebot.core.execution.closing import Closing
from tradebot.core.execution.cover import uncovered
from tradebot.core.execution.exits import exit_reason
from tradebot.core.execution.protection import is_through
from tradebot.core.state import State


def watch(state: State, minute: MinuteClosed, config: EngineConfig, identity: str) -> None:
    """Positions that have a bar and are to go join those that are being closed; `identity` names the closes."""
    for symbol in uncovered(state.book):
        n = state.place(symbol)
        if n >= 0 and minute.present[n] and symbol not in state.closing:
            reason = _software_exit(state, symbol, config)
            if reason:
                state.closing[symbol] = Closing(reason, identity)
    if config.exits.mode == "adaptive":
        for symbol, position in state.book.positions.items():
            n = state.place(symbol)
            if position.qty > 0 and n >= 0 and minute.present[n] and symbol not in state.closing:
                _adapt(state, symbol, n, minute, config, identity)


def _software_exit(state: State, symbol: str, config: EngineConfig) -> str:
    """The stop and the target of a position of which the broker does not hold them."""
    position, price_units = state.book.positions[symbol], state.mark(symbol)
    if config.exits.mode == "adaptive" and position.qty > 0:
        plan = plan_of(state, config, symbol)
        if is_through(position.qty, price_units, plan.stop_units):
            return f"stop: {usd_text(price_units)} at {usd_text(plan.stop_units)}"
        return f"target: {usd_text(price_units)} at {usd_text(plan.target_units)}" if price_units >= plan.target_units else ""
    return exit_reason(position.qty, position.cost_units, price_units, config.exits) or ""


def _adapt(state: State, symbol: str, n: int, minute: MinuteClosed, config: EngineConfig, identity: str) -> None:
    """Move the plan of a long position, or end it."""
    plan, close, exits = plan_of(state, config, symbol), int(minute.close[n]), config.exits
    entry_units = state.book.positions[symbol].entry_units
    atr, drift = state.ranges.atr_units(n, exits.atr_minutes), state.ranges.drift_units(n)
    plan.high_units = max(plan.high_units or entry_units, int(minute.high[n]))
    reason = peak_reason(entry_units, plan.high_units, close, atr, drift, exits)
    stop = trailed_stop(plan.stop_units, plan.high_units, atr, exits)
    if not reason and stop > plan.stop_units and close <= stop:
        reason = f"trail: {usd_text(close)} at {usd_text(stop)}"
    if reason:
        state.closing[symbol] = Closing(reason, identity)
    elif stop > plan.stop_units:
        plan.stop_units, plan.is_moved = stop, True
