"""How often the honesty report finds an edge that is there, and how often one that is not: whole pieces of research on synthetic markets.

    scripts/bench evidence          about 4 minutes on one core; the table of tradebot/learning/evidence/README.md

Each market is its own seed. On it twelve ways are tried and the best is reported (learning/evidence/laboratory.py).
"""

from __future__ import annotations

import math
import time
from collections import Counter
from dataclasses import dataclass, field
from statistics import NormalDist

from scripts.benchmarks.measure import Figure

SESSIONS = 756  # three years out of sample
DRAWS = 200
CHEAP = {"half_spread": 1e-6, "fees": 0.0, "impact_y": 0.0}


@dataclass(frozen=True)
class Case:
    name: str
    markets: int
    world: dict[str, float] = field(default_factory=dict)
    sessions: int = SESSIONS
    bar: float | None = None  # of EVIDENCE, where there is no edge
    ways: int = 12


CASES = (
    Case("no edge", 200, {}, bar=0.05),
    Case("no edge, hardly any cost", 200, CHEAP, bar=0.05),
    Case("no edge, the market rises 20% a year, hardly any cost", 200, {**CHEAP, "drift_annual": 0.20}, bar=0.05),
    Case("edge, IC 0.04", 100, {"information": 0.04}),
    Case("edge, IC 0.06", 100, {"information": 0.06}),
    Case("edge, IC 0.08", 100, {"information": 0.08}),
    Case("edge, IC 0.10", 100, {"information": 0.10}),
    Case("edge, IC 0.15", 100, {"information": 0.15}),
    Case("edge, IC 0.15, half a year", 100, {"information": 0.15}, 126),
    Case("no edge, hardly any cost, one way tried", 200, CHEAP, bar=0.05, ways=1),
    Case("edge, IC 0.08, one way tried", 100, {"information": 0.08}, ways=1),
)


def measure() -> list[Figure]:
    began = time.process_time()
    figures = [figure for case in CASES for figure in _rates(case)]
    return [*figures, Figure("all markets", time.process_time() - began, "s of CPU", note=f"{sum(case.markets for case in CASES)} markets")]


def _rates(case: Case) -> list[Figure]:
    from tradebot.learning.evidence.laboratory import CONFIGURATIONS, LEARNED_FIRST, research
    from tradebot.learning.evidence.synthetic import World, synthetic_market

    world, words, first_failed, sharpes = World(**case.world), Counter[str](), Counter[str](), []  # type: ignore[arg-type]
    for seed in range(case.markets):
        report = research(synthetic_market(world, LEARNED_FIRST + case.sessions, seed), DRAWS, seed, CONFIGURATIONS[: case.ways])
        words[report.verdict.word] += 1
        first_failed[next((gate.name for gate in report.verdict.gates if not gate.passed), "none")] += 1
        sharpes.append(report.sharpe.get("annual"))
    known = sorted(sharpe for sharpe in sharpes if sharpe is not None)
    shown = f"median Sharpe {known[len(known) // 2]:.1f}" if len(known) > case.markets / 2 else "Sharpe not shown: too short for the trials"
    failed = ", ".join(f"{name} {count}" for name, count in first_failed.most_common(4))
    notes = {"EVIDENCE": f"first gate that failed: {failed}", "PROMISING": shown}
    return [
        Figure(
            f"{case.name}: {word}",
            words[word] / case.markets,
            "of markets",
            case.bar if word == "EVIDENCE" else None,
            f"{interval_text(words[word], case.markets)}; {notes[word]}",
        )
        for word in ("EVIDENCE", "PROMISING")
    ]


def interval_text(hits: int, of: int, confidence: float = 0.95) -> str:
    """Wilson's interval of a share, which is right at 0 and at 1 too (Brown, Cai and DasGupta 2001)."""
    z = NormalDist().inv_cdf(0.5 + confidence / 2.0)
    share = hits / of
    middle = (share + z * z / (2 * of)) / (1 + z * z / of)
    half = z * math.sqrt(share * (1 - share) / of + z * z / (4 * of * of)) / (1 + z * z / of)
    return f"{hits} of {of}, {max(middle - half, 0.0):.3f} to {min(middle + half, 1.0):.3f}"
