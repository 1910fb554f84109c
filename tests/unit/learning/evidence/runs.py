"""Runs with a known truth, for the tests of evidence."""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import Any

import numpy as np

from tradebot.learning.evidence.arrays import Float
from tradebot.learning.evidence.inputs import EvidenceInput, Null, TrialCount

ONE_TRIAL = TrialCount(1, 1, 0.0)


def days(sessions: int) -> tuple[dt.date, ...]:
    first = dt.date(2024, 1, 2)
    return tuple(first + dt.timedelta(days=n) for n in range(sessions))


def returns(sharpe_annual: float, sessions: int, seed: int = 1, deviation: float = 0.01) -> Float:
    """Daily returns whose sample Sharpe ratio is exactly this."""
    drawn = np.random.default_rng(seed).standard_normal(sessions)
    drawn = (drawn - drawn.mean()) / drawn.std()
    found: Float = deviation * (drawn + sharpe_annual / np.sqrt(252))
    return found


def null(name: str, p: float) -> Null:
    return Null(name=name, statistic="net dollars", observed=1.0, draws=np.zeros(10), p=p)


def run(net: Float, **changes: Any) -> EvidenceInput:
    """Out of sample, half a basis point of cost a session, one trial, random entries beaten."""
    plain = EvidenceInput(
        profile="demo",
        source="walk_forward test",
        out_of_sample=True,
        dates=days(len(net)),
        net=net,
        gross=net + 0.00005,
        trials=ONE_TRIAL,
        nulls=(null("random_entries", 0.01),),
        draws=500,
    )
    return dataclasses.replace(plain, **changes)
