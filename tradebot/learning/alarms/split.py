"""The alarm on the split itself: nothing that trained was still open, or too near, when the test began."""

from __future__ import annotations

import numpy as np

from tradebot.learning.alarms.alarm import Alarm, not_measured
from tradebot.learning.alarms.case import Case

NAME = "purge"


def purge(case: Case) -> Alarm:
    """`figure` counts training rows that are also tested, that don't lie before the test, whose label ended after the test began, or whose
    session is among the embargoed ones."""
    if not (case.train.any() and case.test.any()):
        return not_measured(NAME, "there is nothing on one side of the split")
    start_ns = int(case.rows.minute_ns[case.test].min())
    sessions, rank = np.unique(case.rows.session_of, return_inverse=True)
    near = rank >= int(rank[case.test].min()) - case.embargo_sessions if case.embargo_sessions else case.rows.minute_ns >= start_ns
    wrong = int((case.train & (case.test | (case.rows.minute_ns >= start_ns) | (case.end_ns > start_ns) | near)).sum())
    rows = int(case.train.sum())
    told = f"of {rows} training rows in {len(sessions)} sessions reach into the test"
    return Alarm(NAME, wrong > 0, float(wrong), 0.0, f"{wrong or 'none'} {told}")
