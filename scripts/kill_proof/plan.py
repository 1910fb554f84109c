"""From the hits of a session that nobody killed to the sessions that kill at each of them.

Many kills share a session: killed at hit 3, started again, killed 20 hits later, and so on. Hits before the daemon trades (its start, with
the minutes of the warm-up) and hits while it trades are covered apart, because every restart adds hits of the first kind. A start that
recovers has hits of its own, too: there the daemon is killed once, and again at each of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from scripts.kill_proof.session import MIGRATION, Outcome, Plan
from tradebot.shell.crash_points import POINTS

MID_SESSION: Final = "event_handled_not_written:400:live"
UNSENT: Final = "intent_durable_not_sent:12:live"
UNANSWERED: Final = "order_sent_not_answered:9:live"
IN_DOUBT: Final = (UNSENT, UNANSWERED)
KILLS_A_SESSION: Final = 30
STRIDE_MIN: Final = 3  # what was lost is done once more after a restart: the next kill is beyond that
START_STRIDE_MIN: Final = 25  # a start that continues another has a few hits of its own


@dataclass(frozen=True, slots=True)
class Hits:
    """How often a session without kills reached a point, before it traded and while it did."""

    of_start: int
    live: int


def missed_hits(hits: Mapping[str, Hits], point: str, outcomes: Sequence[Outcome]) -> list[tuple[bool, int]]:
    """The hits of a point (in a session while it trades, or in its start) at which nobody was killed yet."""
    plans_kills = [(o.plan, o.kills) for o in outcomes if o.plan.point == point and not o.plan.before]
    reached = {(plan.is_live, n) for plan, kills in plans_kills for n in plan.hits(kills)}
    known = {False: hits[point].of_start, True: hits[point].live}
    return [(is_live, n) for is_live, last in known.items() for n in range(1, last + 1) if (is_live, n) not in reached]


def again(hits: Mapping[str, Hits], points: Sequence[str], outcomes: Sequence[Outcome]) -> list[Plan]:
    """A session of its own for each hit that was not reached: one that was killed before may have taken another way, or ended sooner."""
    return [Plan(p, n, is_live=is_live, kills_max=1) for p in points for is_live, n in missed_hits(hits, p, outcomes)]


def recoveries(hits: Mapping[str, int], before: str, points: Sequence[str]) -> list[Plan]:
    """Killed at `before`, and again at each hit of the start that follows."""
    return [Plan(point, n, kills_max=1, before=before) for point in points for n in range(1, hits.get(point, 0) + 1)]


def counted(calm: Outcome) -> dict[str, Hits]:
    return {p: Hits(calm.hits_of_start.get(p, 0), calm.hits.get(p, 0) - calm.hits_of_start.get(p, 0)) for p in POINTS}


def plans(hits: Mapping[str, Hits], points: Sequence[str], hits_max: int | None) -> list[Plan]:
    """Sessions that kill at each hit of each point, or at `hits_max` of each, spread over the session."""
    made: list[Plan] = []
    for point in points:
        if point in MIGRATION:
            made.append(Plan(point, kills_max=1, before=MID_SESSION))
            continue
        made += _phase(point, hits[point].of_start, hits_max, is_live=False) + _phase(point, hits[point].live, hits_max, is_live=True)
    return made


def _phase(point: str, n: int, hits_max: int | None, *, is_live: bool) -> list[Plan]:
    if not n:
        return []
    if hits_max is not None and n > hits_max:
        return [Plan(point, 1, max(n // hits_max, STRIDE_MIN), is_live, hits_max)]
    stride = max(STRIDE_MIN if is_live else START_STRIDE_MIN, -(-n // KILLS_A_SESSION))
    return [Plan(point, first, stride, is_live, -(-(n - first + 1) // stride)) for first in range(1, min(stride, n) + 1)]
