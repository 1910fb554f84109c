"""The memory of features belongs to one source of bars: volumes of two feeds are never in one window (WIRE.md 7, IEX's tiny share).

A minute of another source than the one remembered drops the memory, whatever the shell does. A `FeedSwitched` brings the new source's
own past with it, so that columns are valid again at once; without it they warm up anew, on the new source alone. So does the curve of
volume that VWAP reads. Prices, marks, books, regimes and the strategies' records stay: a switch rewrites no decision.

A model that learned raw volumes of one feed is not asked about another's (`foreign_volume`): it opens nothing until the feed is back.
"""

from __future__ import annotations

import numpy as np

from tradebot.core.domain.commands import Alert, Command
from tradebot.core.domain.events import FeedSwitched, MinuteClosed
from tradebot.core.domain.feeds import source_of
from tradebot.core.domain.session import SessionTable
from tradebot.core.features.catalogue import step_minute
from tradebot.core.features.rows import minute_rows
from tradebot.core.state import State


def keep_one_feed(state: State, feed: str) -> None:
    """Before a minute of `feed` is perceived. The first named source is taken as the one remembered."""
    source = source_of(feed)
    if source and source != state.feed:
        if state.feed:
            state.forget_features()
        state.feed = source


def switch_feed(state: State, event: FeedSwitched, sessions: SessionTable) -> list[Command]:
    """Forget, and learn from the new source's history up to the last minute perceived."""
    old, state.feed = state.feed, source_of(event.feed)
    state.forget_features()
    told = [minute for minute in event.history if _fits(minute, state)]
    for minute in told:
        session = sessions.at(minute.minute_ns)
        if session is not None:
            step_minute(state.memory, minute_rows(minute, session), minute.present, state.features, state.seen)
            if len(state.volumes):
                state.see_volume(session.minute_index(minute.minute_ns), np.where(minute.present, minute.volume, 0))
    warmed = f"warmed up on {len(told)} of its minutes" if told else "without its history: columns warm up anew"
    return [Alert("warning", f"minutes come from {state.feed} instead of {old or 'nowhere'}, {warmed}: {event.reason}")]


def _fits(minute: MinuteClosed, state: State) -> bool:
    """Of the universe, and not still to come."""
    return minute.symbols == state.symbols and minute.minute_ns <= state.minute_ns
