"""The in-process driver: the same engine, minute by minute, against the venue, with no wire in between.

At each instant the venue moves first (fills up to and including it), then the minute that just ended is handed to the
engine, then the ticks that are due; every command is obeyed at once and its consequences are handled before time moves on.
"""

from __future__ import annotations

import datetime as dt
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from tradebot.core.domain.bars import MarketGrid
from tradebot.core.domain.commands import CancelOrder, Command, CompareBooks, ReplaceOrder, StartRetrain, SubmitOrder
from tradebot.core.domain.events import (
    AccountReconciled,
    CancelRefused,
    CashPosted,
    Event,
    ModelPromoted,
    OrderRefused,
    OrderReported,
    PositionFact,
    Tick,
    UniverseSelected,
)
from tradebot.core.domain.session import Session
from tradebot.core.domain.tape import minute_of, minutes_of
from tradebot.core.domain.timetable import TimetableConfig, day_plan
from tradebot.core.domain.units import NS_PER_MINUTE, NS_PER_S
from tradebot.core.engine import Engine
from tradebot.sim.venue import Venue
from tradebot.sim.venue_orders import Refusal, Replacement, new_order, report_of

Observer = Callable[[Event, Sequence[Command]], None]
Retrain = Callable[[dt.date], ModelPromoted | None]


def _ignore(event: Event, commands: Sequence[Command]) -> None:
    pass


def _keep_model(session: dt.date) -> None:
    return None


@dataclass(slots=True)
class Simulation:
    """One engine on one venue. `grid` holds the warm-up sessions too; those before the venue's start are perceived only,
    from `warm_from_ns` on.

    `grace_s`: how long the daemon would wait for a missing bar before it closes the minute without it.
    """

    engine: Engine
    venue: Venue
    grid: MarketGrid
    timetable: TimetableConfig = field(default_factory=TimetableConfig)
    grace_s: float = 2.0
    observer: Observer = _ignore
    retrain: Retrain = _keep_model
    feed: str = "sim"
    warm_from_ns: int = 0
    _inbox: deque[Event] = field(default_factory=deque)
    _posted: int = 0

    def run(self, model_id: str, manifest_sha256: str = "") -> None:
        """Open the books, promote the model, warm up, and trade every session that opens after the venue's start.

        `model_id` "" is for a profile that needs no model.
        """
        start_ns = self.venue.now_ns
        self._handle(self._account())
        self._handle(UniverseSelected(ts_event_ns=start_ns, symbols=self.grid.symbols, reason="simulation"))
        if model_id:
            self._handle(ModelPromoted(ts_event_ns=start_ns, model_id=model_id, manifest_sha256=manifest_sha256, reason="simulation"))
        first, end = self.grid.minute_ns.searchsorted([self.warm_from_ns, start_ns - NS_PER_MINUTE + 1])
        for t in range(int(first), int(end)):
            if self.grid.present[t].any():
                self._handle(minute_of(self.grid, t, start_ns, feed=self.feed, is_history=True))
        for session in (s for s in self.grid.sessions if s.open_ns >= start_ns):
            for at_ns, event in self._day(session):
                self._run_until(at_ns)
                self._tell(event)
                if self._inbox:
                    self._pump()
        self._handle(self._account())

    def _day(self, session: Session) -> Iterator[tuple[int, Event]]:
        """A session's minutes and ticks in time order, a minute before a tick of the same instant."""
        events: list[tuple[int, int, Event]] = []
        first = int(self.grid.minute_ns.searchsorted(session.open_ns))
        rows = slice(first, first + session.minutes)
        late_ns = np.where(self.grid.present[rows].all(axis=1), 0, int(self.grace_s * NS_PER_S))
        known_ns = (self.grid.minute_ns[rows] + NS_PER_MINUTE + late_ns).tolist()
        events += [(minute.ts_event_ns, 0, minute) for minute in minutes_of(self.grid, first, known_ns, feed=self.feed)]
        for due_ns, kind in day_plan(session, self.timetable, self.engine.config.exits.flatten_before_close_min):
            if due_ns >= self.venue.now_ns:
                events.append((due_ns, 1, Tick(ts_event_ns=due_ns, kind=kind, session=session.date, due_ns=due_ns)))
        events.sort(key=lambda e: e[:2])
        return ((at_ns, event) for at_ns, _, event in events)

    def _run_until(self, to_ns: int) -> None:
        """Move the venue to an instant, stopping wherever it has something to say, so that answers are given in time."""
        venue = self.venue
        while (next_ns := venue.next_instant()) is not None and next_ns <= to_ns:
            venue.advance(next_ns)
            self._drain()
            self._pump()
            if next_ns == to_ns:
                return
        venue.advance(to_ns)  # nothing happens on the way

    def _handle(self, event: Event) -> None:
        """Hand over one event and everything that follows from it at this instant."""
        self._inbox.append(event)
        self._pump()

    def _pump(self) -> None:
        while self._inbox:
            self._tell(self._inbox.popleft())

    def _tell(self, event: Event) -> None:
        """Hand over one event and obey what comes of it; the answers wait in the inbox."""
        commands = self.engine.handle(event)
        self.observer(event, commands)
        for command in commands:
            self._obey(command)

    def _obey(self, command: Command) -> None:
        now_ns = self.venue.now_ns
        match command:
            case SubmitOrder(intent=intent):
                answer = self.venue.submit(new_order(intent))
                if isinstance(answer, Refusal):
                    refused = OrderRefused(
                        ts_event_ns=now_ns, client_order_id=intent.client_order_id, code=answer.code, reason=answer.message
                    )
                    self._inbox.append(refused)
                else:
                    self._inbox.append(OrderReported(ts_event_ns=now_ns, report=answer))
                self._drain()
            case ReplaceOrder(intent=intent):
                change = Replacement(
                    limit_units=intent.limit_units or None, stop_units=intent.stop_units or None, client_order_id=intent.client_order_id
                )
                new = self.venue.replace(intent.replaces, change)
                if isinstance(new, Refusal):
                    refused = OrderRefused(ts_event_ns=now_ns, client_order_id=intent.client_order_id, code=new.code, reason=new.message)
                    self._inbox.append(refused)
                else:
                    self._inbox.append(OrderReported(ts_event_ns=now_ns, report=report_of(new)))
                self._drain()
            case CancelOrder(broker_id=broker_id):
                refusal = self.venue.cancel(broker_id)
                if refusal is not None:
                    self._inbox.append(CancelRefused(ts_event_ns=now_ns, broker_id=broker_id, reason=refusal.message))
                self._drain()
            case CompareBooks():
                self._inbox.append(self._account())
            case StartRetrain(session=session):
                promoted = self.retrain(session)
                if promoted is not None:
                    self._inbox.append(promoted)
            case _:
                pass  # records and alerts are the observer's

    def _drain(self) -> None:
        for update in self.venue.drain():
            self._inbox.append(OrderReported(ts_event_ns=update.ts_ns, report=update.report))
        activities = self.venue.activities
        while self._posted < len(activities):
            activity = activities[self._posted]
            self._posted += 1
            if activity.kind != "FILL":
                posted = CashPosted(
                    ts_event_ns=activity.ts_ns, activity_id=activity.id, kind=activity.kind, amount_units=activity.net_units
                )
                self._inbox.append(posted)

    def _account(self) -> AccountReconciled:
        held = tuple(PositionFact(s, p.qty, p.cost_units) for s, p in sorted(self.venue.positions.items()) if p.qty)
        return AccountReconciled(ts_event_ns=self.venue.now_ns, account_number="SIM", cash_units=self.venue.cash_units, positions=held)
