"""What the shell remembers of orders at the broker: which are live, and whether a report says anything new. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tradebot.core.domain.commands import Command, ReplaceOrder, SubmitOrder
from tradebot.core.domain.events import Event, OrderRefused, OrderReported, Tick, TickKind
from tradebot.core.domain.orders import OrderReport, OrderStatus

Word = tuple[object, ...]


def _word(report: OrderReport) -> Word:
    """A report without its source and time."""
    return (report.status, report.qty, report.filled_qty, report.filled_units, report.limit_units, report.stop_units, report.replaced_by)


def _family(report: OrderReport) -> Iterator[OrderReport]:
    yield report
    for leg in report.legs:
        yield from _family(leg)


class LiveOrders:
    """Follows the pump: every event and its commands."""

    def __init__(self) -> None:
        self._unanswered: dict[str, int] = {}  # client order id -> when it was decided
        self._known: dict[str, tuple[str, Word]] = {}  # broker id -> client order id, last word
        self._decided_ns: dict[str, int] = {}  # client order id -> when it was decided
        self._live: set[str] = set()  # broker ids
        self._parent: dict[str, str] = {}

    def observe(self, event: Event, commands: Sequence[Command]) -> None:
        match event:
            case OrderReported(report=report):
                if report.source != "stream" or self._is_ours(report):
                    self._unanswered.pop(report.client_order_id, None)
                    self._note(report, "")
            case OrderRefused(client_order_id=client_order_id):
                self._unanswered.pop(client_order_id, None)
            case Tick(kind=TickKind.SESSION_CLOSE):
                self._forget()
            case _:
                pass
        for command in commands:
            if isinstance(command, SubmitOrder | ReplaceOrder):
                self._unanswered[command.intent.client_order_id] = command.intent.decided_ns
                self._decided_ns[command.intent.client_order_id] = command.intent.decided_ns

    def _is_ours(self, report: OrderReport) -> bool:
        """The stream also shows legs before their parent has named them, and orders of other people: those are news until they are read."""
        return report.broker_id in self._known or report.client_order_id in self._decided_ns

    def _note(self, report: OrderReport, parent_id: str) -> None:
        broker_id = report.broker_id
        self._known[broker_id] = (report.client_order_id, _word(report))
        if parent_id:
            self._parent[broker_id] = parent_id
        if report.status.is_terminal or report.status is OrderStatus.DONE_FOR_DAY:
            self._live.discard(broker_id)
        else:
            self._live.add(broker_id)
        for leg in report.legs:
            self._note(leg, broker_id)

    def _forget(self) -> None:
        """After a session only what is live matters: memory is bounded by a day."""
        parents = {self._parent[b] for b in self._live if b in self._parent}
        keep = self._live | parents
        self._known = {b: k for b, k in self._known.items() if b in keep}
        self._parent = {b: p for b, p in self._parent.items() if b in keep}
        kept_ids = {client_order_id for client_order_id, _ in self._known.values()} | self._unanswered.keys()
        self._decided_ns = {c: ns for c, ns in self._decided_ns.items() if c in kept_ids}

    @property
    def any_live(self) -> bool:
        return bool(self._live or self._unanswered)

    def roots(self) -> tuple[str, ...]:
        """Broker ids to read again: live orders, a live leg's parent in its place."""
        return tuple(sorted({self._parent.get(b, b) for b in self._live}))

    def hidden(self, found: Sequence[OrderReport]) -> tuple[str, ...]:
        """Live legs that their parents no longer show: they were replaced, and only they themselves say so."""
        shown = {r.broker_id for report in found for r in _family(report)}
        return tuple(sorted(b for b in self._live if b in self._parent and b not in shown))

    def oldest_ns(self) -> int | None:
        """When the oldest live order of ours was decided; None when one of them is not ours."""
        ages = [self._decided_ns.get(self._known[root][0]) if root in self._known else None for root in self.roots()]
        if any(age is None for age in ages) or not ages:
            return None
        return min(age for age in ages if age is not None)

    def is_news(self, report: OrderReport) -> bool:
        """Does it differ from the last word about the order or one of its legs?"""
        return any(self._known.get(r.broker_id, ("", ()))[1] != _word(r) for r in _family(report))

    def raises_doubt(self, report: OrderReport) -> bool:
        """A leg has ended while its sibling is still called live: the sibling's end may never be streamed."""
        parent = self._parent.get(report.broker_id)
        if parent is None or not report.status.is_terminal:
            return False
        return any(p == parent and b != report.broker_id and b in self._live for b, p in self._parent.items())
