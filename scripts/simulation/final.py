"""What must hold when a world is over and its daemon has been stopped: the books to the unit, the journal whole, its replay the same."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections import Counter
from collections.abc import Sequence
from typing import Final

from scripts.simulation.loop import VirtualLoop
from scripts.simulation.models import SHELF
from scripts.simulation.watch import JOBS, Watch
from scripts.simulation.world import World
from tradebot.core.domain.events import JobEnded, TickKind
from tradebot.core.domain.faults import OperatorFault
from tradebot.core.engine import Engine
from tradebot.shell.store.journal import Journal
from tradebot.shell.store.projections import encode

REPLAYED: Final = 3  # one world in so many is replayed; the chain of each is read


def check_end(world: World, watch: Watch, dates: Sequence[dt.date]) -> None:
    _books(world, watch)
    loop = VirtualLoop(world.timeline, world.children)
    asyncio.set_event_loop(None)
    try:
        loop.run(_journal(world, watch, dates))
    finally:
        loop.bury()


def _books(world: World, watch: Watch) -> None:
    assert world.engine is not None, "a world without a daemon"
    state, venue = world.engine.state, world.simulator.venue
    if watch.doubt.active:
        return
    for symbol in sorted({*venue.positions, *state.book.positions}):
        held = venue.positions.get(symbol)
        theirs, ours = held.qty if held is not None else 0, state.book.qty(symbol)
        watch.check(
            theirs == ours or (symbol in state.locked and symbol in watch.doubt.strangers),
            "I4",
            f"at the end {symbol}: we hold {ours}, the broker says {theirs}",
        )
    if not watch.doubt.strangers and not state.locked:
        unposted = sum(a.net_units for a in venue.activities if a.kind != "FILL" and a.id not in state.book.posted_ids)
        theirs = venue.cash_units - unposted
        watch.check(state.book.cash_units == theirs, "I13", f"at the end we count {state.book.cash_units} units, the broker {theirs}")


async def _journal(world: World, watch: Watch, dates: Sequence[dt.date]) -> None:
    journal = world.disk.open(world.disk.url)
    try:
        outcomes = _replay(world, watch, journal) if world.seed % REPLAYED == 0 else _read(journal)
    except OperatorFault as fault:
        watch.fail("I14", str(fault))
    finally:
        await journal.close()
    watch.chained = world.disk.last_hash()
    for date in dates:
        for job in JOBS:
            count = outcomes[job, date]
            under_way = count == 0 and date == dates[-1] and job == TickKind.RETRAIN.value  # the next start records it
            watch.check(count == 1 or under_way, "I24", f"the job {job} of {date} has {count} outcome records")


def _read(journal: Journal) -> Counter[tuple[str, dt.date]]:
    """Every event against the chain. Answers with the outcome records by job and session."""
    return Counter((event.job, event.session) for _, event, _ in journal.records() if isinstance(event, JobEnded))


def _replay(world: World, watch: Watch, journal: Journal) -> Counter[tuple[str, dt.date]]:
    """As `_read`, and each event again through a new engine."""
    outcomes: Counter[tuple[str, dt.date]] = Counter()
    engine = Engine(world.config, world.market.table, SHELF)
    for seq, event, recorded in journal.records():
        commands = engine.handle(event)
        if isinstance(event, JobEnded):
            outcomes[event.job, event.session] += 1
        if recorded or commands:
            again = [encode(command) for n, command in enumerate(commands) if n in {row[0] for row in recorded}]
            watch.check(again == [row[2] for row in recorded], "I15", f"event {seq} ({type(event).__name__}) is answered differently")
    assert world.engine is not None
    watch.check(engine.snapshot() == world.engine.snapshot(), "I15", "the state after the replay is another one")
    return outcomes
