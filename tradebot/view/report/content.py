"""What a report is made of, as plain values: the run, what stands beside it, and what must be said about it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tradebot.sim.benchmarks import Benchmark
from tradebot.sim.outcome import Outcome


@dataclass(frozen=True, slots=True)
class Table:
    """`rows` as they are printed; the first cell of a row names it. `note` stands below."""

    caption: str
    head: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]
    note: str = ""


@dataclass(frozen=True, slots=True)
class Verdict:
    """The honesty report's one word (NO EVIDENCE, PROMISING, EVIDENCE), its reason, and the tables that it rests on."""

    word: str
    reason: str
    tables: Sequence[Table] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportInput:
    """One run. `facts` are named lines of where it comes from (profile, model, fidelity), `notes` what a reader must know first, such as
    that the model has seen some of the sessions. `zero_cost`: the run was asked to charge nothing, and the page says so.
    """

    title: str
    outcome: Outcome
    benchmarks: Sequence[Benchmark] = ()
    facts: Sequence[tuple[str, str]] = ()
    notes: Sequence[str] = ()
    zero_cost: bool = False
    verdict: Verdict | None = None
    tables: Sequence[Table] = ()
    trades_max: int = 500  # of the table; the figures count all
