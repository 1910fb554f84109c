"""The engine: event in, commands out. It does no I/O, reads no clock and draws no random number.

    for event in driver:
        for command in engine.handle(event): driver.obey(command)

Live, paper, replay and backtest are drivers of this same object (DESIGN law 1).
"""

from __future__ import annotations

from collections.abc import Mapping

from tradebot.core.conduct import safety, statuses
from tradebot.core.conduct.closing import flatten
from tradebot.core.conduct.feeds import keep_one_feed, switch_feed
from tradebot.core.conduct.outsiders import adopt_outsider
from tradebot.core.conduct.protecting import settle
from tradebot.core.conduct.reconciling import note_fill, reconciled
from tradebot.core.conduct.slicing import sliced
from tradebot.core.conduct.submitting import cancel_entries, cancel_overdue, submit
from tradebot.core.conduct.watching import watch
from tradebot.core.config import EngineConfig
from tradebot.core.config_text import changes, config_from_text
from tradebot.core.domain.commands import (
    Alert,
    Command,
    LookUpOrder,
    RecordDecision,
    RecordFill,
    RecordTrade,
    StartRetrain,
)
from tradebot.core.domain.events import (
    AccountReconciled,
    AssetsRead,
    BarCorrected,
    CancelRefused,
    CashPosted,
    DaemonStarted,
    Event,
    FeedChanged,
    FeedSwitched,
    GuardRefused,
    JobEnded,
    MinuteClosed,
    ModelPromoted,
    OperatorSpoke,
    OrderRefused,
    OrderReported,
    ReplyLost,
    SymbolHalted,
    Tick,
    TickKind,
    UniverseSelected,
)
from tradebot.core.domain.orders import Bracket, Fill, OrderStatus, Role
from tradebot.core.domain.session import Session, SessionTable
from tradebot.core.domain.units import NS_PER_MINUTE, NS_PER_S
from tradebot.core.execution import exits
from tradebot.core.execution.closing import Closing
from tradebot.core.features.catalogue import families_of
from tradebot.core.forecast.model import Model
from tradebot.core.opinions.foreseen import Foreseen
from tradebot.core.opinions.mind import Mind
from tradebot.core.pipeline import decide, decide_foreseen, decision_id, mark, opine, perceive
from tradebot.core.risk import breaker
from tradebot.core.risk.limits.loosened import loosened
from tradebot.core.risk.limits.self_test import prove
from tradebot.core.state import State, state_from_bytes, state_to_bytes

_KEPT = Bracket(0, 0)  # an open trade keeps the stop and target that it has


class Engine:
    """State and the rules that move it. `models` is the shelf that the driver fills before it promotes a model.

    With `foreseen` (core/opinions/foreseen.py) a simulation gives the opinions of its whole history at once: the same orders, but no
    `RecordDecision`, whose refusals `refused` counts, and no memory of features in the state.
    """

    def __init__(
        self,
        config: EngineConfig,
        sessions: SessionTable,
        models: Mapping[str, Model],
        state: State | None = None,
        foreseen: Foreseen | None = None,
    ) -> None:
        self.foreseen = foreseen
        self.refused = 0
        self._session: Session | None = None  # the one that was asked for last
        self.sessions = sessions
        self.models = models
        self.state = state if state is not None else State()
        # A journal's tail is decided by what was recorded with it, not by today's profile: that comes with the next DaemonStarted.
        self.config = config = config_from_text(self.state.config) if self.state.config else config
        prove(config.limits)
        self._mind = Mind.of(config, models[self.state.model_id] if self.state.model_id else None)
        self.state.keep(families_of(self._mind.names))

    @classmethod
    def restore(cls, config: EngineConfig, sessions: SessionTable, models: Mapping[str, Model], data: bytes) -> Engine:
        """The engine as it was when `snapshot` made `data`."""
        return cls(config, sessions, models, state_from_bytes(data))

    def snapshot(self) -> bytes:
        return state_to_bytes(self.state)

    def handle(self, event: Event) -> list[Command]:
        """Apply one event. Events come in the order of the journal; time never runs backwards."""
        state = self.state
        state.now_ns = max(state.now_ns, event.ts_event_ns)
        match event:
            case MinuteClosed():
                return self._on_minute(event)
            case OrderReported(report=report):
                commands = adopt_outsider(state, self.config, report)
                fills = state.book.report(report)
                for fill in fills:
                    note_fill(state, fill)
                    commands += [RecordFill(fill), *self._record_trade(fill)]
                return commands + settle(state, self.config)
            case OrderRefused(client_order_id=key, reason=reason):
                state.book.refuse(key, reason)
                return [Alert("warning", f"order {key} refused: {reason}"), *settle(state, self.config)]
            case GuardRefused(client_order_id=key, reason=reason):
                state.book.refuse(key, reason)
                return [*safety.halt(state, f"order {key} held back: {reason}"), *settle(state, self.config)]
            case ReplyLost(client_order_id=key):
                order = state.book.orders.get(key)
                if order is None or order.status not in (OrderStatus.INTENDED, OrderStatus.UNKNOWN):
                    return []  # the broker has spoken since
                order.status = OrderStatus.UNKNOWN
                return [LookUpOrder(key)]
            case CancelRefused():
                return []  # what still works is asked for again with the next minute, not in a loop
            case CashPosted():
                state.book.post(event)
                return []
            case AccountReconciled():
                return reconciled(state, self.config, event)
            case Tick():
                return self._on_tick(event)
            case ModelPromoted(model_id=model_id):
                state.model_id = model_id
                self._mind = Mind.of(self.config, self.models[model_id])
                state.keep(families_of(self._mind.names))
                return []
            case UniverseSelected(symbols=symbols):
                held = (s for s, p in state.book.positions.items() if p.qty and s not in symbols)
                state.select((*symbols, *held))
                return []
            case FeedChanged(feed=feed, stale=stale, reason=reason):
                if stale:
                    state.stale_feeds[feed] = reason
                else:
                    state.stale_feeds.pop(feed, None)
                return [Alert("critical" if stale else "info", f"feed {feed} {'stale' if stale else 'fresh'}: {reason}")]
            case FeedSwitched():
                return switch_feed(state, event, self.sessions)
            case OperatorSpoke(order=order_given, reason=reason):
                return safety.obey(state, self.config, order_given, reason)
            case SymbolHalted():
                return [*statuses.note_halt(state, event), *settle(state, self.config)]
            case AssetsRead():
                return statuses.note_assets(state, event)
            case DaemonStarted(config=text):
                state.stale_feeds = {}  # what an earlier life said of its feeds; this one's say so anew
                return self._configure(text)
            case JobEnded(job=TickKind.SESSION_CLOSE.value, outcome="skipped"):
                return self._held_over_close()  # nobody was here to tell it then
            case JobEnded() | BarCorrected():
                return []

    def _configure(self, text: str) -> list[Command]:
        """Decide by this configuration from now on. A looser one opens nothing until a person resumes with a reason."""
        state, before = self.state, self.state.config
        if text == before:
            return []
        old, self.config, state.config = config_from_text(before or text), config_from_text(text), text
        prove(self.config.limits)
        self._mind = Mind.of(self.config, self.models[state.model_id] if state.model_id else None)
        state.keep(families_of(self._mind.names))
        said: list[Command] = [Alert("warning", f"the profile has changed: {'; '.join(changes(before, text))}")] if before else []
        return said + safety.await_consent(
            state, (*loosened(old.limits, self.config.limits), *breaker.loosened(old.breaker, self.config.breaker))
        )

    def _held_over_close(self) -> list[Command]:
        held = [s for s, p in self.state.book.positions.items() if p.qty]
        return [Alert("critical", f"held over the close: {', '.join(held)}")] if held else []

    def _on_minute(self, minute: MinuteClosed) -> list[Command]:
        state, session = self.state, self._session
        if session is None or not session.contains(minute.minute_ns):
            session = self._session = self.sessions.at(minute.minute_ns)
        assert session is not None, "a minute outside every session"
        if minute.minute_ns <= state.minute_ns:
            return []  # the same minute again, from another source
        if self.foreseen is not None:
            return self._on_foreseen(minute, session, self.foreseen)
        keep_one_feed(state, minute.feed)
        perceive(state, minute, session, self.config)
        late_s = (minute.ts_event_ns - minute.minute_ns - NS_PER_MINUTE) / NS_PER_S
        is_history = late_s > self.config.bar_late_s_max and not self._has_decided_in(session)
        if is_history and self._mind.playbook is None:
            return []  # warm-up before the first live minute
        opinion = opine(state, minute, session, self._mind, self.config)
        if is_history:
            return []  # strategies remember what they thought
        self._start_day(session)
        first = [*statuses.resumed_by_bars(state, minute), *cancel_overdue(state, self.config.execution.entry_patience_s)]
        first += safety.watch_losses(state, self.config, decision_id(self.config.profile, session, minute.minute_ns))
        decision, entries = decide(state, minute, session, self._mind, opinion, self.config)
        state.decided_minute_ns = minute.minute_ns
        watch(state, minute, self.config, decision.decision_id)
        for symbol, reason in opinion.exits.items():
            state.closing.setdefault(symbol, Closing(reason, decision.decision_id))
        slices, said = sliced(state, minute, session, self.config, entries)
        return [*first, RecordDecision(decision), *submit(state, slices), *said, *settle(state, self.config, again=True)]

    def _on_foreseen(self, minute: MinuteClosed, session: Session, foreseen: Foreseen) -> list[Command]:
        """`_on_minute` with an opinion that is there already."""
        state = self.state
        mark(state, minute, session, self.config)
        late_s = (minute.ts_event_ns - minute.minute_ns - NS_PER_MINUTE) / NS_PER_S
        if late_s > self.config.bar_late_s_max and not self._has_decided_in(session):
            return []  # warm-up
        self._start_day(session)
        first = [*statuses.resumed_by_bars(state, minute), *cancel_overdue(state, self.config.execution.entry_patience_s)]
        first += safety.watch_losses(state, self.config, decision_id(self.config.profile, session, minute.minute_ns))
        t = foreseen.row(minute.minute_ns)
        entries, refused = decide_foreseen(state, minute, session, foreseen, t, self.config)
        self.refused += refused
        state.decided_minute_ns = minute.minute_ns
        held = [p.symbol for p in state.book.positions.values() if p.qty]
        if held:
            watch(state, minute, self.config, decision_id(self.config.profile, session, minute.minute_ns))
            for n in sorted(map(state.place, held)):
                symbol = state.symbols[n]
                if n >= 0 and symbol not in state.closing and foreseen.unwanted(t, n):
                    identity = decision_id(self.config.profile, session, minute.minute_ns)
                    state.closing[symbol] = Closing(f"forecast {foreseen.conviction[t, n]:+.3f}", identity)
        if not (entries or held or state.closing or state.parents or state.book.working):
            return first
        slices, said = sliced(state, minute, session, self.config, entries)
        return [*first, *submit(state, slices), *said, *settle(state, self.config, again=True)]

    def _on_tick(self, tick: Tick) -> list[Command]:
        state, session = self.state, self.sessions.on(tick.session)
        assert session is not None, "a tick without a session"
        identity = decision_id(self.config.profile, session, tick.due_ns)
        match tick.kind:
            case TickKind.REBALANCE:
                self._start_day(session)
                for symbol, position in state.book.positions.items():
                    reason = exits.exit_reason(position.qty, position.cost_units, state.mark(symbol), self.config.exits)
                    if position.qty and reason is not None:
                        state.closing.setdefault(symbol, Closing(f"rebalance {reason}", identity))
            case TickKind.FLATTEN:
                flatten(state, "flat at the close", identity)
                return [*cancel_entries(state, "flat at the close"), *settle(state, self.config)]
            case TickKind.SESSION_CLOSE:
                state.high_water_units = breaker.higher(state.high_water_units, state.equity_units())
                state.book.forget_finished()
                return self._held_over_close()
            case TickKind.RETRAIN:
                return [StartRetrain(tick.session)]
            case TickKind.SESSION_OPEN:
                pass
        return settle(state, self.config)

    def _record_trade(self, fill: Fill) -> list[Command]:
        order = self.state.book.orders[fill.client_order_id]
        if fill.role is Role.ENTRY:
            self.state.unfilled.pop(fill.symbol, None)
        opens = fill.role is Role.ENTRY and fill.symbol not in self.state.trades.open
        protection = (order.bracket or exits.bracket_for(order.reference_units, self.config.exits)) if opens else _KEPT
        flat = self.state.book.qty(fill.symbol) == 0
        why = order.reason if fill.role is Role.EXIT else str(fill.role)
        trade = self.state.trades.apply(fill, order.confidence, protection.stop_units, protection.target_units, flat, why)
        return [RecordTrade(trade)] if trade is not None else []

    def _start_day(self, session: Session) -> None:
        """Reset the day's risk once per session, at 04:00 or at the first minute seen of it."""
        if self.state.session != session.date:
            self.state.session = session.date
            self.state.day_start_equity_units = self.state.equity_units()
            self.state.unfilled = {}
            self.state.filled_ns = {}
            self.state.high_water_units = self.state.high_water_units or breaker.higher(0, self.state.equity_units())

    def _has_decided_in(self, session: Session) -> bool:
        return self.state.decided_minute_ns >= session.open_ns
