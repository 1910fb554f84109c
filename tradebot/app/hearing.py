"""The gate for a version that was trained before: it stands there again, on the bars that there are now."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path

from tradebot.app.contest import contest_between, incumbent_of
from tradebot.app.kernels import ready_kernels
from tradebot.app.market import load_market
from tradebot.app.shelf import load
from tradebot.core.domain.faults import OperatorFault
from tradebot.learning.promotion.contests import Contender
from tradebot.learning.promotion.gate import Verdict, judge
from tradebot.serving.manifest import read_manifest
from tradebot.settings import Settings


def hear(settings: Settings, folder: Path, bars: Path | None, progress: Callable[[str, int, int], None]) -> Verdict:
    """The verdict on a version against the one that trades, on all rows since both began to hold out.

    Leak alarms are those of its own training. Raises OperatorFault when there are no bars of that time.
    """
    manifest = read_manifest(folder)
    ready_kernels(lambda line: progress(line, 0, 0))
    progress("reading bars", 0, 0)
    market = load_market(settings, bars)
    days = dt.timedelta(days=settings.data.history_days)
    first = dt.datetime.fromtimestamp(manifest.test.first_ns / 1e9, dt.UTC).date() - days
    sessions = market.between(first, dt.date.max)
    if not sessions or sessions[-1].close_ns <= manifest.test.first_ns:
        raise OperatorFault(f"no bars since {folder.name} was trained: there is nothing to compare it on; --force promotes it all the same")
    progress(f"both models on the rows of {len(sessions)} sessions", 0, 0)
    contest = contest_between(settings, market.grid(sessions), Contender(load(folder), manifest.test.first_ns), incumbent_of(settings))
    return judge(contest, [alarm.sentence for alarm in manifest.alarms if alarm.rang], settings.promotion)
