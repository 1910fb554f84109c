from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.unit.learning.evidence.runs import days
from tradebot.learning.evidence.arrays import Float
from tradebot.learning.evidence.ledger import Ledger, record_trial
from tradebot.learning.evidence.trial import Trial
from tradebot.learning.evidence.trials import clusters_of, configurations, correlations, count_trials, effective_trials

SESSIONS = 250


def families(groups: int, members: int, alike: float, seed: int = 1) -> Float:
    """(SESSIONS, groups * members): members of a group share `alike` of their variance."""
    rng = np.random.default_rng(seed)
    shared = np.repeat(rng.standard_normal((SESSIONS, groups)), members, axis=1)
    own = rng.standard_normal((SESSIONS, groups * members))
    found: Float = 0.01 * (np.sqrt(alike) * shared + np.sqrt(1 - alike) * own)
    return found


def trials_of(columns: Float) -> list[Trial]:
    dates = tuple(d.year * 10_000 + d.month * 100 + d.day for d in days(len(columns)))
    return [Trial(what="search", profile="p", settings_sha256=str(k), dates=dates, returns=tuple(c)) for k, c in enumerate(columns.T)]


@pytest.mark.parametrize(("groups", "members", "alike"), [(1, 12, 0.9), (4, 5, 0.9), (10, 3, 0.8), (12, 1, 0.0)])
def test_trials_that_are_alike_are_one(groups: int, members: int, alike: float) -> None:
    found = clusters_of(trials_of(families(groups, members, alike)))
    assert len(set(found)) == groups
    assert all(len(set(found[g * members : (g + 1) * members])) == 1 for g in range(groups))


def test_correlations_are_those_of_numpy_where_all_days_are_shared() -> None:
    columns = families(3, 2, 0.5)
    assert correlations(trials_of(columns)) == pytest.approx(np.corrcoef(columns.T), abs=1e-9)


def test_only_shared_days_are_compared() -> None:
    columns = families(1, 2, 0.9)
    one, two = trials_of(columns)
    early = Trial(what="backtest", profile="p", settings_sha256="e", dates=one.dates[:60], returns=one.returns[:60])
    late = Trial(what="backtest", profile="p", settings_sha256="l", dates=two.dates[40:], returns=two.returns[40:])
    assert correlations([early, late])[0, 1] == pytest.approx(np.corrcoef(columns[40:60].T)[0, 1])
    far = Trial(what="backtest", profile="p", settings_sha256="f", dates=two.dates[41:], returns=two.returns[41:])
    assert correlations([early, far])[0, 1] == 0.0  # 19 days in common are too few to call them alike


def test_the_same_run_again_is_no_new_trial() -> None:
    (one,) = trials_of(families(1, 1, 0.0))
    found = count_trials([one, one, one])
    assert (found.trials, found.effective) == (3, 1)
    assert found.variance == pytest.approx(1 / SESSIONS)


def test_runs_that_never_traded_are_one_trial() -> None:
    assert count_trials(trials_of(np.zeros((SESSIONS, 4)))).effective == 1


def test_trials_without_returns_count_in_full_by_their_settings() -> None:
    blind = [Trial(what="search", profile="p", settings_sha256=name) for name in ("a", "b", "b")]
    assert count_trials(blind).effective == 2
    assert count_trials([*blind, *trials_of(families(1, 3, 0.9))]).effective == 3


def test_nothing_recorded_is_one_trial() -> None:
    assert count_trials([]).effective == 1


def test_variance_is_that_of_the_clusters_and_at_least_luck() -> None:
    columns = families(6, 2, 0.95)
    columns += np.repeat(np.linspace(-0.01, 0.01, 6), 2)
    ratios = (columns.mean(axis=0) / columns.std(axis=0, ddof=1)).reshape(6, 2).mean(axis=1)
    assert count_trials(trials_of(columns)).variance == pytest.approx(ratios.var(ddof=1))
    assert count_trials(trials_of(families(2, 1, 0.0) * 0.5)).variance >= 1 / SESSIONS


def test_from_the_ledger_by_profile(tmp_path: Path) -> None:
    ledger, columns = Ledger(tmp_path / "trials.jsonl"), families(3, 2, 0.9)
    for k, column in enumerate(columns.T):
        record_trial(ledger, what="backtest", profile="a" if k < 4 else "b", settings={"k": k}, dates=days(SESSIONS), returns=column)
    assert effective_trials(ledger, "a").effective == 2
    assert effective_trials(ledger, "b").effective == 1
    assert effective_trials(ledger, "").effective == 3


def test_configurations_cover_every_session(tmp_path: Path) -> None:
    ledger, columns = Ledger(tmp_path / "trials.jsonl"), families(2, 1, 0.0)
    dates = days(SESSIONS)
    record_trial(ledger, what="backtest", profile="p", settings={}, dates=dates, returns=columns[:, 0])
    record_trial(ledger, what="backtest", profile="p", settings={}, dates=dates[5:], returns=columns[5:, 1])
    assert configurations(ledger.trials(), dates) == pytest.approx(columns[:, :1], abs=1e-8)
    assert configurations(ledger.trials(), dates[5:]) == pytest.approx(columns[5:], abs=1e-8)
    assert configurations(ledger.trials(), days(SESSIONS + 1)).shape == (SESSIONS + 1, 0)
