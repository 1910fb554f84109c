"""The backtests of a profile: `run_fast` is the compiled scan, `run_full` every event through the engine. Both give an Outcome.

On an ideal venue (no latency, whole fills; spread, quotes and fees as the profile says) they are equal to the last unit. `run_foreseen`
lies between: every event through the engine, with opinions that were formed at once. It stands in where the scan can't (`why_full`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import NamedTuple

from tradebot.app.market import Market
from tradebot.core.domain.bars import BarColumns, MarketGrid, market_grid
from tradebot.core.domain.commands import Command
from tradebot.core.domain.events import Event, MinuteClosed
from tradebot.core.domain.faults import OperatorFault
from tradebot.core.domain.session import Session
from tradebot.core.domain.timetable import day_plan
from tradebot.core.domain.units import NS_PER_S
from tradebot.core.engine import Engine
from tradebot.core.features.catalogue import warm_up_bars
from tradebot.core.forecast.model import Model
from tradebot.core.opinions.foreseen import Foreseen
from tradebot.core.opinions.history import Opinions, opinions_of
from tradebot.core.opinions.mind import Mind, columns_read
from tradebot.settings import Settings
from tradebot.sim.impact import ImpactTables, impact_tables
from tradebot.sim.outcome import Outcome
from tradebot.sim.witness import Witness

Progress = Callable[[str, int, int], None]
Observer = Callable[[Event, Sequence[Command]], None]


def rebalance_start_ns(session: Session) -> int:
    """Six hours before the open: before the 04:00 rebalance of the session, after the close of the one before."""
    return session.open_ns - 6 * 3600 * NS_PER_S


def _silent(what: str, done: int, total: int) -> None:
    pass


def run_fast(settings: Settings, market: Market, sessions: Sequence[Session], model: Model | None) -> Outcome:
    """What `sessions` would have come to, by the scan. Raises OperatorFault for a profile or venue that only the full simulation can do."""
    reason = why_full(settings, sessions)
    if reason:
        raise OperatorFault(reason)
    return scanned(settings, fast_world(settings, market, sessions, model))


def why_full(settings: Settings, sessions: Sequence[Session]) -> str:
    """Why only the full simulation can trade this profile, in a sentence; "" where the scan can."""
    from tradebot.sim.scan import able

    return _late_rebalance(settings, sessions) or able.why_full(settings.engine, settings.venue, settings.feed.grace_s)


class FastWorld(NamedTuple):
    """What the scan reads: the market as it is traded, as the profile perceives it and the row of its first traded minute, what is thought
    at every minute, and what impact is reckoned with. `_replace(opinions=...)` is the same market to another mind.
    """

    grid: MarketGrid
    seen: MarketGrid
    first: int
    opinions: Opinions
    impact: ImpactTables


def fast_world(
    settings: Settings, market: Market, sessions: Sequence[Session], model: Model | None, since_ns: int | None = None
) -> FastWorld:
    """The profile's world of `sessions`. Raises OperatorFault for a profile that needs a model and has none."""
    seen, first = warmed_grid(settings, market, sessions, model, since_ns)
    opinions = think(settings, seen, first, model)
    grid = traded_grid(market, seen)
    return FastWorld(grid, seen, first, opinions, impact_of(market, grid))


def traded(settings: Settings, market: Market, sessions: Sequence[Session], world: FastWorld) -> Outcome:
    """What a world's opinions would have come to: by the scan, or by the full simulation where that can't (`why_full`)."""
    if why_full(settings, sessions):
        return run_foreseen(settings, market, sessions, world)
    return scanned(settings, world)


def scanned(settings: Settings, world: FastWorld) -> Outcome:
    """What a world's opinions would have come to."""
    from tradebot.sim.scan.backtest import outcome, scan_market

    grid, seen, first, opinions, impact = world
    scan = scan_market(
        settings.engine, settings.venue, grid, opinions.conviction, opinions.valid, opinions.exits, first,
        grace_s=settings.feed.grace_s, impact=impact, seen=seen, evidence=opinions.evidence,
    )  # fmt: skip
    return outcome(
        settings.engine, settings.venue, grid, opinions.conviction, first, scan,
        opinions.leading, opinions.strategies, opinions.regime, opinions.regimes,
    )  # fmt: skip


def run_full(
    settings: Settings,
    market: Market,
    sessions: Sequence[Session],
    model: Model | None,
    progress: Progress = _silent,
    manifest_sha256: str = "",
    observer: Observer | None = None,
    since_ns: int | None = None,
) -> tuple[Outcome, Engine]:
    """The same by every event through the engine, against the simulated venue with all that it can do; and the engine as it ended."""
    from tradebot.sim.driver import Simulation
    from tradebot.sim.venue import Venue

    start_ns = rebalance_start_ns(sessions[0])
    warm_from_ns = _warm_from(settings, market, start_ns, model, since_ns)
    grid = market.grid(market.since(warm_from_ns, sessions))
    venue = Venue(market.histories, market.table, start_ns, settings.venue)
    engine = Engine(settings.engine, market.table, {} if model is None else {model.model_id: model})
    witness, total = Witness(engine, venue, tuple(s for s in grid.sessions if s.open_ns >= start_ns)), sum(s.minutes for s in sessions)

    def observe(event: Event, commands: Sequence[Command]) -> None:
        witness.observe(event, commands)
        if observer is not None:
            observer(event, commands)
        if isinstance(event, MinuteClosed) and len(witness.minutes) % 390 == 1:
            progress("trading", len(witness.minutes), total)

    simulation = Simulation(engine, venue, grid, settings.timetable, settings.feed.grace_s, observe, warm_from_ns=warm_from_ns)
    simulation.run("" if model is None else model.model_id, manifest_sha256)
    progress("trading", total, total)
    return witness.outcome(), engine


def run_foreseen(settings: Settings, market: Market, sessions: Sequence[Session], world: FastWorld) -> Outcome:
    """The full simulation of a world's opinions: every event through the engine, which records no decision (core/opinions/foreseen.py)."""
    from tradebot.sim.driver import Simulation
    from tradebot.sim.venue import Venue
    from tradebot.sim.venue_impact import Impact

    start_ns = rebalance_start_ns(sessions[0])
    impact = Impact(market.histories, world.seen.sessions, settings.venue.impact_y, world.impact)
    traded_bars = {symbol: _since(bars, int(world.seen.minute_ns[0])) for symbol, bars in market.histories.items()}
    venue = Venue(traded_bars, market.table, start_ns, settings.venue, impact)
    engine = Engine(settings.engine, market.table, {}, foreseen=Foreseen(world.seen, world.opinions, settings.engine))
    witness = Witness(engine, venue, tuple(s for s in world.seen.sessions if s.open_ns >= start_ns))
    Simulation(engine, venue, world.seen, settings.timetable, settings.feed.grace_s, witness.observe).run("")
    return witness.outcome()


def _since(bars: BarColumns, first_ns: int) -> BarColumns:
    return bars.rows(slice(int(bars.minute_ns.searchsorted(first_ns)), None))


def _warm_from(settings: Settings, market: Market, start_ns: int, model: Model | None, since_ns: int | None) -> int:
    """Where warming up begins: as early as the columns need, and not after `since_ns`."""
    from tradebot.shell.feeds.warm_up import warm_up_from

    needed_ns = warm_up_from(market.table, start_ns, warm_up_bars(columns_read(settings.engine, model)))
    return needed_ns if since_ns is None else min(needed_ns, since_ns)


def warmed_grid(
    settings: Settings, market: Market, sessions: Sequence[Session], model: Model | None, since_ns: int | None = None
) -> tuple[MarketGrid, int]:
    """What the engine perceives, from where it warms up to the end of `sessions`; and the row of the first traded minute."""
    warm_from_ns = _warm_from(settings, market, rebalance_start_ns(sessions[0]), model, since_ns)
    grid = from_minute(market.grid(market.since(warm_from_ns, sessions)), warm_from_ns)
    return grid, int(grid.minute_ns.searchsorted(sessions[0].open_ns))


def think(settings: Settings, grid: MarketGrid, first: int, model: Model | None) -> Opinions:
    """The profile's opinions over a grid. Raises OperatorFault for a profile that needs a model and has none."""
    mind = Mind.of(settings.engine, model)
    if mind.lacks:
        raise OperatorFault(f"{settings.profile} has {mind.lacks}: train one first")
    return opinions_of(grid, mind, first, settings.engine.price_jump_max)


def traded_grid(market: Market, seen: MarketGrid) -> MarketGrid:
    """The same minutes as the venue trades them: with the histories' quotes, whether the profile perceives them or not."""
    if market.quotes or all(bars.bid is None and bars.ask is None for bars in market.histories.values()):
        return seen
    return from_minute(market_grid(list(market.histories.values()), seen.sessions), int(seen.minute_ns[0]))


def impact_of(market: Market, grid: MarketGrid) -> ImpactTables:
    """What the venue's impact is reckoned with, for the grid's sessions: all that is known of the past counts, not only what warms up."""
    tables = impact_tables(market.histories, market.table.sessions)
    rows = [market.table.sessions.index(session) for session in grid.sessions]
    return ImpactTables(tables.sigma_day_fraction[rows], tables.adv_shares[rows])


def from_minute(grid: MarketGrid, first_ns: int) -> MarketGrid:
    """The rows from a minute on."""
    rows = slice(int(grid.minute_ns.searchsorted(first_ns)), None)
    if rows.start == 0:
        return grid
    columns = ("minute_ns", "session_of", "open", "high", "low", "close", "volume", "present")
    cut = {name: getattr(grid, name)[rows] for name in columns}
    return replace(grid, tape=None if grid.tape is None else grid.tape[rows], **cut)


def _late_rebalance(settings: Settings, sessions: Sequence[Session]) -> str:
    """The scan rebalances before the open."""
    for session in sessions:
        rebalance_ns = day_plan(session, settings.timetable, settings.engine.exits.flatten_before_close_min)[0][0]
        if rebalance_ns > session.open_ns:
            return f"the fast backtest rebalances before the open, and timetable.rebalance is {settings.timetable.rebalance}"
    return ""
