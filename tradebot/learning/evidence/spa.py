"""Whether the best of several strategies beats a benchmark by more than the best of several without skill would (Hansen 2005)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tradebot.learning.evidence.arrays import Float, block_length, is_constant

SESSIONS_MIN = 20


@dataclass(frozen=True, slots=True)
class Superiority:
    """p-values of "no strategy is better than the benchmark"; `consistent` is the one to read. `kept` are the strategies of the model
    confidence set at 10% (Hansen, Lunde and Nason 2011): those that none of the others is significantly better than.
    """

    lower: float
    consistent: float
    upper: float
    strategies: int
    kept: tuple[str, ...]
    note: str = ""


def superior_ability(
    returns: Float, names: Sequence[str], benchmark: Float | None = None, draws: int = 1000, seed: int = 7
) -> Superiority | str:
    """From daily net returns (S, K) of the strategies; the benchmark (S,) is cash by default. Or a sentence that says why not.

    Stationary bootstrap with mean blocks of n^(1/3) sessions, studentized: each strategy's difference is divided by its long-run deviation
    before arch sees it, since arch 8.0.0 knows the option but compares plain means, and so only hears the most volatile one.

    A strategy that differs from the benchmark by a constant, such as one that never traded, is left out: its difference has no deviation to
    measure it by.
    """
    sessions = len(returns)
    if sessions < SESSIONS_MIN:
        return f"too short: {sessions} sessions, {SESSIONS_MIN} needed"
    base = np.zeros(sessions) if benchmark is None else benchmark
    if not (np.isfinite(returns).all() and np.isfinite(base).all()):
        return "a return is not finite"
    moving = [k for k in range(returns.shape[1]) if not is_constant(returns[:, k] - base)]
    if not moving:
        return "no strategy did anything that the benchmark did not"
    from arch.bootstrap import MCS, SPA

    block = block_length(sessions)
    apart = returns[:, moving] - base[:, None]
    test = SPA(
        np.zeros(sessions), -apart / _long_run_deviation(apart, block), block_size=block, reps=draws, bootstrap="stationary", seed=seed
    )
    test.compute()
    alike = _alike(returns, moving)
    first = sorted(set(alike.values()))
    included = set(first)
    if len(first) > 1:
        keeping = MCS(-returns[:, first], 0.1, reps=draws, block_size=block, bootstrap="stationary", seed=seed)
        keeping.compute()
        included = {first[int(str(k))] for k in keeping.included}
    left = returns.shape[1] - len(moving)
    return Superiority(
        lower=float(test.pvalues["lower"]),
        consistent=float(test.pvalues["consistent"]),
        upper=float(test.pvalues["upper"]),
        strategies=len(moving),
        kept=tuple(names[k] for k in moving if alike[k] in included),
        note=f"{left} that never did anything left out" if left else "",
    )


def _alike(returns: Float, columns: Sequence[int]) -> dict[int, int]:
    """Each column's first twin: those that differ by a constant can't be told apart by a deviation of their difference."""
    scale = float(np.abs(returns).max())
    found: dict[int, int] = {}
    for k in columns:
        apart = {twin: float(np.ptp(returns[:, k] - returns[:, twin])) for twin in sorted(set(found.values()))}
        found[k] = next((twin for twin, width in apart.items() if width <= 1e-12 * scale), k)
    return found


def _long_run_deviation(values: Float, block: int) -> Float:
    """(K,): root of n times the variance of the mean under the stationary bootstrap (Hansen 2005, section 3.1; Politis and Romano 1994)."""
    n, keep = len(values), 1.0 - 1.0 / block
    away = values - values.mean(axis=0)
    plain = (away**2).sum(axis=0) / n
    variance = plain.copy()
    for lag in range(1, n):
        kernel = (1.0 - lag / n) * keep**lag + lag / n * keep ** (n - lag)
        if kernel > 1e-9:
            variance += 2.0 * kernel * (away[:-lag] * away[lag:]).sum(axis=0) / n
    found: Float = np.sqrt(np.maximum(variance, 1e-6 * plain))
    return found
