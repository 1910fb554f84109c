"""Which faults strike a world, and when: none, one alone, or two in each other's time, drawn from its seed."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from scripts.simulation.faults import ANY, BY_NAME, CLOSE, EVENING, FAULTS, SESSION, Fault
from tradebot.core.domain.session import Session
from tradebot.core.domain.units import NS_PER_MINUTE, NS_PER_S

QUIET_WORLDS: Final = 0.08
STRUCK_DAYS: Final = 0.75
PAIRS: Final = 0.55
WAITING: Final = 0.5
BEFORE_OPEN_MIN: Final = 330
AFTER_CLOSE_MIN: Final = 260


@dataclass(frozen=True, slots=True)
class Episode:
    fault: Fault
    begin_ns: int
    end_ns: int
    waits: bool = False  # from its instant on for the next order that leaves


def draw_plan(seed: int, sessions: Sequence[Session], only: Sequence[str] = ()) -> list[Episode]:
    """Episodes in order of their beginning. `only` names the faults to draw from; then every day has one."""
    chance = random.Random(f"faults {seed}")
    pool = [BY_NAME[name] for name in only] or [fault for fault in FAULTS for _ in range(fault.weight)]
    if not only and chance.random() < QUIET_WORLDS:
        return []
    plan: list[Episode] = []
    for session in sessions:
        if not only and chance.random() >= STRUCK_DAYS:
            continue
        first = _episode(chance.choice(pool), session, chance)
        plan.append(first)
        if chance.random() < PAIRS or len(only) > 1:
            second = chance.choice([f for f in pool if f is not first.fault] or pool)
            lasts_ns = chance.randint(*second.lasts) * NS_PER_S
            begin_ns = first.begin_ns + chance.randrange(-60, (first.end_ns - first.begin_ns) // NS_PER_S + 60) * NS_PER_S
            plan.append(Episode(second, begin_ns, begin_ns + lasts_ns))
    return sorted(plan, key=lambda e: (e.begin_ns, e.fault.name))


def _episode(fault: Fault, session: Session, chance: random.Random) -> Episode:
    begin_ns = _instant(fault.when, session, chance)
    waits = fault.when in (SESSION, ANY) and chance.random() < WAITING
    return Episode(fault, begin_ns, begin_ns + chance.randint(*fault.lasts) * NS_PER_S, waits)


def _instant(when: str, session: Session, chance: random.Random) -> int:
    if when == EVENING:
        return session.close_ns + 60 * NS_PER_MINUTE
    if when == CLOSE:
        tick_ns = chance.choice((session.open_ns, session.close_ns - 5 * NS_PER_MINUTE, session.close_ns))
        return tick_ns + chance.randrange(-5_000, 90_000) * 1_000_000
    first_ns, last_ns = session.open_ns, session.close_ns
    if when == ANY and chance.random() < 0.3:
        first_ns, last_ns = first_ns - BEFORE_OPEN_MIN * NS_PER_MINUTE, last_ns + AFTER_CLOSE_MIN * NS_PER_MINUTE
    return chance.randrange(first_ns, last_ns, 1_000_000)
