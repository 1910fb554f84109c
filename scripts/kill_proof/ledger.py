"""What must hold between a journal and the server's own ledger, whatever happened in between (FIELD.md I1-I7).

`CHECKS` is the list; each check yields a sentence for every violation, under the name of the count that it adds to.
"""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from typing import Final

import msgspec
from sqlalchemy import select

from scripts.kill_proof.trader import Trader
from tradebot.core.domain.book import Book
from tradebot.core.domain.events import Event
from tradebot.core.domain.orders import OrderIntent, Role, Side
from tradebot.shell.store import reads, schema
from tradebot.shell.store.database import connect
from tradebot.shell.store.journal import Journal
from tradebot.sim.venue import Venue
from tradebot.sim.venue_orders import VenueOrder

DUPLICATE, LOST, ORPHAN, OTHER = "duplicate orders", "lost fills", "orphans", "violations"


class Evidence(msgspec.Struct, frozen=True):
    """Both sides at the end: the venue behind the server, and what the journal holds and derives."""

    venue: Venue
    intents: dict[str, OrderIntent]  # by client order id
    fills: dict[str, int]  # shares by broker order id
    notional_units: dict[str, int]
    book: Book  # the journal's events through a new engine
    events: tuple[Event, ...]
    positions_max: int

    def sent(self, order: VenueOrder) -> VenueOrder:
        """What was sent that this order came of: a leg goes back to its parent, unless a replacement of ours made it."""
        while order.parent_id and not order.replaces:
            order = self.venue.order(order.parent_id)
        return order


Found = Iterator[tuple[str, str]]


def no_order_twice(seen: Evidence) -> Found:
    """I1: at most one order a client id, and one working life for what one decision wanted of one symbol."""
    for key, n in Counter(order.client_order_id for order in seen.venue.orders.values()).items():
        if n > 1:
            yield DUPLICATE, f"{n} orders have the id {key}"
    wanted: dict[tuple[str, str], list[str]] = defaultdict(list)
    for order in seen.venue.orders.values():
        intent = seen.intents.get(order.client_order_id)
        if intent is not None and intent.role is Role.ENTRY and not intent.parent_id and order.filled_qty:
            wanted[intent.decision_id, intent.symbol].append(order.client_order_id)
    for (decision, symbol), keys in wanted.items():
        if len(keys) > 1:
            yield DUPLICATE, f"decision {decision} entered {symbol} {len(keys)} times: {', '.join(keys)}"


def every_order_has_an_intent(seen: Evidence) -> Found:
    """I2, I6: no order, open or ended, that no durable intent explains."""
    for order in seen.venue.orders.values():
        if seen.sent(order).client_order_id not in seen.intents:
            yield ORPHAN, f"order {order.client_order_id} ({order.status}) has no intent in the journal"


def no_more_than_intended(seen: Evidence) -> Found:
    """I3: an order is what its intent said; slices add up to no more than their parent; protection sells no more than was bought."""
    slices: Counter[str] = Counter()
    for order in seen.venue.orders.values():
        intent = seen.intents.get(order.client_order_id)
        if intent is None:
            continue
        fits = order.qty <= intent.qty if order.replaces else order.qty == intent.qty  # a replacement asks for what is left
        if (order.symbol, order.side) != (intent.symbol, intent.side) or not fits:
            yield OTHER, f"order {order.client_order_id}: {order.side} {order.qty} {order.symbol}, intended {intent.side} {intent.qty}"
        if intent.parent_id:
            slices[intent.parent_id] += order.qty
            if slices[intent.parent_id] > intent.parent_qty:
                yield OTHER, f"slices of {intent.parent_id} add up to {slices[intent.parent_id]}, more than {intent.parent_qty}"


def every_fill_once(seen: Evidence) -> Found:
    """I4, I5: shares and money of every execution, order by order."""
    theirs: Counter[str] = Counter()
    money: Counter[str] = Counter()
    for activity in seen.venue.activities:
        if activity.kind == "FILL":
            assert activity.order is not None
            theirs[activity.order.id] += activity.qty
            money[activity.order.id] += activity.qty * activity.price_units
    for key in theirs.keys() | seen.fills.keys():
        if theirs[key] != seen.fills.get(key, 0):
            yield LOST, f"order {key}: {theirs[key]} shares filled, the journal has {seen.fills.get(key, 0)}"
        elif abs(money[key] - seen.notional_units.get(key, 0)) > theirs[key]:  # an average price is rounded to the unit
            yield OTHER, f"order {key}: {money[key]} units filled, the journal has {seen.notional_units.get(key, 0)}"


def same_books(seen: Evidence) -> Found:
    """I4, I13: positions, and cash to the unit."""
    ours = {symbol: position.qty for symbol, position in seen.book.positions.items() if position.qty}
    theirs = {symbol: held.qty for symbol, held in seen.venue.positions.items()}
    if ours != theirs:
        yield OTHER, f"we hold {ours}, the server says {theirs}"
    if seen.book.cash_units != seen.venue.cash_units:
        yield OTHER, f"we count {seen.book.cash_units} units of cash, the server {seen.venue.cash_units}"


def never_short_and_never_too_many(seen: Evidence) -> Found:
    """I7, of what this scene limits: no position turns over, and no more positions at a time than allowed."""
    held: Counter[str] = Counter()
    for activity in seen.venue.activities:
        if activity.kind != "FILL":
            continue
        assert activity.order is not None
        held[activity.order.symbol] += activity.qty if activity.order.side is Side.BUY else -activity.qty
        if held[activity.order.symbol] < 0:
            yield OTHER, f"{activity.order.symbol} went short: {held[activity.order.symbol]}"
        if sum(qty > 0 for qty in held.values()) > seen.positions_max:
            yield OTHER, f"{dict(held)} held at a time"


CHECKS: Final[tuple[Callable[[Evidence], Found], ...]] = (
    no_order_twice,
    every_order_has_an_intent,
    no_more_than_intended,
    every_fill_once,
    same_books,
    never_short_and_never_too_many,
)


def evidence(trader: Trader, venue: Venue, url: str) -> Evidence:
    """Read the journal that the last life left."""
    engine = connect(url, create=False)
    with engine.connect() as connection:
        bodies = connection.execute(select(schema.intents.c.body)).scalars().all()
    engine.dispose()
    intents = [msgspec.msgpack.decode(body, type=OrderIntent) for body in bodies]
    fills: Counter[str] = Counter()
    money: Counter[str] = Counter()
    for fill in reads.fills(url):
        broker_id = str(fill["fill_id"]).rpartition(":")[0]
        fills[broker_id] += fill["qty"]
        money[broker_id] += fill["notional_units"]
    events = tuple(asyncio.run(_events(url)))
    again = trader.new_engine(None)
    for event in events:
        again.handle(event)
    return Evidence(
        venue,
        {i.client_order_id: i for i in intents},
        dict(fills),
        dict(money),
        again.state.book,
        events,
        trader.config.limits.positions_max,
    )


async def _events(url: str) -> list[Event]:
    journal = Journal.open(url)
    try:
        return [event for _, event in journal.events()]
    finally:
        await journal.close()


def violations(seen: Evidence) -> list[tuple[str, str]]:
    return [found for check in CHECKS for found in check(seen)]
