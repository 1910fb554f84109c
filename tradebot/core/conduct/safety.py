"""The states of safety: tightened by losses, by the guard before the wire and by a person; loosened by a person alone (I8).

Resuming takes a reason and a clean comparison of the books: the wish waits in `state.resuming` until the broker's books have been read.
"""

from __future__ import annotations

from tradebot.core.conduct.closing import advance_closes, flatten
from tradebot.core.conduct.submitting import cancel_entries
from tradebot.core.config import EngineConfig
from tradebot.core.domain.commands import Alert, Command, CompareBooks
from tradebot.core.domain.events import OperatorOrder
from tradebot.core.risk import breaker
from tradebot.core.state import Safety, State


def obey(state: State, config: EngineConfig, order: OperatorOrder, reason: str) -> list[Command]:
    """A person's order."""
    identity = f"{config.profile}-{state.now_ns}"
    match order:
        case OperatorOrder.RESUME:
            state.resuming = reason
            return [CompareBooks(reason)]
        case OperatorOrder.ADOPT:
            state.adopting = reason
            return [CompareBooks(reason)]
        case OperatorOrder.PAUSE:
            tighten(state, Safety.REDUCING, reason)
            return [Alert("warning", f"paused: {reason}")]
        case OperatorOrder.HALT:
            return halt(state, reason)
        case OperatorOrder.KILL:
            return [*kill(state, reason, identity), *advance_closes(state)]
        case OperatorOrder.FLATTEN:
            tighten(state, Safety.REDUCING, reason)
            flatten(state, f"operator: {reason}", identity)
            return [Alert("warning", f"flatten: {reason}"), *cancel_entries(state, reason), *advance_closes(state)]


def watch_losses(state: State, config: EngineConfig, identity: str) -> list[Command]:
    """What the day's loss and the drawdown trip, asked once a minute. `identity` names the closes that come of it."""
    if state.safety is Safety.HALTED or not state.book.opened:
        return []
    equity, day_start, high_water = state.equity_units(), state.day_start_equity_units, state.high_water_units
    rules = config.breaker
    trip = breaker.tripped(
        equity, day_start, high_water, rules.day_loss == "kill", config.limits.daily_loss_fraction_max, rules.drawdown_fraction_max
    )
    if trip == breaker.HOLDS:
        return []
    reason = breaker.trip_reason(trip, equity, day_start, high_water)
    if trip == breaker.DAY_LOSS:
        return kill(state, reason, identity)
    if state.safety is Safety.REDUCING:
        return []
    tighten(state, Safety.REDUCING, reason)
    return [Alert("critical", f"nothing new: {reason}"), *cancel_entries(state, reason)]


def await_consent(state: State, looser: tuple[str, ...]) -> list[Command]:
    """Rules that hold less tightly than those of the last start, in words: nothing new until a person has said why."""
    if not looser:
        return []
    reason = f"loosened: {'; '.join(looser)}"
    tighten(state, Safety.REDUCING, reason)
    return [Alert("critical", f"nothing new until you resume with a reason: {reason}")]


def halt(state: State, reason: str) -> list[Command]:
    """Nothing new, entries are taken back; what is held keeps its protection."""
    tighten(state, Safety.HALTED, reason)
    return [Alert("critical", f"halted: {reason}"), *cancel_entries(state, reason)]


def kill(state: State, reason: str, identity: str) -> list[Command]:
    """The kill switch: as `halt`, and everything held is closed, step by step (`advance_closes`)."""
    tighten(state, Safety.HALTED, reason)
    flatten(state, f"killed: {reason}", identity)
    return [Alert("critical", f"killed: {reason}"), *cancel_entries(state, reason)]


def resume(state: State, *, clean: bool) -> list[Command]:
    """What a person's wish to trade on comes to, now that the books have been compared. The drawdown counts from here."""
    reason, state.resuming = state.resuming, ""
    if not reason:
        return []
    if not clean:
        return [Alert("critical", f"not resumed ({reason}): the books differ from the broker's")]
    state.safety, state.safety_reason, state.locked = Safety.ACTIVE, "", {}
    state.frozen = {}
    state.high_water_units = breaker.higher(0, state.equity_units())
    return [Alert("info", f"resumed: {reason}")]


def tighten(state: State, safety: Safety, reason: str) -> None:
    """A lighter state never takes the place of HALTED."""
    if state.safety is not Safety.HALTED:
        state.safety, state.safety_reason = safety, reason
