"""Our books beside the broker's: at start before anything is decided, and at quiet hours.

A new journal adopts what is there (the first `AccountReconciled` opens the book). An older one first learns what became of every intent and
every order that was live when it ended; only then are the books compared.
"""

from __future__ import annotations

import asyncio
import datetime as dt
from typing import Final

import msgspec

from tradebot.core.domain.events import AccountReconciled, CashPosted, OrderReported, PositionFact
from tradebot.core.domain.faults import OperatorFault
from tradebot.core.domain.orders import OrderReport
from tradebot.core.domain.units import NS_PER_S
from tradebot.shell.broker.alpaca import AlpacaBroker
from tradebot.shell.broker.live_orders import LiveOrders
from tradebot.shell.broker.wire import AccountFact
from tradebot.shell.clock import Clock
from tradebot.shell.crash_points import reach
from tradebot.shell.dispatch import Dispatch
from tradebot.shell.inbox import Inbox
from tradebot.shell.store.journal import Journal

BASELINE_MARK: Final = "cash_activities_before"
SINCE_MARK: Final = "cash_activities_since"
QUIET_READS: Final = 5
LIST_LAG_NS: Final = 60 * NS_PER_S
OVERLAP: Final = dt.timedelta(days=7)  # the broker may book an activity under an earlier day


Reading = tuple[str, int, tuple[PositionFact, ...]]


class Reconciler:
    """`last_account` and `last_positions` are what the broker said last."""

    def __init__(self, broker: AlpacaBroker, clock: Clock, inbox: Inbox, journal: Journal, dispatch: Dispatch, live: LiveOrders) -> None:
        self._live = live
        self._listed_ns = journal.last_ns  # up to when the list of orders was read
        self._reading: Reading | None = None  # the last one that was stated
        self._broker = broker
        self._clock = clock
        self._inbox = inbox
        self._journal = journal
        self._dispatch = dispatch
        self._posted: set[str] = set()
        self._since_day = ""
        self.last_account: AccountFact | None = None
        self.last_positions: tuple[PositionFact, ...] = ()

    async def open_book(self) -> None:
        """A new journal: the broker's books are the opening balance, and cash moved before is in it already."""
        self._since_day = self._day(self._clock.now_ns())
        self._posted = {activity.activity_id for activity in await self._broker.cash_activities(self._after())}
        self._journal.mark(SINCE_MARK, self._since_day)
        self._journal.mark(BASELINE_MARK, msgspec.json.encode(sorted(self._posted)).decode())
        self._listed_ns = self._clock.now_ns()
        reports = await self._broker.orders("open", source="poll")
        await self._state_account()
        for report in reports:
            self._report(report)

    async def resume(self) -> None:
        """An older journal: intents without an answer, orders that were live, cash that moved, then the comparison."""
        self._since_day = self._journal.read_mark(SINCE_MARK) or ""
        self._posted = set(msgspec.json.decode(self._journal.read_mark(BASELINE_MARK) or "[]", type=list[str]))
        unresolved = self._journal.unresolved_intents()
        self._dispatch.adopt(unresolved)
        await asyncio.gather(*(self._dispatch.look_up(intent.client_order_id) for intent in unresolved))
        reach("orders_half_read")
        reported = {}
        for report in await self._broker.orders("open", source="poll"):
            reported[report.broker_id] = report
        missing = [broker_id for broker_id in self._journal.open_orders() if broker_id not in reported]
        for report in await asyncio.gather(*(self._broker.order(broker_id, "poll") for broker_id in missing)):
            reported[report.broker_id] = report
        for report in sorted(reported.values(), key=lambda r: r.ts_event_ns):
            self._report(report)
        await self.compare()

    async def compare(self) -> None:
        """Post cash that moved, then state the account. Raises as the broker's reads do."""
        await self.post_cash()
        await self._state_account()

    async def post_cash(self) -> None:
        for activity in await self._broker.cash_activities(self._after()):
            if activity.activity_id in self._posted:
                continue
            self._posted.add(activity.activity_id)
            self._inbox.put(
                CashPosted(
                    ts_event_ns=self._clock.now_ns(),
                    activity_id=activity.activity_id,
                    kind=activity.kind,
                    amount_units=activity.amount_units,
                    note=activity.note,
                )
            )

    async def _state_account(self) -> None:
        """Account and positions of one quiet instant: read until two readings agree and no order has moved between them.

        The orders are read last: what they explain is told before the books that they explain.
        """
        before, told = self._reading, list[OrderReport]()
        for _ in range(QUIET_READS):
            account, positions = await asyncio.gather(self._broker.account(), self._broker.positions())
            reading = (account.number, account.cash_units, positions)
            news = [report for report in await self._orders() if report not in told]
            told += news
            if reading == before and not news:
                break
            before = reading
            reach("books_half_read")
        for report in told:
            self._report(report)
        self.last_account, self.last_positions, self._reading = account, positions, reading
        self._inbox.put(
            AccountReconciled(
                ts_event_ns=self._clock.now_ns(),
                account_number=account.number,
                cash_units=account.cash_units,
                positions=positions,
                blocked=blocked_reason(account),
            )
        )

    async def _orders(self) -> list[OrderReport]:
        """Those that came since the last look, whoever sent them, if they say anything new. A list may lag by half a minute."""
        now_ns = self._clock.now_ns()
        found = await self._broker.orders("all", self._listed_ns - LIST_LAG_NS)
        self._listed_ns = now_ns
        return [report for report in found if self._live.is_news(report)]

    def _report(self, report: OrderReport) -> None:
        self._inbox.put(OrderReported(ts_event_ns=self._clock.now_ns(), report=report))

    def _after(self) -> str | None:
        return (dt.date.fromisoformat(self._since_day) - OVERLAP).isoformat() if self._since_day else None

    @staticmethod
    def _day(ts_ns: int) -> str:
        return dt.datetime.fromtimestamp(ts_ns // NS_PER_S, dt.UTC).date().isoformat()


def usable(account: AccountFact) -> AccountFact:
    """Raises OperatorFault when the account may not trade."""
    reason = blocked_reason(account)
    if reason:
        raise OperatorFault(reason)
    return account


def blocked_reason(account: AccountFact) -> str:
    """Why the broker lets nothing be traded, "" where it does."""
    if not account.blocked and account.status == "ACTIVE":
        return ""
    return f"account {account.number} may not trade: status {account.status}{', blocked' if account.blocked else ''}"
