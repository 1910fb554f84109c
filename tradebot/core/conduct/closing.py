"""Positions on their way out: what is to be closed, and the next step of each close."""

from __future__ import annotations

from tradebot.core.conduct.submitting import submit
from tradebot.core.domain.commands import Alert, Command
from tradebot.core.execution.closing import ATTEMPTS_MAX, Closing, next_steps
from tradebot.core.execution.reconcile import agreed
from tradebot.core.state import State


def flatten(state: State, reason: str, identity: str) -> None:
    """Everything held is to be closed."""
    for symbol, position in state.book.positions.items():
        if position.qty:
            state.closing.setdefault(symbol, Closing(reason, identity))


def advance_closes(state: State, *, again: bool = False) -> list[Command]:
    """Carry out the next step of every position that is being closed. `again` is said once a minute."""
    closing = state.closing if not state.halted else {s: c for s, c in state.closing.items() if s not in state.halted}  # exits wait
    if not closing:
        return []
    steps = next_steps(
        state.book,
        closing,
        state.mark,
        state.now_ns,
        again=again,
        agreed_qty=lambda symbol, held: agreed(state.disputes.get(symbol), held),
    )
    if closing is not state.closing:
        state.closing = closing | {s: c for s, c in state.closing.items() if s in state.halted}
    for symbol in steps.given_up:
        state.locked[symbol] = "could not be closed"
    alerts = [Alert("critical", f"{symbol}: {ATTEMPTS_MAX} exits failed; close it by hand") for symbol in steps.given_up]
    return [*steps.cancels, *submit(state, steps.exits), *alerts]
