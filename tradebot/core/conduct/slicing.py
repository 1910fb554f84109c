"""Parents at work: a minute's entries become parents where the profile slices, and every parent gets its slice of the minute."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tradebot.core.config import EngineConfig
from tradebot.core.domain.commands import Alert, Command
from tradebot.core.domain.events import MinuteClosed
from tradebot.core.domain.orders import OrderIntent
from tradebot.core.domain.session import Session
from tradebot.core.domain.units import usd_text
from tradebot.core.execution.order_type import choose_entry
from tradebot.core.execution.slicing import Parent, is_over, schedule, shares_due, slice_of
from tradebot.core.execution.volume_curve import expected_volume
from tradebot.core.pipeline import no_new_risk
from tradebot.core.state import Safety, State


def sliced(
    state: State, minute: MinuteClosed, session: Session, config: EngineConfig, entries: Sequence[OrderIntent]
) -> tuple[list[OrderIntent], list[Command]]:
    """What to send this minute in place of `entries`, and what to say of parents that end before they are done."""
    if config.slicing.is_off and not state.parents:
        return list(entries), []
    for whole in entries:
        state.parents[whole.symbol] = Parent(
            whole, schedule(whole.qty, config.slicing, _volumes(state, whole.symbol, minute, session, config))
        )
    alerts: list[Command] = []
    blocked = no_new_risk(state, minute, session, config)
    slices = []
    for symbol, parent in list(state.parents.items()):
        ended = _ended(state, parent, minute, blocked)
        if ended:
            del state.parents[symbol]
            alerts.append(Alert("info", f"{parent.whole.client_order_id}: {parent.sent} of {parent.whole.qty} shares sent, then {ended}"))
            continue
        if not blocked:
            slices += _slice(state, parent, minute, session, config)
        if is_over(parent, minute.ts_event_ns):
            del state.parents[symbol]
    return slices, alerts


def _slice(state: State, parent: Parent, minute: MinuteClosed, session: Session, config: EngineConfig) -> list[OrderIntent]:
    n, now_ns, bracket = state.place(parent.whole.symbol), minute.ts_event_ns, parent.whole.bracket
    assert bracket is not None, "an entry has a bracket"
    if not minute.present[n]:
        return []
    volume = float(expected_volume(state.volumes, session.minute_index(minute.minute_ns))[n]) if len(state.volumes) else np.nan
    qty, price = shares_due(parent, now_ns, config.slicing.participation_max, volume), int(minute.close[n])
    if not qty:
        return []
    return [slice_of(parent, qty, price, choose_entry(price, minute.spread_units(n), bracket, config.execution), now_ns)]


def _ended(state: State, parent: Parent, minute: MinuteClosed, blocked: str | None) -> str:
    """Why a parent must not go on, "" where it may. A feed that is stale for a while only makes it wait."""
    symbol, bracket = parent.whole.symbol, parent.whole.bracket
    assert bracket is not None, "an entry has a bracket"
    n = state.place(symbol)
    if symbol in state.closing:
        return f"closed: {state.closing[symbol].reason}"
    if state.safety is not Safety.ACTIVE or blocked == "flat at the close":
        return str(blocked)
    if symbol in state.locked:
        return state.locked[symbol]
    if n >= 0 and minute.present[n] and not bracket.stop_units < int(minute.close[n]) < bracket.target_units:
        return f"the price {usd_text(int(minute.close[n]))} has left stop and target"
    return "not watched any more" if n < 0 else ""


def _volumes(state: State, symbol: str, minute: MinuteClosed, session: Session, config: EngineConfig) -> list[float]:
    """Expected volumes of the minutes that a parent lives, from the one after its decision on; [] where none are kept."""
    n, first = state.place(symbol), session.minute_index(minute.minute_ns) + 1
    if not len(state.volumes):
        return []
    return [float(expected_volume(state.volumes, first + k)[n]) for k in range(config.slicing.minutes)]
