"""The honesty report as a page: the verdict and what it rests on, above the run's own charts and trades."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tradebot.app.walk_forward.track import Track
from tradebot.core.domain.faults import OperatorFault
from tradebot.core.domain.units import NS_PER_MINUTE, UNITS_PER_USD
from tradebot.learning.evidence.arrays import Int
from tradebot.learning.evidence.report import HonestyReport
from tradebot.settings import Settings
from tradebot.shell.calendar import session_table
from tradebot.sim.benchmarks import Benchmark
from tradebot.sim.outcome import Outcome
from tradebot.view.report.content import ReportInput, Table, Verdict
from tradebot.view.report.write import write_report


def write_page(path: Path, settings: Settings, track: Track, report: HonestyReport) -> None:
    """Raises OperatorFault where nothing can be written."""
    start = round(settings.simulation.cash_usd * UNITS_PER_USD)
    content = ReportInput(
        title=f"{track.profile}: is there an edge?",
        outcome=outcome_of(track, start),
        benchmarks=tuple(Benchmark(name.replace("_", " "), _equity(returns, start)) for name, returns in track.benchmarks.items()),
        facts=(("Run", report.source), ("Trials", f"{report.trials['trials']}, of them {report.trials['effective']} independent")),
        notes=(
            "Out of sample: each session was traded by a model that had not seen it. One point a session.",
            "Orders, fills and refusals are those of all folds, whose tests overlap; everything else counts each session once.",
        ),
        zero_cost=track.zero_cost,
        verdict=verdict_of(report),
    )
    try:
        write_report(path, content)
    except OSError as error:
        raise OperatorFault(f"{path}: the page can't be written ({error.strerror or error})") from error


def outcome_of(track: Track, start_units: int) -> Outcome:
    """The track record as one run: equity compounds from the starting cash, one row at each session's last minute."""
    sessions = session_table(track.dates[0], track.dates[-1]).sessions
    sessions = tuple(s for s in sessions if s.date in set(track.dates))
    equity = _equity(track.net, start_units)
    return Outcome(
        symbols=track.symbols,
        sessions=sessions,
        minute_ns=np.array([s.close_ns - NS_PER_MINUTE for s in sessions], np.int64),
        equity_units=equity,
        exposure_units=np.rint(equity * np.array(track.exposure)).astype(np.int64),
        cash_units=int(equity[-1]),
        start_units=start_units,
        trades=track.trades,
        orders=track.orders,
        fills=track.fills,
        refusals=track.refusals,
        costs=track.costs,
    )


def verdict_of(report: HonestyReport) -> Verdict:
    """The word, its reason and the tables under it, for any page."""
    gates = [
        (gate.name, "passed" if gate.passed else "FAILED", _text(gate.figure), _text(gate.bound), "" if gate.passed else gate.sentence)
        for gate in report.verdict.gates
    ]
    return Verdict(
        report.verdict.word, report.verdict.reason, (Table("Gates", ("Gate", "", "Figure", "Bound", "Why"), gates), *_tables(report))
    )


def _tables(report: HonestyReport) -> Iterable[Table]:
    note = f"The Sharpe ratio is not shown: {report.sharpe_refused}." if report.sharpe_refused else ""
    yield _pairs("Sharpe ratio", report.sharpe, note)
    yield _pairs("Trials", report.trials)
    yield _pairs("Overfitting (CSCV)", report.overfitting)
    yield _pairs("Superior ability (Hansen)", report.superiority)
    yield _rows("Models without skill", report.nulls)
    yield _rows("Beside it", report.benchmarks)
    yield _rows("Strategies", report.strategies)
    yield _rows("Cost", report.costs)
    yield _pairs("Target, drawdown, turnover", {**report.target, **report.risk})
    yield _pairs("Trades", report.trades)


def _pairs(caption: str, values: Mapping[str, Any], note: str = "") -> Table:
    return Table(caption, ("", ""), [(_words(key), _text(value)) for key, value in values.items()], note)


def _rows(caption: str, rows: Sequence[Mapping[str, Any]]) -> Table:
    head = tuple(dict.fromkeys(key for row in rows for key in row)) or ("name",)
    return Table(caption, tuple(_words(key) for key in head), [tuple(_text(row.get(key)) for key in head) for row in rows])


def _words(key: str) -> str:
    return key.replace("_", " ")


def _text(value: Any) -> str:
    match value:
        case None | "":
            return "-"
        case float():
            return f"{value:,.4g}" if np.isfinite(value) else "none"
        case list() | tuple():
            return ", ".join(map(str, value))
        case _:
            return str(value)


def _equity(returns: Sequence[float], start_units: int) -> Int:
    equity: Int = np.rint(start_units * np.cumprod(1.0 + np.array(returns))).astype(np.int64)
    return equity
