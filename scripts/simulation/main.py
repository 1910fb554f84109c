"""`scripts/simulate`: thousands of simulated trading days, a world of ten days for each seed, on as many processes as are asked for."""

from __future__ import annotations

import argparse
import gc
import json
import sys
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict
from typing import Final

from scripts.simulation.faults import BY_NAME, ELSEWHERE, FAULTS
from scripts.simulation.market import DAYS
from scripts.simulation.run import Outcome, simulate
from scripts.simulation.story import stamp
from scripts.simulation.watch import INVARIANTS

FAILURES_SHOWN: Final = 5


def main(words: list[str] | None = None) -> int:
    """0 when no invariant was broken, 1 else, 2 for a question that makes no sense."""
    given = _parser().parse_args(words)
    if given.list:
        _list()
        return 0
    only = tuple(name for name in (given.faults or "").split(",") if name)
    unknown = sorted(set(only) - BY_NAME.keys())
    if unknown or given.days < 1 or given.jobs < 1:
        sys.stderr.write(f"no such fault: {', '.join(unknown)}; see --list\n" if unknown else "days and jobs are whole numbers from 1 on\n")
        return 2
    if given.trace:
        outcome = simulate(given.seed, min(given.days, DAYS), only, story=print)
        _tell(outcome)
        return 1 if outcome.violation else 0
    _settle_memory()
    return _many(given.seed, given.days, given.jobs, only, as_json=given.json, keep_going=given.keep_going)


def _many(seed: int, days: int, jobs: int, only: tuple[str, ...], *, as_json: bool, keep_going: bool) -> int:
    began_s = time.monotonic()
    done, lives, struck, failures = 0, Counter[str](), Counter[str](), list[Outcome]()
    for outcome in _outcomes(seed, days, jobs, only):
        done += outcome.days
        lives.update(outcome.counts)
        struck.update(outcome.faults)
        if outcome.violation is not None:
            failures.append(outcome)
            if not as_json and len(failures) <= FAILURES_SHOWN:
                _tell(outcome)
            if not keep_going:
                break
        if not as_json and sys.stderr.isatty():
            sys.stderr.write(
                f"\r{done} of {days} days, {len(failures)} violations, {done / (time.monotonic() - began_s):.1f} days a second "
            )
    took_s = time.monotonic() - began_s
    if as_json:
        failed = [asdict(f) | {"counts": dict(f.counts)} for f in failures]
        report = {"days": done, "seconds": took_s, "days_a_second": done / took_s, "violations": failed, "faults": dict(struck)}
        sys.stdout.write(json.dumps(report | {"counts": dict(lives)}) + "\n")
    else:
        ends = ", ".join(f"{count} {name.removeprefix('life ended: ')}" for name, count in sorted(lives.items()) if name.startswith("life"))
        sys.stdout.write(
            f"{done} days, {len(failures)} violations, {done / took_s:.1f} days a second on {jobs} processes; lives of the daemon: {ends}\n"
        )
    return 1 if failures else 0


def _outcomes(seed: int, days: int, jobs: int, only: tuple[str, ...]) -> Iterator[Outcome]:
    """Worlds in order of their seeds."""
    worlds = [(seed + n, min(DAYS, days - n * DAYS)) for n in range(-(-days // DAYS))]
    if jobs == 1:
        for world_seed, count in worlds:
            yield simulate(world_seed, count, only)
        return
    with ProcessPoolExecutor(jobs, initializer=_settle_memory) as pool:
        waiting = [pool.submit(simulate, world_seed, count, only) for world_seed, count in worlds]
        try:
            for future in waiting:
                yield future.result()
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def _settle_memory() -> None:
    """The program itself is no garbage: the collector need not look at it in every world."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


def _tell(outcome: Outcome) -> None:
    out = sys.stdout.write
    if outcome.violation is None:
        out(f"seed {outcome.seed}: {outcome.days} days, nothing broken, trace {outcome.trace}\n")
        return
    violation = outcome.violation
    out(f"\nseed {outcome.seed}, day {outcome.day}, {stamp(violation.ts_ns)} New York: {violation.invariant} is broken\n")
    out(f"  {violation.invariant}: {INVARIANTS[violation.invariant]}\n  {violation.words}\n")
    out(f"  faults of this world: {', '.join(outcome.faults) or 'none'}; under way: {', '.join(outcome.under_way) or 'none'}\n")
    for line in outcome.events:
        out(f"    {line}\n")
    out(f"  the whole story: scripts/simulate --seed {outcome.seed} --days {outcome.day} --trace\n")
    sys.stdout.flush()


def _list() -> None:
    for fault in FAULTS:
        sys.stdout.write(f"{fault.name:4} {fault.sentence}\n")
    sys.stdout.write("\nnot here:\n")
    for name, place in ELSEWHERE.items():
        sys.stdout.write(f"{name:4} {place}\n")
    sys.stdout.write("\n")
    for name, sentence in INVARIANTS.items():
        sys.stdout.write(f"{name:4} {sentence}\n")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="scripts/simulate",
        description="Trade simulated days on virtual time while things go wrong, and hold every invariant after every step.",
    )
    parser.add_argument("--days", type=int, default=300, help=f"trading days in all; a world, and so a seed, has {DAYS} (default 300)")
    parser.add_argument("--seed", type=int, default=1, help="of the first world; the next world has the next number")
    parser.add_argument("--jobs", type=int, default=1, help="processes")
    parser.add_argument("--faults", help="draw from these alone, such as F25,F36; then every day has one, and with two names both")
    parser.add_argument("--trace", action="store_true", help="tell the whole story of one world")
    parser.add_argument("--json", action="store_true", help="one JSON object in the end")
    parser.add_argument("--keep-going", action="store_true", help="go on after the first violation")
    parser.add_argument("--list", action="store_true", help="the faults and the invariants")
    return parser


if __name__ == "__main__":
    sys.exit(main())
