"""Where a warm-up begins."""

from __future__ import annotations

from tradebot.core.domain.session import SessionTable
from tradebot.core.domain.units import NS_PER_MINUTE


def warm_up_from(sessions: SessionTable, now_ns: int, bars: int) -> int:
    """The first minute to fetch: `bars` regular minutes before now, and never less than the session under way from its open.

    With too few sessions in the table, the first one's open.
    """
    first_ns = now_ns
    for session in reversed([s for s in sessions.sessions if s.open_ns <= now_ns]):
        if bars <= 0 and not session.contains(now_ns):
            break
        minutes = (min(session.close_ns, now_ns) - session.open_ns) // NS_PER_MINUTE
        whole = minutes <= bars or session.contains(now_ns)
        first_ns = session.open_ns if whole else session.close_ns - bars * NS_PER_MINUTE
        bars -= minutes
    return first_ns
