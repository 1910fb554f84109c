"""The invariants of FIELD.md 4.3, held against the daemon after every step of the world and against the broker's own ledger.

INVARIANTS is the registry. `Watch` keeps what they look at: what was durable when an order left, what the broker took, what the engine
knows. A broken one ends the world with its seed, instant, faults and the events before it.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Final

import msgspec

from scripts.simulation.http import Answer, Question
from scripts.simulation.loop import NS_PER_S
from scripts.simulation.world import Death, World
from tradebot.core.domain.commands import Command, RecordDecision, RecordFill, SubmitOrder
from tradebot.core.domain.events import (
    AccountReconciled,
    CashPosted,
    Event,
    MinuteClosed,
    OperatorOrder,
    OperatorSpoke,
    Tick,
    TickKind,
)
from tradebot.core.domain.orders import OrderIntent, Role
from tradebot.core.domain.units import NS_PER_MINUTE
from tradebot.core.state import Safety
from tradebot.shell.store.writer import Append, Job

EVENTS_KEPT: Final = 20
RECONCILE_S: Final = 240  # T_recon: so long, and the interval of reconciliation, after faults and moving orders books may differ
RANK: Final = {Safety.ACTIVE: 0, Safety.REDUCING: 1, Safety.HALTED: 2}
RESEND_S: Final = 45  # an order in doubt may be sent again for so long after its decision
POSTS_A_MINUTE_MAX: Final = 12  # of one symbol; more is a loop
STRANGERS: Final = ("by-hand-", "liquidation-")  # how the client ids of others begin
STATE_BYTES_MAX: Final = 400_000
JOBS: Final = tuple(kind.value for kind in TickKind)

INVARIANTS: Final = {
    "I1": "an intent becomes at most one broker order; it is sent again only after look-ups that found nothing",
    "I2": "no order is sent before its intent is durable",
    "I3": "what goes out is what was decided: symbol, side and shares",
    "I4": "our positions are the broker's, or the symbol is locked, within T_recon",
    "I5": "each fill is applied exactly once",
    "I6": "every open broker order is known to us or flagged as external",
    "I7": "no limit is exceeded, open and in-flight orders counted: positions, order size, orders a minute, never short",
    "I8": "safety only tightens by itself; loosening takes a person, a reason and a clean comparison",
    "I9": "equity, high-water mark and prices are whole numbers",
    "I10": "no entry outside the session or on old data",
    "I11": "what reduces risk is not held up: flat after the close, or a person was told",
    "I13": "cash is conserved to the unit: ours is the broker's less what it has not posted yet",
    "I14": "the hash chain of the journal holds",
    "I15": "replaying the journal gives the same orders and the same state",
    "I22": "memory is bounded: orders, reports and the state's bytes",
    "I23": "after a kill or a halt nothing increases risk",
    "I24": "every scheduled job has exactly one outcome record a session",
    "I25": "every decision has a reason for every symbol, every minute of the session one decision or a cause",
    "I27": "after faults stop the daemon is reconciled and trades, or says why not",
    "F7": "no task dies of a bug",
}


@dataclass(frozen=True, slots=True)
class Violation:
    invariant: str
    words: str
    ts_ns: int


class Broken(Exception):
    """The world ends here."""


@dataclass(slots=True)
class Sent:
    """An order's way: how often it was posted, look-ups that found nothing since, and whether the broker took it."""

    intent: OrderIntent
    posts: int = 0
    absent: int = 0
    taken: int = 0


@dataclass(slots=True)
class Doubt:
    """What faults excuse. `active` counts episodes under way; `strangers` are symbols that others trade."""

    active: int = 0
    since_ns: int = 0  # the last one began or ended
    until_ns: int = 0  # nobody restarts the daemon before
    strangers: set[str] = field(default_factory=set)


class Watch:
    """Hang it on a world with `attach`; `violation` is the first one found."""

    def __init__(self, world: World, doubt: Doubt) -> None:
        self.world = world
        self.doubt = doubt
        self.violation: Violation | None = None
        self.recent: deque[tuple[int, Event, Sequence[Command]]] = deque(maxlen=EVENTS_KEPT)
        self.sent: dict[str, Sent] = {}
        self.posts: dict[str, deque[int]] = {}  # when orders of a symbol went out
        self.durable: dict[str, OrderIntent] = {}
        self.fills: Counter[str] = Counter()
        self.safety = Safety.ACTIVE
        self.wish = ""
        self.tight_ns: int | None = None  # since when nothing may increase risk
        self.last_minute_ns = 0
        self.moved_ns = 0  # the broker's orders changed last
        self.updates = 0
        self.orders_known = 0  # of the broker's, looked at so far
        self.decided: set[int] = set()
        self.counts: Counter[str] = Counter()
        self.told: deque[tuple[int, str, str]] = deque(maxlen=50)
        self.alerts: list[tuple[int, str]] = []
        self.chained = b""  # the journal's last hash, once the world is over

    def attach(self) -> None:
        world = self.world
        world.observe = self.on_event
        world.broker.arrives = self.on_question
        world.broker.answered = self.on_answer
        world.broker.told = self.on_told
        world.disk.committed = self.on_commit
        world.reported = self.on_report
        world.market_moved = self.on_market
        world.died = self.on_death

    def fail(self, invariant: str, words: str) -> None:
        if self.violation is None:
            assert invariant in INVARIANTS, invariant
            self.violation = Violation(invariant, words, self.world.now_ns)
        self.world.abandon()
        raise Broken(f"{invariant}: {words}")

    def check(self, holds: bool, invariant: str, words: str) -> None:
        if not holds:
            self.fail(invariant, words)

    # ---- the daemon's side

    def on_report(self, severity: str, words: str) -> None:
        self.told.append((self.world.now_ns, severity, words))
        if severity == "critical":
            self.alerts.append((self.world.now_ns, words))

    def on_commit(self, batch: Sequence[Job]) -> None:
        for job in batch:
            if isinstance(job, Append):
                for command in job.commands:
                    if isinstance(command, SubmitOrder):
                        self.durable[command.intent.client_order_id] = command.intent

    def on_event(self, event: Event, commands: Sequence[Command]) -> None:
        world = self.world
        self.recent.append((world.now_ns, event, commands))
        self.counts[type(event).__name__] += 1
        engine = world.engine
        assert engine is not None
        state = engine.state
        self._watch_safety(event, state.safety)
        for command in commands:
            if isinstance(command, RecordFill):
                self._watch_fill(command)
            elif isinstance(command, SubmitOrder):
                self.counts[command.intent.role] += 1
            elif isinstance(command, RecordDecision):
                decision = command.decision
                good = len(decision.reasons) == len(decision.symbols) == len(state.symbols) and all(decision.reasons)
                self.check(good, "I25", f"the decision {decision.decision_id} lacks reasons: {decision.reasons}")
                self.decided.add(decision.minute_ns)
        if isinstance(event, MinuteClosed):
            self.last_minute_ns = max(self.last_minute_ns, event.minute_ns)
            self._watch_books()
        elif isinstance(event, Tick) and event.kind is TickKind.SESSION_CLOSE:
            size = len(engine.snapshot())
            self.check(size <= STATE_BYTES_MAX, "I22", f"the state has {size} bytes")
            book = state.book
            count = len(book.orders) + len(book.unclaimed)
            self.check(count <= 200, "I22", f"{count} orders are remembered after the close")
        whole = isinstance(state.high_water_units, int) and isinstance(state.book.cash_units, int)
        self.check(whole, "I9", "money is no whole number")

    def _watch_safety(self, event: Event, now: Safety) -> None:
        if isinstance(event, OperatorSpoke):
            if event.order is OperatorOrder.RESUME:
                self.wish = event.reason
            elif event.order in (OperatorOrder.KILL, OperatorOrder.HALT, OperatorOrder.PAUSE, OperatorOrder.FLATTEN):
                self.wish = ""
        if RANK[now] < RANK[self.safety]:
            lifted = isinstance(event, AccountReconciled) and self.wish
            self.check(bool(lifted), "I8", f"{self.safety} became {now} by {type(event).__name__}")
        if RANK[now] > 0 and self.tight_ns is None:
            self.tight_ns = self.world.now_ns
        elif RANK[now] == 0:
            self.tight_ns = None
        self.safety = now

    def _watch_fill(self, command: RecordFill) -> None:
        fill = command.fill
        self.fills[fill.fill_id] += 1
        self.check(self.fills[fill.fill_id] == 1, "I5", f"the fill {fill.fill_id} of {fill.client_order_id} was applied twice")

    def _watch_books(self) -> None:
        """I4, I6 and I13, once faults and orders have been quiet for T_recon."""
        world, doubt = self.world, self.doubt
        quiet_ns = world.now_ns - max(self.moved_ns, doubt.since_ns)
        if doubt.active or quiet_ns < (RECONCILE_S + world.knobs.reconcile_s) * NS_PER_S or world.engine is None:
            return
        state, venue = world.engine.state, world.simulator.venue
        if not state.book.opened:
            return
        moving = {o.symbol for o in venue.open_orders if not o.parent_id and o.filled_qty < o.qty and o.order_class != "oco"}
        for symbol in sorted({*venue.positions, *state.book.positions}):
            held = venue.positions.get(symbol)
            theirs, ours = held.qty if held is not None else 0, state.book.qty(symbol)
            excused = symbol in state.locked and symbol in doubt.strangers  # a lock that nobody outside explains hides a bug of ours
            agree = theirs == ours or excused or symbol in moving
            self.check(agree, "I4", f"{symbol}: we hold {ours}, the broker says {theirs}")
        for order in venue.open_orders:
            known = order.id in state.book.key_of_broker_id or order.id in state.book.unclaimed or order.symbol in state.locked
            self.check(known, "I6", f"the broker's open order {order.id} ({order.client_order_id}) is unknown to us")
        if not moving and not doubt.strangers and not state.locked:
            self._watch_cash()

    def _watch_cash(self) -> None:
        world = self.world
        assert world.engine is not None
        book, venue = world.engine.state.book, world.simulator.venue
        unposted = sum(a.net_units for a in venue.activities if a.kind != "FILL" and a.id not in book.posted_ids)
        theirs = venue.cash_units - unposted
        self.check(book.cash_units == theirs, "I13", f"we count {book.cash_units} units of cash, the broker {theirs}")

    # ---- the broker's side

    def on_question(self, question: Question) -> None:
        if question.method == "POST" and question.path == "/v2/orders":
            self._watch_order(msgspec.json.decode(question.body))

    def _watch_order(self, body: dict[str, Any]) -> None:
        key = str(body["client_order_id"])
        intent = self.durable.get(key)
        self.check(intent is not None, "I2", f"{key} was sent and its intent is not durable")
        assert intent is not None
        sent = self.sent.setdefault(key, Sent(intent))
        if sent.posts:
            self.check(sent.absent >= 2, "I1", f"{key} was sent again after {sent.absent} look-ups that found nothing")
        sent.posts, sent.absent = sent.posts + 1, 0
        posts = self.posts.setdefault(intent.symbol, deque(maxlen=POSTS_A_MINUTE_MAX))
        minute_ns = self.world.now_ns - posts[0] if len(posts) == POSTS_A_MINUTE_MAX else NS_PER_MINUTE
        self.check(minute_ns >= NS_PER_MINUTE, "I7", f"{key} is order {POSTS_A_MINUTE_MAX + 1} of {intent.symbol} within a minute")
        posts.append(self.world.now_ns)
        same = body["symbol"] == intent.symbol and int(body["qty"]) == intent.qty and body["side"] == intent.side.value
        self.check(same, "I3", f"{key} went out as {body}, decided was {intent}")
        if intent.role is Role.ENTRY:
            self._watch_entry(key, intent)

    def _watch_entry(self, key: str, intent: OrderIntent) -> None:
        world, now_ns = self.world, self.world.now_ns
        limits = world.config.limits
        venue = world.simulator.venue
        age_s = (now_ns - intent.decided_ns - world.wall.error_ns) / NS_PER_S
        in_session = world.market.table.at(now_ns) is not None or world.market.table.at(now_ns - RESEND_S * NS_PER_S) is not None
        self.check(in_session or world.wall.error_ns != 0, "I10", f"{key} was sent outside the session")
        self.check(age_s <= RESEND_S or self.doubt.active > 0, "I10", f"{key} was sent {age_s:.0f} s after its decision")
        others = {s for s in venue.positions if s != intent.symbol} | {o.symbol for o in venue.open_orders if o.symbol != intent.symbol}
        others -= self.doubt.strangers
        self.check(len(others) + 1 <= limits.positions_max, "I7", f"{key} is position {len(others) + 1} of {limits.positions_max}")
        usd = intent.qty * intent.reference_units / 10_000
        self.check(usd <= limits.order_usd_max, "I7", f"{key} is worth {usd:.0f} dollars")
        if self.tight_ns is not None:
            late_s = (now_ns - self.tight_ns) / NS_PER_S
            self.check(late_s <= RESEND_S, "I23", f"{key} was sent {late_s:.0f} s after nothing new was allowed")

    def on_told(self, question: Question, answer: Answer) -> None:
        if question.path == "/v2/orders:by_client_order_id" and answer.status_code == 404:
            sent = self.sent.get(question.params.get("client_order_id", ""))
            if sent is not None:
                sent.absent += 1

    def on_answer(self, question: Question, answer: Answer) -> None:
        if question.method == "POST" and question.path == "/v2/orders" and answer.status_code < 300:
            key = str(msgspec.json.decode(question.body)["client_order_id"])
            self.sent[key].taken += 1
            self.moved_ns = self.world.now_ns
        elif question.method in ("DELETE", "PATCH"):
            self.moved_ns = self.world.now_ns

    def on_market(self) -> None:
        """After every step of the market: executions may have happened."""
        venue = self.world.simulator.venue
        if len(venue.orders) != self.orders_known:
            self._watch_new_orders()
        count = len(venue.activities)
        if count == self.updates:
            return
        self.updates = count
        self.moved_ns = self.world.now_ns
        for symbol, held in venue.positions.items():
            if symbol not in self.doubt.strangers:
                self.check(held.qty >= 0, "I7", f"{symbol} was sold short: {held.qty}")

    def _watch_new_orders(self) -> None:
        """Nothing is at the broker that nobody decided: no copy of an order under another id."""
        orders = self.world.simulator.venue.orders
        for order in islice(orders.values(), self.orders_known, None):
            ours = order.client_order_id in self.sent or order.parent_id or order.replaces
            decided = ours or order.client_order_id.startswith(STRANGERS)
            self.check(bool(decided), "I1", f"the broker has an order that nobody decided: {order.client_order_id}")
        self.orders_known = len(orders)

    def on_death(self, death: Death) -> None:
        if death.how == "bug" and self.violation is None:
            self.violation = Violation("F7", death.words, death.ts_ns)
        if death.how in ("killed", "fault"):
            self._forget_the_lost()

    def _forget_the_lost(self) -> None:
        """What was not durable did not happen: it will be told again. What was, counts, also where the life ended before it heard of it."""
        import sqlite3

        connection = sqlite3.connect(self.world.disk.path)
        try:
            self.fills = Counter(row[0] for row in connection.execute("select fill_id from fills"))
            for key, body in connection.execute("select client_order_id, body from intents"):
                self.durable.setdefault(key, msgspec.msgpack.decode(body, type=OrderIntent))
        except sqlite3.OperationalError:
            self.fills = Counter()
        finally:
            connection.close()
        self.recent.append((self.world.now_ns, _ENDED, ()))


_ENDED: Final = CashPosted(ts_event_ns=0, activity_id="", kind="the daemon's life ended here", amount_units=0)
