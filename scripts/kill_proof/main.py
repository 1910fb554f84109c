"""`scripts/prove-kill`: kill a trading daemon at every named point, at every hit of a full session, and judge by the server's ledger.

First a session that nobody kills counts the hits. Then real child processes trade the same session (390 minutes of real bars of 2013-10-09,
some 200 orders and 100 replacements, the simulated Alpaca over HTTP and WebSocket on loopback) and get SIGKILL at each of them; each is
started again until the session ends. At its end the server's orders, executions, positions and cash must equal what the journal holds.
"""

from __future__ import annotations

import argparse
import os
import sys
import threading
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed

from scripts.kill_proof import ledger
from scripts.kill_proof.plan import IN_DOUBT, Hits, again, counted, missed_hits, plans, recoveries
from scripts.kill_proof.session import CALM, Outcome, Plan, session
from scripts.kill_proof.storm import is_counted, storm
from scripts.kill_proof.template import Fresh, Lives, Template
from tradebot.shell.crash_points import COUNT, POINTS

TRADER = "moving"
SAID_EVERY = 10
COLUMNS = "{:<30}{:>7}{:>9}{:>7}{:>13}{:>10}{:>12}"


def main() -> int:
    asked = _asked()
    points = list(POINTS) if asked.points == "all" else asked.points.split(",")
    unknown = [point for point in points if point not in POINTS]
    if unknown:
        print(f"there is no point {unknown[0]}; known: {', '.join(POINTS)}", file=sys.stderr)
        return 2
    began = time.monotonic()
    work = _Work(asked.fresh, asked.seed, asked.faults)
    try:
        if asked.only:
            outcomes = [work.run(Plan.read(asked.only))]
            hits, points = counted(outcomes[0]), [outcomes[0].plan.point]
        else:
            calm = work.run(CALM)
            _complain(calm, asked.seed, asked.faults)
            if calm.violations:
                return 1
            hits = counted(calm)
            print(f"nobody killed: {calm.orders} orders, {calm.fills} fills, {sum(calm.hits.values())} hits of {len(calm.hits)} points")
            todo = plans(hits, points, None if asked.hits == "all" else int(asked.hits))
            for before in IN_DOUBT if asked.hits == "all" else ():
                todo += recoveries(work.run(Plan(COUNT, before=before)).hits_of_start, before, points)
            outcomes = _all(work, todo, asked)
            if asked.hits == "all" and len(outcomes) == len(todo):
                outcomes += _all(work, again(hits, points, outcomes), asked)
        return _judge(points, hits, outcomes, time.monotonic() - began, whole=asked.hits == "all" and not asked.only)
    finally:
        work.close()


class _Work:
    """Sessions, one a thread, each thread with a template of its own."""

    def __init__(self, fresh: bool, seed: int, faults: bool) -> None:
        self._fresh, self._seed, self._faults = fresh, seed, faults
        self._mine = threading.local()
        self._all: list[Lives] = []

    def run(self, plan: Plan) -> Outcome:
        if not hasattr(self._mine, "lives"):
            self._mine.lives = Fresh(TRADER) if self._fresh else Template(TRADER)
            self._all.append(self._mine.lives)
        return session(self._mine.lives, plan, storm(self._seed, CALM if is_counted(plan) else plan) if self._faults else None)

    def close(self) -> None:
        for lives in self._all:
            lives.close()


def _all(work: _Work, todo: Sequence[Plan], asked: argparse.Namespace) -> list[Outcome]:
    """Every plan's outcome; after Ctrl-C those that are done."""
    outcomes: list[Outcome] = []
    pool = ThreadPoolExecutor(asked.jobs)
    try:
        for done in as_completed([pool.submit(work.run, plan) for plan in todo]):
            outcomes.append(done.result())
            _complain(outcomes[-1], asked.seed, asked.faults)
            if sys.stderr.isatty() or len(outcomes) % SAID_EVERY == 0:
                kills, end = sum(o.kills for o in outcomes), " \r" if sys.stderr.isatty() else "\n"
                print(f"{len(outcomes)} of {len(todo)} sessions, {kills} kills", end=end, file=sys.stderr, flush=True)
    except KeyboardInterrupt:
        print(f"stopped after {len(outcomes)} of {len(todo)} sessions", file=sys.stderr)
    finally:
        pool.shutdown(cancel_futures=True)
    return outcomes


def _complain(outcome: Outcome, seed: int, faults: bool) -> None:
    for count, words in outcome.violations:
        again = f" --only {outcome.plan}"
        print(f"VIOLATION ({count}): {words}\n  again: scripts/prove-kill --seed {seed}{' --faults' if faults else ''}{again}", flush=True)


def _judge(points: Sequence[str], hits: dict[str, Hits], outcomes: Sequence[Outcome], took_s: float, *, whole: bool) -> int:
    print(COLUMNS.format("point", "hits", "covered", "kills", "in recovery", "sessions", "violations"))
    missed = 0
    for point in points:
        mine = [o for o in outcomes if o.plan.point == point]
        covered = hits[point].of_start + hits[point].live - len(missed_hits(hits, point, outcomes))
        total = hits[point].of_start + hits[point].live
        missed += total - covered
        kills, recovering = (sum(o.kills for o in mine if bool(o.plan.before) is after) for after in (False, True))
        print(COLUMNS.format(point, total, covered, kills, recovering, len(mine), sum(len(o.violations) for o in mine)))
    if whole and missed:
        print(f"{missed} hits were not reached, by a session of their own neither: with faults no two sessions take the same way")
    counts = Counter(count for o in outcomes for count, _ in o.violations)
    kills, lives = sum(o.kills for o in outcomes), sum(o.lives for o in outcomes)
    print(f"{len(outcomes)} sessions, {lives} lives, {took_s:.0f} s")
    found = ", ".join(f"{counts[name]} {name}" for name in (ledger.DUPLICATE, ledger.LOST, ledger.ORPHAN, ledger.OTHER))
    print(f"prove-kill: {kills} kills at {len(points)} points, {found}")
    return 1 if counts else 0


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="scripts/prove-kill", description=__doc__.partition("\n")[0] if __doc__ else "")
    parser.add_argument("--points", default="all", help="all, or names separated by commas")
    parser.add_argument("--hits", default="all", help="all, or how many hits of each point (spread over the session)")
    parser.add_argument("--jobs", type=int, default=min(2, os.cpu_count() or 1), help="sessions at a time")
    parser.add_argument("--seed", type=int, default=1, help="of the faults")
    parser.add_argument("--faults", action="store_true", help="the server fails in seeded ways too (WIRE.md section 8)")
    parser.add_argument("--fresh", action="store_true", help="a new interpreter for each life, not a fork of a warm one")
    parser.add_argument("--only", help="one session, as a violation names it")
    asked = parser.parse_args()
    if asked.hits != "all" and not asked.hits.isdigit():
        parser.error("--hits is all or a number")
    return asked


if __name__ == "__main__":
    sys.exit(main())
