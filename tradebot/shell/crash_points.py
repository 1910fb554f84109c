"""Named places where a process may be killed, so that a harness can kill it at each of them (FIELD.md F1).

With `TRADEBOT_CRASH=point:n` in its environment a process sends itself SIGKILL when it reaches the point for the n-th time; `point:n:live`
counts from the moment at which the daemon trades. Unarmed, `reach` costs one call. Who arms is `scripts/prove-kill`.
"""

from __future__ import annotations

import os
import signal
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

ENVIRONMENT: Final = "TRADEBOT_CRASH"
COUNT: Final = "count"
LIVE: Final = "live"

POINTS: Final[Mapping[str, str]] = {
    "schema_half_made": "the tables of a new journal are made, its version is not written",
    "columns_added_not_filled": "an older journal has its new tables and columns, nothing is in them",
    "chain_half_made": "some of an older journal's events are chained, not all",
    "migrated_not_stamped": "an older journal is brought up to date, its version still says the old one",
    "event_handled_not_written": "the engine has taken an event, the journal knows nothing of it",
    "event_durable_not_obeyed": "an event and what it asks for are durable, nothing of it has been obeyed",
    "intent_not_written": "the event is in the transaction, the intent of its order is not",
    "intent_not_committed": "the intent is in the transaction, which is not committed",
    "intent_not_announced": "the intent is committed, nobody has been told",
    "intent_durable_not_sent": "the intent is durable, the order's request is not on the wire",
    "order_sent_not_answered": "the order's request is on the wire, no byte of an answer has been read",
    "reply_not_journaled": "the answer to an order was read, the journal does not know it",
    "replacement_durable_not_sent": "the intent of a replacement is durable, its request is not on the wire",
    "replacement_sent_not_answered": "the request for a replacement is on the wire, no byte of an answer has been read",
    "replaced_not_read": "a replacement was answered, how the order stands that was to go was not read",
    "look_up_not_sent": "an order in doubt is about to be looked up",
    "cancel_not_sent": "a cancel is durable, its request is not on the wire",
    "cancel_not_answered": "a cancel was carried out, how the order stands now was not read",
    "fill_not_written": "a fill's event is in the transaction, its row is not",
    "fill_not_committed": "a fill is in the transaction, which is not committed",
    "bulk_not_committed": "decisions are in the transaction, which is not committed",
    "snapshot_not_written": "a snapshot was taken, it is not in the transaction",
    "snapshot_not_committed": "a snapshot is in the transaction, which is not committed",
    "promotion_not_handled": "a model was chosen, the engine does not know it",
    "promotion_not_written": "the engine has a new model, the journal does not know it",
    "books_half_read": "the broker's books were read once, the second reading is still to come",
    "orders_half_read": "a start has looked up what was in doubt, live orders are still to be read",
    "poll_half_read": "the broker's orders were read, none of the news is handed on",
    "tick_not_set": "a scheduled instant has come, its tick is not in the inbox",
    "tick_not_recorded": "a scheduled tick is in the inbox, its outcome record is not",
    "stopping": "the daemon was asked to stop, nothing has been ended",
    "books_compared_not_flushed": "the last comparison is done, the journal is not flushed",
}
"""Each point with what is true there. Each name stands in the source at least once, and no other does."""


def kill_process() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


class _Aim:
    """What this process is armed for, and how often each point was reached since."""

    def __init__(self) -> None:
        self.hits: Counter[str] = Counter()
        self.is_armed = False
        self.point, self.left, self.waits = "", 0, False
        self.kill: Callable[[], None] = kill_process

    def take(self, order: str) -> None:
        self.hits.clear()
        self.is_armed, self.point, self.left, self.waits = bool(order), "", 0, False
        if order in ("", COUNT):
            return
        match order.split(":"):
            case [point, n, *live] if point in POINTS and n.isdigit() and live in ([], [LIVE]):
                self.point, self.left, self.waits = point, int(n), bool(live)
            case _:
                raise ValueError(f"{ENVIRONMENT}={order!r}: expected point:n[:live], and a point of {', '.join(POINTS)}")

    def count(self, point: str) -> None:
        assert point in POINTS, point
        self.hits[point] += 1
        if point == self.point and not self.waits:
            self.left -= 1
            if self.left == 0:
                self.kill()


_aim = _Aim()


def reach(point: str) -> None:
    """This process is at `point`."""
    if _aim.is_armed:
        _aim.count(point)


def arm(order: str, kill: Callable[[], None] = kill_process) -> None:
    """`point:n[:live]`, or `count` to count all hits; "" disarms. Raises ValueError for a point that does not exist.

    `kill` is what a simulated process dies of (scripts/simulation): it raises, and never returns.
    """
    _aim.take(order)
    _aim.kill = kill


def hits() -> dict[str, int]:
    """How often each point was reached since this process was armed."""
    return dict(_aim.hits)


def trades() -> None:
    """The daemon is live: `point:n:live` counts from here."""
    _aim.waits = False


def traced(point: str) -> Mapping[str, Callable[[str, Mapping[str, Any]], Awaitable[None]]]:
    """A request's extension that reaches `point` once the request's last byte is out; nothing while unarmed."""
    if not _aim.is_armed:
        return {}

    async def trace(event: str, _info: Mapping[str, Any]) -> None:
        if event == "http11.send_request_body.complete":
            reach(point)

    return {"trace": trace}


arm(os.environ.get(ENVIRONMENT, ""))
