"""Which source the next minute is taken from, where there are several. Pure: it hears what happened and says what to do.

A source *fails* from the moment at which its stream is lost (until it is subscribed again), or at which it was found silent: open but mute,
or not answering over REST (until it brings a bar, or REST shows that nothing was missed). Once the source in use has failed for
`failover_ns`, the first other one that is up, sound, and has brought bars of the minute that is wanted, or of later ones, takes its place:
whole minutes, never a part of one.

A source stands *healthy* for each minute of which it brought a bar in time, in a row; a minute in which only the source in use had bars
starts the count anew. After `failback_minutes` such minutes a source that is preferred to the one in use is taken again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from tradebot.core.domain.units import NS_PER_S

REMEMBERED: Final = 4  # minutes of which it is known who brought bars


@dataclass(frozen=True, slots=True)
class Switch:
    """Take minutes from `source` from now on. `back`: there is no need to hurry, the source in use is sound."""

    source: str
    reason: str
    back: bool = False


@dataclass(slots=True)
class Standing:
    """What is known of one source. Instants in ns, None = not so."""

    up: bool = False
    lost_ns: int | None = None
    silent_ns: int | None = None
    why: str = ""
    healthy_minutes: int = 0
    brought: list[int] = field(default_factory=list)  # minutes (starts) of which the stream brought bars, newest last

    @property
    def failing_ns(self) -> int | None:
        since = [at for at in (self.lost_ns, self.silent_ns) if at is not None]
        return min(since) if since else None


class Failover:
    """`sources` in order of preference; the first is in use at the start."""

    def __init__(self, sources: Sequence[str], failover_ns: int, failback_minutes: int) -> None:
        assert sources and failback_minutes > 0, "a feed has a source, and a way back"
        self.sources = tuple(sources)
        self.using = self.sources[0]
        self._failover_ns = failover_ns
        self._failback_minutes = failback_minutes
        self._of = {source: Standing() for source in self.sources}
        self._closed_ns: int | None = None
        self._closed_had_bars = False

    def subscribed(self, source: str) -> None:
        standing = self._of[source]
        standing.up, standing.lost_ns = True, None

    def lost(self, source: str, now_ns: int) -> None:
        """Also called where a connection never came about."""
        standing = self._of[source]
        standing.up, standing.healthy_minutes = False, 0
        if standing.lost_ns is None:
            standing.lost_ns, standing.why = now_ns, "its stream is lost"

    def silent(self, source: str, since_ns: int, why: str) -> None:
        """Open but mute, or REST does not answer."""
        standing = self._of[source]
        standing.healthy_minutes = 0
        if standing.silent_ns is None:
            standing.silent_ns, standing.why = since_ns, why

    def sound(self, source: str) -> None:
        """REST shows that the stream missed nothing."""
        self._of[source].silent_ns = None

    def brought(self, source: str, minute_ns: int) -> None:
        """The stream brought a bar of a minute that is not closed yet, or was closed just before."""
        standing = self._of[source]
        standing.silent_ns = None
        if minute_ns not in standing.brought:
            standing.brought.append(minute_ns)
            del standing.brought[:-REMEMBERED]

    def closed(self, minute_ns: int, *, had_bars: bool) -> None:
        """A minute is closed. Who was healthy is told of the one before: what another source brings may come an instant later."""
        before_ns, had = self._closed_ns, self._closed_had_bars
        self._closed_ns, self._closed_had_bars = minute_ns, had_bars
        if before_ns is None:
            return
        for standing in self._of.values():
            if before_ns in standing.brought:
                standing.healthy_minutes += 1
            elif had:
                standing.healthy_minutes = 0

    def use(self, source: str) -> None:
        self.using = source
        self._of[source].healthy_minutes = 0

    def stay(self, source: str) -> None:
        """The way back to this source could not be taken: count anew."""
        self._of[source].healthy_minutes = 0

    def has_failed(self, now_ns: int) -> bool:
        """Whether the source in use has failed for long enough."""
        since_ns = self._of[self.using].failing_ns
        return since_ns is not None and now_ns - since_ns >= self._failover_ns

    def verdict(self, minute_ns: int, now_ns: int) -> Switch | None:
        """What to do before the minute that is wanted next is closed."""
        if self.has_failed(now_ns):
            for source in self.sources:
                standing = self._of[source]
                able = standing.up and standing.failing_ns is None and max(standing.brought, default=-1) >= minute_ns
                if source != self.using and able:
                    return Switch(source, self.why(now_ns))
        for source in self.sources[: self.sources.index(self.using)]:
            standing = self._of[source]
            if standing.up and standing.failing_ns is None and standing.healthy_minutes >= self._failback_minutes:
                return Switch(source, f"{source} has been sound for {standing.healthy_minutes} minutes", back=True)
        return None

    def why(self, now_ns: int) -> str:
        standing = self._of[self.using]
        since_ns = standing.failing_ns
        return f"{self.using}: {standing.why} for {(now_ns - (since_ns if since_ns is not None else now_ns)) // NS_PER_S} s"
