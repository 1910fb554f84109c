"""One world from its seed to its verdict."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from scripts.simulation.faults import Fault
from scripts.simulation.final import check_end
from scripts.simulation.plan import Episode, draw_plan
from scripts.simulation.scene import Scene
from scripts.simulation.story import tell_event
from scripts.simulation.watch import Broken, Doubt, Violation, Watch
from scripts.simulation.world import END_AFTER_CLOSE_NS, World
from tradebot.core.domain.units import NS_PER_MINUTE
from tradebot.core.state import Safety

RECOVER_NS: Final = 12 * NS_PER_MINUTE
SETTLE_NS: Final = 25 * NS_PER_MINUTE  # after a close everything has been said about the day

Hook = Callable[[World, Watch], None]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a world. `trace` is the same whenever its seed and the program are."""

    seed: int
    days: int
    faults: tuple[str, ...]
    violation: Violation | None
    day: int  # of the violation, from 1 on
    under_way: tuple[str, ...]
    events: tuple[str, ...]  # the last ones before it
    trace: str
    counts: Counter[str] = field(default_factory=Counter)


def simulate(
    seed: int, days: int, only: Sequence[str] = (), hook: Hook | None = None, story: Callable[[str], None] | None = None
) -> Outcome:
    """Run the first days of a world. `hook` may break something in it, `story` is told everything that happens."""
    folder = Path(tempfile.mkdtemp(prefix="tradebot-world-", dir="/dev/shm" if Path("/dev/shm").is_dir() else None))
    try:
        return _Run(seed, days, only, folder, story).run(hook)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


class _Run:
    def __init__(self, seed: int, days: int, only: Sequence[str], folder: Path, story: Callable[[str], None] | None) -> None:
        self.world = world = World(seed, folder)
        self.sessions = world.market.sessions[:days]
        self.doubt = Doubt()
        self.watch = Watch(world, self.doubt)
        self.scene = Scene(world, self.watch, world.chance)
        last_ns = self.sessions[-1].close_ns + 60 * NS_PER_MINUTE
        self.plan = [e for e in draw_plan(seed, world.market.sessions, only) if e.begin_ns <= last_ns]
        self.under_way: list[Fault] = []
        self.story = story
        self.watch.attach()
        world.met = self.scene.meet
        if story is not None:
            self._follow(story)

    def run(self, hook: Hook | None) -> Outcome:
        world, watch = self.world, self.watch
        for episode in self.plan:
            world.timeline.at(episode.begin_ns, lambda e=episode: self._reach(e))
        for session in self.sessions:
            world.timeline.at(session.close_ns + SETTLE_NS, self._after_close)
        if hook is not None:
            hook(world, watch)
        try:
            world.live(self.sessions[-1].close_ns + END_AFTER_CLOSE_NS)
            if watch.violation is None:
                check_end(world, watch, [s.date for s in self.sessions])
        except Broken:
            assert watch.violation is not None
        return self._outcome()

    def _reach(self, episode: Episode) -> None:
        """Its instant has come: it begins, or lies in wait for an order."""
        if not episode.waits:
            self._begin(episode, episode.end_ns)
            return
        leaving = self.world.weather.leaving
        lasts_ns = episode.end_ns - episode.begin_ns

        def strike() -> None:
            leaving.remove(strike)
            self._begin(episode, self.world.now_ns + lasts_ns)

        leaving.append(strike)

    def _begin(self, episode: Episode, end_ns: int) -> None:
        fault, doubt, world = episode.fault, self.doubt, self.world
        self.under_way.append(fault)
        doubt.active += 1
        doubt.since_ns = world.now_ns
        self._say(f"FAULT {fault.name} begins: {fault.sentence}")
        end = fault.begin(self.scene, world.chance)

        def stop() -> None:
            end()
            self.under_way.remove(fault)
            doubt.active -= 1
            doubt.since_ns = world.now_ns
            self._say(f"FAULT {fault.name} ends")
            world.timeline.after(RECOVER_NS, self._recovered)

        world.timeline.at(end_ns, stop)

    def _recovered(self) -> None:
        """I27: in the session, so long after the last fault, the daemon lives, sees minutes, and trades or says why not."""
        world, watch = self.world, self.watch
        now_ns = world.now_ns
        session = world.market.table.at(now_ns)
        if now_ns - self.doubt.until_ns < RECOVER_NS:
            world.timeline.at(self.doubt.until_ns + RECOVER_NS, self._recovered)
            return
        if self.doubt.active or now_ns - self.doubt.since_ns < RECOVER_NS or session is None or now_ns - session.open_ns < RECOVER_NS:
            return
        watch.check(world.loop is not None and world.engine is not None, "I27", "no daemon lives")
        assert world.engine is not None
        state = world.engine.state
        late_min = (now_ns - watch.last_minute_ns) / NS_PER_MINUTE
        watch.check(late_min < 4, "I27", f"the last minute seen is {late_min:.1f} minutes old")
        watch.check(state.book.opened, "I27", "the books are not open")
        watch.check(not state.stale_feeds, "I27", f"feeds are still called stale: {state.stale_feeds}")
        says = state.safety is Safety.ACTIVE or bool(state.safety_reason)
        watch.check(says, "I27", "trading is halted without a reason")

    def _after_close(self) -> None:
        """I11: nothing is held over the close that a person was not told of."""
        if self.doubt.active:
            return
        held = {s: p.qty for s, p in self.world.simulator.venue.positions.items() if p.qty and s not in self.doubt.strangers}
        day_ns = self.world.now_ns - 24 * 60 * NS_PER_MINUTE
        told = any(ts_ns >= day_ns for ts_ns, _ in self.watch.alerts)
        self.watch.check(not held or told, "I11", f"held over the close, and nobody was told: {held}")

    def _outcome(self) -> Outcome:
        world, watch = self.world, self.watch
        violation = watch.violation
        day = 0
        if violation is not None:
            day = 1 + sum(1 for s in self.sessions[:-1] if s.close_ns + END_AFTER_CLOSE_NS < violation.ts_ns)
        under_way = tuple(f"{f.name} {f.sentence}" for f in self.under_way)
        events = tuple(tell_event(*recent) for recent in watch.recent) if violation is not None else ()
        told = tuple(f"{severity}: {words}" for _, severity, words in list(watch.told)[-6:]) if violation is not None else ()
        return Outcome(
            world.seed,
            len(self.sessions),
            tuple(sorted({e.fault.name for e in self.plan})),
            violation,
            day,
            under_way,
            events + told,
            self._trace(),
            watch.counts + Counter(f"life ended: {d.how}" for d in world.deaths),
        )

    def _trace(self) -> str:
        """What the daemon journaled, how its lives ended and what the broker did, in one number."""
        digest = hashlib.sha256(self.watch.chained)
        for activity in self.world.simulator.venue.activities:
            digest.update(f"{activity.id} {activity.kind} {activity.ts_ns} {activity.qty} {activity.price_units}".encode())
        for death in self.world.deaths:
            digest.update(f"{death.how} {death.ts_ns}".encode())
        return digest.hexdigest()[:16]

    def _say(self, words: str) -> None:
        if self.story is not None:
            self.story(f"{self._stamp()} {words}")

    def _stamp(self) -> str:
        from scripts.simulation.story import stamp

        return stamp(self.world.now_ns)

    def _follow(self, story: Callable[[str], None]) -> None:
        watch, world = self.watch, self.world
        on_event, on_report, on_death = watch.on_event, watch.on_report, watch.on_death

        def event(event: object, commands: object) -> None:
            story(tell_event(world.now_ns, event, commands))  # type: ignore[arg-type]
            on_event(event, commands)  # type: ignore[arg-type]

        def report(severity: str, words: str) -> None:
            self._say(f"{severity}: {words}")
            on_report(severity, words)

        def death(death: object) -> None:
            self._say(f"LIFE ENDS: {death}")
            on_death(death)  # type: ignore[arg-type]

        world.observe, world.reported, world.died = event, report, death
