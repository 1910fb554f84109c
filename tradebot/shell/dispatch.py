"""Commands carried out: each order exactly once, all orders of one event at the same time, answers back into the inbox."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

from tradebot.core.domain.commands import Alert, CancelOrder, Command, CompareBooks, LookUpOrder, ReplaceOrder, StartRetrain, SubmitOrder
from tradebot.core.domain.events import GuardRefused, OrderRefused, ReplyLost
from tradebot.core.domain.orders import OrderIntent
from tradebot.shell.broker.alpaca import AlpacaBroker
from tradebot.shell.crash_points import reach
from tradebot.shell.inbox import Inbox
from tradebot.shell.quiet import Quiet
from tradebot.shell.wire_guard import WireGuard


class Dispatch:
    """`start_retrain`, `alert` and `compare` are called for their commands; records were written with the event already.

    `guard` has the last word on each order, and `now_ns` stamps its refusals. `failed` receives the exception of a task that died: nothing
    dies silently.
    """

    def __init__(
        self,
        broker: AlpacaBroker,
        inbox: Inbox,
        quiet: Quiet,
        start_retrain: Callable[[StartRetrain], None],
        alert: Callable[[Alert], None],
        failed: Callable[[BaseException], None],
        guard: WireGuard,
        compare: Callable[[], None],
        now_ns: Callable[[], int],
    ) -> None:
        self._broker = broker
        self._inbox = inbox
        self._quiet = quiet
        self._start_retrain = start_retrain
        self._alert = alert
        self._failed = failed
        self._guard = guard
        self._compare = compare
        self._now_ns = now_ns
        self._tasks: set[asyncio.Task[None]] = set()
        self._intents: dict[str, OrderIntent] = {}  # sent or to be looked up, outcome not known yet
        self._looking: set[str] = set()

    def obey(self, commands: Sequence[Command]) -> None:
        """Their intents are durable: the pump has seen to it."""
        for command in commands:
            match command:
                case SubmitOrder(intent=intent) | ReplaceOrder(intent=intent):
                    assert intent.client_order_id not in self._intents, f"order sent twice: {intent.client_order_id}"
                    held_back = self._held_back(intent)
                    if held_back is not None:
                        self._inbox.put(held_back)
                        continue
                    self._intents[intent.client_order_id] = intent
                    self._go(self._submit(intent))
                case CancelOrder(broker_id=broker_id):
                    self._go(self._cancel(broker_id))
                case LookUpOrder(client_order_id=client_order_id):
                    self.find_out(client_order_id)
                case StartRetrain():
                    self._start_retrain(command)
                case CompareBooks():
                    self._compare()
                case Alert():
                    self._alert(command)
                case _:
                    pass  # records

    def _held_back(self, intent: OrderIntent) -> OrderRefused | GuardRefused | None:
        """Why an order must not leave: it is too late for it, or the guard does not let it out."""
        key, now_ns = intent.client_order_id, self._now_ns()
        if late := self._guard.too_late(intent):
            return OrderRefused(ts_event_ns=now_ns, client_order_id=key, code=0, reason=late)
        if refusal := self._guard.refusal(intent):
            return GuardRefused(ts_event_ns=now_ns, client_order_id=key, reason=refusal)
        return None

    def adopt(self, intents: Sequence[OrderIntent]) -> None:
        """Intents of an earlier life whose fate is not known. They are looked up, and sent again only when proven absent."""
        for intent in intents:
            self._intents[intent.client_order_id] = intent
            self._guard.know(intent.client_order_id)

    def find_out(self, client_order_id: str) -> None:
        """Look an order up in the background, unless that is being done."""
        if client_order_id not in self._looking:
            self._looking.add(client_order_id)
            self._go(self.look_up(client_order_id))

    async def _submit(self, intent: OrderIntent) -> None:
        reach("replacement_durable_not_sent" if intent.replaces else "intent_durable_not_sent")
        event = await self._broker.submit(intent)
        reach("reply_not_journaled")
        if not isinstance(event, ReplyLost):
            self._intents.pop(intent.client_order_id, None)
        self._inbox.put(event)
        await self._follow_replaced(intent)

    async def _follow_replaced(self, intent: OrderIntent | None) -> None:
        """How the order stands that was to be replaced: it may have filled instead, and no list shows a replaced leg."""
        if intent is not None and intent.replaces:
            reach("replaced_not_read")
            for event in await self._broker.standing(intent.replaces):
                self._inbox.put(event)

    async def look_up(self, client_order_id: str) -> None:
        """Find out, and put the answer into the inbox."""
        intent = self._intents.get(client_order_id)
        event = await self._broker.look_up(client_order_id, intent)
        self._intents.pop(client_order_id, None)
        self._looking.discard(client_order_id)
        self._inbox.put(event)
        await self._follow_replaced(intent)

    async def _cancel(self, broker_id: str) -> None:
        reach("cancel_not_sent")
        for event in await self._broker.cancel(broker_id):
            self._inbox.put(event)

    def _go(self, work: Coroutine[Any, Any, None]) -> None:
        self._quiet.begin()
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        self._quiet.end()
        error = None if task.cancelled() else task.exception()
        if error is not None:
            self._failed(error)

    async def finish(self, timeout_s: float) -> None:
        """Let what is on the wire come back; what does not is found again by the next start's look-up."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=timeout_s)
        for task in self._tasks:
            task.cancel()
