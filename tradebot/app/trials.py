"""`trials`: how often the data were looked at, and the one call that counts another look."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from typing import Any

from tradebot.learning.evidence.arrays import Float
from tradebot.learning.evidence.ledger import Ledger, record_trial
from tradebot.learning.evidence.trial import Trial, What
from tradebot.learning.evidence.trials import count_trials
from tradebot.settings import Settings, as_tree, load_settings, read_environment

Say = Callable[[str], None]


def record(
    settings: Settings,
    profile: str,
    *,
    what: What,
    dates: Sequence[dt.date] = (),
    returns: Float | Sequence[float] = (),
    score: float | None = None,
    score_name: str = "",
    outcome: object = None,
    note: str = "",
    say: Say = lambda line: None,
) -> Trial:
    """Put one run of a profile into its ledger: what differs from the committed profile is named as toggles."""
    return record_trial(
        Ledger(settings.trials_path, say),
        what=what,
        profile=settings.profile,
        settings=as_tree(settings),
        base=as_tree(_committed(profile)),
        dates=dates,
        returns=returns,
        score=score,
        score_name=score_name,
        outcome=outcome,
        note=note,
    )


def _committed(profile: str) -> Settings:
    """The profile as its file says it, without what the environment changes."""
    environment = read_environment()
    return load_settings(profile, {name: value for name, value in environment.items() if name == "TRADEBOT_HOME"})


def list_trials(profile: str, *, everyone: bool, say: Say) -> dict[str, Any]:
    """The trials of a profile, or all that its ledger holds, and how many of them are independent."""
    settings = load_settings(profile, read_environment())
    ledger = Ledger(settings.trials_path, say)
    trials = ledger.trials("" if everyone else settings.profile)
    count = count_trials(trials)
    return {
        "trials": [_row(trial) for trial in trials],
        "ledger": str(ledger.path),
        "recorded": count.trials,
        "independent": count.effective if trials else 0,
    }


def verify_trials(profile: str, *, say: Say) -> dict[str, Any]:
    """Check every row of the ledger. Raises OperatorFault that names the first one that is not as it was written."""
    ledger = Ledger(load_settings(profile, read_environment()).trials_path, say)
    trials = ledger.trials()
    newest = {"newest_ns": trials[-1].when_ns, "sha256": trials[-1].sha256} if trials else {}
    return {"ledger": str(ledger.path), "rows": len(trials), "verdict": "every row is as it was written, in its place"} | newest


def _row(trial: Trial) -> dict[str, Any]:
    return {
        "number": trial.number,
        "when_ns": trial.when_ns,
        "what": trial.what,
        "profile": trial.profile,
        "first": trial.first,
        "last": trial.last,
        "sessions": trial.sessions,
        "toggles": ", ".join(f"{key}={value}" for key, value in trial.toggles.items()),
        "score": trial.score,
        "score_name": trial.score_name,
        "settings": trial.settings_sha256[:8],
        "sha256": trial.sha256[:8],
        "note": trial.note,
    }
