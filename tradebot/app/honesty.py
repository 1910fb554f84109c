"""`tradebot honesty`: what a walk-forward is worth."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec

from tradebot.app.walk_forward.folder import TRACK, latest_run, run_named
from tradebot.app.walk_forward.track import Track, evidence_of
from tradebot.core.domain.faults import OperatorFault
from tradebot.learning.evidence.ledger import Ledger
from tradebot.learning.evidence.report import HonestyReport, build_report
from tradebot.learning.evidence.trials import configurations, count_trials
from tradebot.settings import load_settings, read_environment

Say = Callable[[str], None]


def judge(profile: str, *, run: str, html: Path | None, say: Say) -> HonestyReport:
    """The report on a walk-forward, the latest one by default; `html` gets it as a page with the run's charts.

    Raises OperatorFault where there is none, or where it is not whole.
    """
    settings = load_settings(profile, read_environment())
    root = settings.walk_forward_dir
    folder = run_named(root, run) if run else latest_run(root)
    try:
        track = msgspec.json.decode((folder / TRACK).read_bytes(), type=Track)
    except FileNotFoundError:
        raise OperatorFault(f"{folder}: the run is not finished: call walk-forward again, it goes on") from None
    except (OSError, msgspec.DecodeError) as error:
        raise OperatorFault(f"{folder}: this is no track record ({error})") from error
    trials = Ledger(settings.trials_path, say).trials(settings.profile)
    chosen = configurations(trials, track.dates)
    report = build_report(evidence_of(track, count_trials(trials), chosen if chosen.shape[1] > 1 else None))
    if html is not None:
        from tradebot.app.honesty_page import write_page

        write_page(html, settings, track, report)
    return report
