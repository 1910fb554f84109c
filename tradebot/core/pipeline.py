"""One minute's decision, from features to orders: the only file that knows the order of the stages. Start reading here.

features -> opinion (a model's forecast, or regimes -> strategies -> selection) -> size -> limits -> protected orders
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from tradebot.core.config import EngineConfig
from tradebot.core.domain.bars import Float
from tradebot.core.domain.decision import Decision, SizeRecord
from tradebot.core.domain.events import MinuteClosed
from tradebot.core.domain.feeds import same_scale
from tradebot.core.domain.orders import OrderIntent, Role, Side
from tradebot.core.domain.session import Session
from tradebot.core.domain.units import NS_PER_MINUTE, NS_PER_S
from tradebot.core.execution.adaptive import entry_bracket
from tradebot.core.execution.exits import flatten_ns
from tradebot.core.execution.order_type import chased_reason, choose_entry
from tradebot.core.execution.planner import entry_intent
from tradebot.core.features.catalogue import step_minute
from tradebot.core.features.rows import minute_rows
from tradebot.core.features.volume_scale import scaled_columns
from tradebot.core.opinions.classifier import by_classifier
from tradebot.core.opinions.foreseen import Foreseen
from tradebot.core.opinions.mind import Mind
from tradebot.core.opinions.opinion import Opinion, no_opinion
from tradebot.core.opinions.strategist import by_strategies
from tradebot.core.portfolio.sizer import Candidate, Sized, Sizer
from tradebot.core.portfolio.sizing import shares_scaled
from tradebot.core.portfolio.volatility import ANNUAL, MINUTES_A_YEAR
from tradebot.core.risk.exposure import Around, Exposure, lately
from tradebot.core.risk.history import UNKNOWN_GROUP
from tradebot.core.risk.limits import Asked, first_refusal, least_headroom, rules_of, size_scale, worst_units
from tradebot.core.risk.value_at_risk import value_at_risk
from tradebot.core.selection.price_jump import price_jumped, refuse_jumps
from tradebot.core.state import Safety, State
from tradebot.core.strategies.gates import throttle_reason


def decision_id(profile: str, session: Session, minute_ns: int) -> str:
    """`profile-YYYYMMDD-HHMMZ`, the minute's start in UTC."""
    date, minute_of_day = session.date, minute_ns // NS_PER_MINUTE % 1440
    return f"{profile}-{date.year:04d}{date.month:02d}{date.day:02d}-{minute_of_day // 60:02d}{minute_of_day % 60:02d}Z"


def perceive(state: State, minute: MinuteClosed, session: Session, config: EngineConfig) -> None:
    """Step every feature by one bar and mark every symbol to market."""
    step_minute(state.memory, minute_rows(minute, session), minute.present, state.features, state.seen)
    state.jumped_from = state.marks.copy()
    state.jumped = price_jumped(minute.close, state.marks, minute.present, minute.tape, config.price_jump_max)
    mark(state, minute, session, config)


def mark(state: State, minute: MinuteClosed, session: Session, config: EngineConfig) -> None:
    """Mark every symbol that has a bar to market, and step what sizes and limits remember of it."""
    assert minute.symbols == state.symbols, "the slice is not of this universe"
    if config.limits.needs_history:
        state.risk.see(session.date, state.marks, minute.present, config.limits.group_correlation_min)
    np.copyto(state.marks, minute.close, where=minute.present)
    state.minute_ns = minute.minute_ns
    if config.slicing.reads_volume:
        state.see_volume(session.minute_index(minute.minute_ns), np.where(minute.present, minute.volume, 0))
    if config.exits.mode == "adaptive":
        opened = session.open_ns // NS_PER_MINUTE
        state.ranges.step(opened, minute.high, minute.low, minute.close, minute.present, config.exits.atr_minutes)
    if not config.sizing.is_plain:
        at, opened, pairs = minute.minute_ns // NS_PER_MINUTE, session.open_ns // NS_PER_MINUTE, config.sizing.weighs_portfolio
        state.sizing.step(at, opened, minute.close, minute.present, with_pairs=pairs)


def opine(state: State, minute: MinuteClosed, session: Session, mind: Mind, config: EngineConfig) -> Opinion:
    """What is thought of every symbol. Strategies remember: they are asked on every minute that is perceived, also while warming up."""
    busy = _busy(state)
    if mind.lacks:
        return no_opinion(len(state.symbols), mind.lacks)
    if mind.playbook is None:
        assert mind.served is not None, "a classifier's profile lacks nothing and has no model"
        return by_classifier(state, minute, mind.served, busy, config.entry)
    held = np.array([state.book.qty(symbol) for symbol in state.symbols], np.int64)
    return by_strategies(state, minute, session, mind, busy, held, config.entry)


def decide(
    state: State, minute: MinuteClosed, session: Session, mind: Mind, opinion: Opinion, config: EngineConfig
) -> tuple[Decision, list[OrderIntent]]:
    """What to open on this minute and, for every symbol, why or why not."""
    symbols = state.symbols
    identity = decision_id(config.profile, session, minute.minute_ns)
    qty = np.zeros(len(symbols), np.int64)
    orders = [""] * len(symbols)
    intents: list[OrderIntent] = []

    _learn(state, minute, session, opinion.conviction, config)
    reasons = list(opinion.reasons)
    refuse_jumps(reasons, state.jumped, minute.close, state.jumped_from)
    blocked = no_new_risk(state, minute, session, config) or foreign_volume(state, mind, config)
    candidates = _by_conviction(reasons, opinion)
    entries = _entries(state, minute, session, identity, blocked, candidates, opinion.conviction, opinion.evidence, config)
    for n, intent in entries.orders.items():
        intents.append(intent)
        qty[n], orders[n], reasons[n] = intent.qty, intent.client_order_id, "enter"
    for n, refusal in entries.refused.items():
        reasons[n] = f"refused: {refusal}"

    decision = Decision(
        identity,
        minute.minute_ns,
        minute.ts_event_ns,
        state.model_id,
        mind.schema_hash,
        symbols,
        state.features[:, mind.columns],
        opinion.valid,
        opinion.conviction,
        minute.close.copy(),
        config.playbook.selection.forecast_min if config.playbook is not None else config.entry.confidence_min,
        qty,
        tuple(reasons),
        tuple(orders),
        mind.names,
        opinion.thoughts,
        tuple(SizeRecord(symbols[n], config.sizing.rule, sized.shares, dict(sized.factors)) for n, sized in entries.sizes.items()),
    )
    return decision, intents


@dataclass(slots=True)
class _Entries:
    """What became of the candidates, by their place in the universe."""

    orders: dict[int, OrderIntent] = field(default_factory=dict)
    refused: dict[int, str] = field(default_factory=dict)
    sizes: dict[int, Sized] = field(default_factory=dict)
    crowded: int = 0  # refused unasked, since no place was left for a position


def _entries(
    state: State, minute: MinuteClosed, session: Session, identity: str, blocked: str | None, candidates: list[int], conviction: Float,
    evidence: Float | None, config: EngineConfig, *, in_brief: bool = False,
) -> _Entries:  # fmt: skip
    """Size the candidates in their order, and hold each against the limits with all before it counted in.

    `in_brief`: nobody wants to know the reasons of those for which no place is left.
    """
    made, places = _Entries(), config.limits.positions_max
    if not candidates:
        return made
    held = _exposure(state, config)
    sizer = _sizer(state, held.equity_units, evidence, config)
    gates = config.playbook.gates if config.playbook is not None else None
    for asked, n in enumerate(candidates):
        if in_brief and len(held.busy) >= places:
            made.crowded = len(candidates) - asked
            break
        symbol, price = state.symbols[n], int(minute.close[n])
        refusal = (
            blocked
            or state.locked.get(symbol)
            or state.frozen.get(symbol)
            or chased_reason(state.unfilled.get(symbol, 0), config.execution)
            or None
        )
        bracket = entry_bracket(price, state.ranges.atr_units(n, config.exits.atr_minutes), config.exits)
        sized = sizer.size(Candidate(n, float(conviction[n]), price, bracket.stop_units, held.free_cash_units))
        made.sizes[n] = sized
        choice = choose_entry(price, minute.spread_units(n), bracket, config.execution)
        worst = worst_units(price, choice.limit_units, 1, held.rules.price_collar_fraction)
        order = Asked(sized.shares, 1, price, choice.limit_units, worst)
        refusal = refusal or sized.reason or None
        if refusal is None:
            order, refusal = _within_limits(order, held, symbol, _around(state, minute, session, n, config), state)
        if gates is not None:
            refusal = refusal or throttle_reason(minute.ts_event_ns, state.last_entry_ns, gates) or None
        if refusal is not None:
            made.refused[n] = refusal
            continue
        made.orders[n] = entry_intent(identity, symbol, order.qty, price, bracket, float(conviction[n]), minute.ts_event_ns, choice)
        state.last_entry_ns = minute.ts_event_ns
        sizer.took(n, order.qty * price)
        held.add(order, symbol, minute.ts_event_ns)
    return made


def _within_limits(order: Asked, held: Exposure, symbol: str, around: Around, state: State) -> tuple[Asked, str | None]:
    """The order at the size that is left near a limit, and why it is refused, or None."""
    seen, rules = held.seen(symbol, around), held.rules
    if rules.headroom_fraction_below:
        order = order._replace(qty=shares_scaled(order.qty, size_scale(least_headroom(seen, rules), rules.headroom_fraction_below)))
    if held.config.watches_var:
        after = held.values | {symbol: held.values.get(symbol, 0) + order.sign * order.qty * order.worst_units}
        by_place = dict[int, int]()
        for name, units in after.items():
            by_place[state.place(name)] = by_place.get(state.place(name), 0) + abs(units) if state.place(name) < 0 else units
        risk = value_at_risk(by_place, state.risk, held.config.var_confidence, held.config.unknown_volatility_fraction)
        seen = seen._replace(var_units=risk.parametric, historical_var_units=risk.historical)
    return order, first_refusal(order, seen, rules)


def decide_foreseen(
    state: State, minute: MinuteClosed, session: Session, foreseen: Foreseen, t: int, config: EngineConfig
) -> tuple[list[OrderIntent], int]:
    """`decide` on opinions that stand in row `t` of a table: what to open, and how many were refused. Nobody is told why."""
    _learn(state, minute, session, foreseen.conviction[t], config)
    count = foreseen.counts[t]
    if not count:
        return [], 0
    busy, wanted = _busy(state), foreseen.wanted[t]
    taken = [n for symbol in busy if (n := state.place(symbol)) >= 0 and wanted[n]]
    free = count - len(taken)
    if not free:
        return [], 0
    blocked = no_new_risk(state, minute, session, config)
    if blocked is not None or len(busy) >= config.limits.positions_max:
        return [], free
    candidates = [n for n in foreseen.order(t, np.flatnonzero(wanted)) if n not in taken]
    identity = decision_id(config.profile, session, minute.minute_ns)
    evidence = foreseen.evidence[t] if foreseen.evidence is not None else None
    entries = _entries(state, minute, session, identity, None, candidates, foreseen.conviction[t], evidence, config, in_brief=True)
    return list(entries.orders.values()), len(entries.refused) + entries.crowded


def no_new_risk(state: State, minute: MinuteClosed, session: Session, config: EngineConfig) -> str | None:
    """What forbids any new position this minute, or None."""
    late_s = (minute.ts_event_ns - minute.minute_ns - NS_PER_MINUTE) / NS_PER_S
    if state.safety is not Safety.ACTIVE:
        return f"{state.safety}: {state.safety_reason}"
    if not state.book.opened:
        return "books not reconciled yet"
    if late_s > config.bar_late_s_max:
        return f"bar late by {late_s:.0f} s > {config.bar_late_s_max:g} s"
    if state.stale_feeds:
        return "stale: " + "; ".join(f"{feed}: {reason}" for feed, reason in sorted(state.stale_feeds.items()))
    if minute.minute_ns + NS_PER_MINUTE >= flatten_ns(session.close_ns, config.exits):
        return "flat at the close"
    return None


def foreign_volume(state: State, mind: Mind, config: EngineConfig) -> str | None:
    """Why columns that follow the scale of volumes can't be read now, or None. A simulation has but one feed."""
    if same_scale(state.feed, config.home_feed):
        return None
    scaled = scaled_columns(mind.names)
    return f"{scaled[0]} is of {config.home_feed}, minutes come from {state.feed}" if scaled else None


def _busy(state: State) -> set[str]:
    """Symbols held, working or being closed."""
    book, busy = state.book, {*state.closing, *state.parents}
    for symbol, position in book.positions.items():
        if position.qty:
            busy.add(symbol)
    for order in book.open_orders():
        busy.add(order.symbol)
    return busy


def _exposure(state: State, config: EngineConfig) -> Exposure:
    """What is held and working, at worst."""
    rules = rules_of(config.limits)
    state.spent = lately(state.spent, state.now_ns, rules)
    held = Exposure(
        config.limits, rules, lambda symbol: _group(state, symbol, config), _busy(state), state.book.cash_units, state.equity_units(),
        state.day_start_equity_units, state.high_water_units, state.spent,
    )  # fmt: skip
    held.hold(state.book, state.mark)
    for whole, left in ((parent.whole, parent.left) for parent in state.parents.values()):
        sign, worst = whole.side.sign, worst_units(whole.reference_units, whole.limit_units, whole.side.sign, rules.price_collar_fraction)
        held.promise(whole.symbol, sign, left * worst)
    return held


def _group(state: State, symbol: str, config: EngineConfig) -> int | str:
    """The symbols that a symbol moves with: the group that the profile names, or the one that its returns tell."""
    named, n = config.limits.groups.get(symbol), state.place(symbol)
    if named is not None:
        return named
    return int(state.risk.groups[n]) if 0 <= n < len(state.risk.groups) else UNKNOWN_GROUP


def _around(state: State, minute: MinuteClosed, session: Session, n: int, config: EngineConfig) -> Around:
    """A symbol's market as this minute shows it, and our own orders in it."""
    end_ns = minute.minute_ns + NS_PER_MINUTE
    left_ns = flatten_ns(session.close_ns, config.exits) - end_ns
    own = [order.side for order in state.book.open_orders(state.symbols[n]) if order.role not in (Role.STOP, Role.TARGET)]
    return Around(
        minute.ts_event_ns, minute.anchor_units(n), minute.ts_event_ns - end_ns, left_ns, state.status(state.symbols[n]),
        same_open=own.count(Side.BUY), crossing=own.count(Side.SELL),
    )  # fmt: skip


def _learn(state: State, minute: MinuteClosed, session: Session, conviction: Float, config: EngineConfig) -> None:
    """What came of earlier forecasts, where the no-trade band depends on it."""
    band = config.sizing.no_trade
    if band is None or not config.sizing.learns_margin:
        return
    threshold = config.playbook.selection.forecast_min if config.playbook is not None else config.entry.confidence_min
    spread = state.sizing.seen[:, ANNUAL] * math.sqrt(band.horizon_min / MINUTES_A_YEAR)
    state.sizing.margin.learn(
        minute.minute_ns // NS_PER_MINUTE, session.open_ns // NS_PER_MINUTE, minute.close, minute.present, conviction, spread,
        threshold, band.horizon_min, band.coverage,
    )  # fmt: skip


def _sizer(state: State, equity_units: int, evidence: Float | None, config: EngineConfig) -> Sizer:
    """This minute's sizer: what is held at its mark, and what open entries may still buy at the price that they saw."""
    held: dict[int, int] = {}
    if config.sizing.weighs_portfolio:
        for symbol, position in state.book.positions.items():
            if position.qty:
                held[state.place(symbol)] = held.get(state.place(symbol), 0) + position.qty * state.mark(symbol)
        for order in state.book.open_orders():
            if order.role is Role.ENTRY:
                units = order.side.sign * order.open_qty * max(order.reference_units, order.limit_units)
                held[state.place(order.symbol)] = held.get(state.place(order.symbol), 0) + units
    return Sizer(config.sizing, state.sizing, equity_units, held, evidence)


def _by_conviction(reasons: Sequence[str], opinion: Opinion) -> list[int]:
    """Candidates, most convinced first, universe order among equals."""
    candidates = [n for n, reason in enumerate(reasons) if not reason]
    return sorted(candidates, key=lambda n: -opinion.conviction[n])
