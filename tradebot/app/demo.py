"""`scripts/run`: the whole job without an account, on real bars and a simulated Alpaca: learn from the first sessions, trade the rest."""

from __future__ import annotations

import datetime as dt
import os
import select
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from tradebot.app.alpaca import settings_and_keys
from tradebot.app.market import Market, load_market
from tradebot.app.research import train
from tradebot.app.service import Options, trade
from tradebot.app.tally import Tally, buy_and_hold_fraction
from tradebot.core.domain.commands import Command
from tradebot.core.domain.events import Event
from tradebot.core.domain.faults import OperatorFault
from tradebot.core.domain.session import Session
from tradebot.core.domain.units import NS_PER_MINUTE, UNITS_PER_USD
from tradebot.settings import home_dir, load_settings
from tradebot.shell.parts import ExitSummary

PROFILE: Final = "demo"
FIRST: Final = dt.date(2013, 10, 9)  # the sessions before it are for learning
START: Final = "03:55"  # New York, before the 04:00 rebalance
RUNS_KEPT: Final = 5
SERVER_S_MAX: Final = 60
END_AFTER_CLOSE_NS: Final = 10 * NS_PER_MINUTE
PICTURE_BEFORE_CLOSE_NS: Final = 60 * NS_PER_MINUTE
KEYS: Final = {"ALPACA_API_KEY": "DEMO", "ALPACA_SECRET_KEY": "DEMO"}
PAPER: Final = "ALPACA_API_KEY=... ALPACA_SECRET_KEY=... .venv/bin/tradebot run --profile active_stocks"


def demo(*, sessions: int, plain: bool, picture: Path | None = None) -> int:
    """Train, trade, sum up. 0 only if every session was traded and our books are the broker's.

    `picture` names an SVG file that gets the live view of the last session's afternoon and the summary.
    """
    from tradebot.view import Camera, View, summary

    folder = _new_run(home_dir(os.environ))
    environment = {**os.environ, **KEYS, "TRADEBOT__STATE_DIR": str(folder), "TRADEBOT__MODELS_DIR": str(folder / "models")}
    os.environ.update(environment)  # the child that retrains reads the same
    settings = load_settings(PROFILE, environment)
    print(f"{PROFILE}: {settings.about}")
    market = load_market(settings, None)
    traded = market.between(FIRST, dt.date.max)[:sessions]
    learned_to = market.before(traded[0].date)[-1].date
    _tell_model(train(PROFILE, bars=None, progress=_say, until=learned_to))
    tally, minutes = Tally(), sum(s.minutes for s in traded)
    with _simulated_alpaca(settings.data.folder, traded[0]) as url:
        print(
            f"a simulated Alpaca answers at {url}; {_count(len(traded), 'session')} of {', '.join(sorted(market.histories))} follow",
            flush=True,
        )
        settings, keys = settings_and_keys(PROFILE, url, environment)
        with View(f"tradebot {PROFILE}", minutes, plain=plain) as view:
            camera = Camera(view, traded[-1].close_ns - PICTURE_BEFORE_CLOSE_NS)
            options = Options(
                stop_at_ns=traded[-1].close_ns + END_AFTER_CLOSE_NS,
                observer=both(tally.observe, view.observe, camera.observe),
                report=_quiet(view.console.print),
            )
            ended = trade(settings, keys, PROFILE, live=False, alpaca_url=url, options=options)
    report = _report(tally, ended, settings.simulation.cash_usd, settings.sizing.equity_fraction, market, traded)
    faults = faults_of(tally, ended, settings.simulation.cash_usd, traded)
    title = "every session traded, books reconciled" if not faults else f"FAILED: {'; '.join(faults)}"
    end = summary(report, title=title, journal=_within(settings.state_dir), next_step=PAPER)
    view.console.print(end)
    if picture is not None:
        picture.write_text(camera.svg(end, "scripts/run"))
    return 1 if faults else 0


def both(*observers: Callable[[Event, Sequence[Command]], None]) -> Callable[[Event, Sequence[Command]], None]:
    """One observer that tells several."""

    def observe(event: Event, commands: Sequence[Command]) -> None:
        for observer in observers:
            observer(event, commands)

    return observe


def faults_of(tally: Tally, ended: ExitSummary, cash_usd: float, traded: Sequence[Session]) -> list[str]:
    """What keeps a run from counting as done; empty when all is well."""
    faults = list(ended.differences)
    if tally.sessions != {s.date for s in traded}:
        faults.append(f"{len(tally.sessions)} of {len(traded)} sessions were traded")
    if not tally.fills:
        faults.append("nothing was traded")
    if ended.positions:
        faults.append(f"still held: {', '.join(p.symbol for p in ended.positions)}")
    earned = sum(t.pnl_units for t in tally.trades.values()) - tally.fees_units
    if round(cash_usd * UNITS_PER_USD) + earned != ended.cash_units:
        faults.append(f"the trades and fees come to {earned} units, the account to {ended.cash_units}")
    return faults


def _report(
    tally: Tally, ended: ExitSummary, cash_usd: float, equity_fraction: float, market: Market, traded: Sequence[Session]
) -> dict[str, Any]:
    hold = buy_and_hold_fraction(market.grid(traded), traded[0].date, traded[-1].date)
    pnl_usd = ended.equity_units / UNITS_PER_USD - cash_usd
    return {
        **tally.report(),
        "pnl_usd": pnl_usd,
        "return_fraction": pnl_usd / cash_usd,
        "buy_and_hold_usd": hold * cash_usd,
        "buy_and_hold_fraction": hold,
        "positions_left": {p.symbol: p.qty for p in ended.positions},
        "note": f"{_count(tally.models, 'model')} served, each session by one that had not seen it; "
        f"a position is {equity_fraction:.0%} of equity, buy and hold is all of it",
    }


def _tell_model(report: Mapping[str, Any]) -> None:
    metrics = report["metrics"]
    print(
        f"{report['kind']} on {report['train_rows']} rows, label {report['label']}; on {report['test_rows']} later rows: "
        f"ROC-AUC {metrics['roc_auc']:.3f} (no skill {metrics['no_skill_roc_auc']:.3f}), "
        f"Brier {metrics['brier']:.3f} (no skill {metrics['no_skill_brier']:.3f}), base rate {metrics['base_rate']:.3f}",
        flush=True,
    )


@contextmanager
def _simulated_alpaca(bars: Path, first: Session) -> Iterator[str]:
    """The server in a process of its own, in step mode; yields its address."""
    words = ["sim-alpaca", "--bars", str(bars), "--port", "0", "--start", f"{first.date}T{START}", "--speed", "0"]
    server = subprocess.Popen([sys.executable, "-m", "tradebot", *words], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        assert server.stdout is not None
        ready, _, _ = select.select([server.stdout], [], [], SERVER_S_MAX)
        line = server.stdout.readline() if ready else ""
        if not line.startswith("http://"):
            raise OperatorFault(f"the simulated Alpaca did not start: {line.strip() or 'no answer'}")
        yield line.split()[0]
    finally:
        server.terminate()
        server.wait()


def _new_run(home: Path) -> Path:
    """A fresh state folder; only the newest runs are kept."""
    root = home / "data" / PROFILE
    folder = root / f"{dt.datetime.now(dt.UTC):%Y%m%dT%H%M%S.%f}"
    folder.mkdir(parents=True, mode=0o700)
    for old in sorted(p for p in root.iterdir() if p.is_dir())[:-RUNS_KEPT]:
        shutil.rmtree(old)
    return folder


def _count(n: int, noun: str) -> str:
    return f"{n} {noun}{'s' * (n != 1)}"


def _within(state_dir: Path) -> str:
    """The journal's place, from here where it is below."""
    journal = state_dir / "journal.sqlite3"
    return str(journal.relative_to(Path.cwd()) if journal.is_relative_to(Path.cwd()) else journal)


def _say(stage: str, done: int, total: int) -> None:
    print(f"  {stage}", flush=True)


def _quiet(show: Callable[[str], None]) -> Callable[[str, str], None]:
    """Only what went wrong interrupts the view."""

    def report(severity: str, message: str) -> None:
        if severity != "info":
            show(f"{severity}: {message}")

    return report
