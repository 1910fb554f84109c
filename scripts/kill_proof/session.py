"""One session, killed as often as it is told, started again each time, and judged at its end by the server's ledger."""

from __future__ import annotations

import json
import shutil
import signal
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import httpx

from scripts.kill_proof import ledger, older
from scripts.kill_proof.life import CLEAN, LAST_WORDS
from scripts.kill_proof.template import Lives
from scripts.kill_proof.trader import TRADERS
from tradebot.shell.crash_points import COUNT, LIVE

LIFE_S_MAX: Final = 600.0
ENDLESS: Final = 10_000
MIGRATION: Final = ("columns_added_not_filled", "chain_half_made", "migrated_not_stamped")


@dataclass(frozen=True, slots=True)
class Plan:
    """Kill at hit `first` of `point`, then at every `stride`-th further one, `kills_max` times or until the session ends.

    `is_live`: hits count from the moment at which the daemon trades, in each life; else from its start. `before`: where an earlier life is
    killed, so that the plan's kill meets a start that recovers.
    """

    point: str
    first: int = 1
    stride: int = 0
    is_live: bool = False
    kills_max: int = ENDLESS
    before: str = ""

    def orders(self) -> list[str]:
        """What to arm in each life."""
        if self.point == COUNT:
            return [self.before, COUNT] if self.before else [COUNT]
        ending = f":{LIVE}" if self.is_live else ""
        again = [f"{self.point}:{self.stride}{ending}"] * (self.kills_max - 1)
        kills = [f"{self.point}:{self.first}{ending}", *again]
        return [order for kill in kills for order in (self.before, kill)] if self.before else kills

    def hits(self, kills: int) -> list[int]:
        """The hits of the session, counted over its lives, at which that many kills were."""
        return [self.first + n * self.stride for n in range(kills)]

    def __str__(self) -> str:
        """As `--only` takes it."""
        phase = LIVE if self.is_live else "start"
        return f"{self.point}:{self.first}:{self.stride}:{phase}:{self.kills_max}" + (f"@{self.before}" if self.before else "")

    @classmethod
    def read(cls, text: str) -> Plan:
        """The inverse of `str`."""
        mine, _, before = text.partition("@")
        point, first, stride, phase, kills_max = mine.split(":")
        return cls(point, int(first), int(stride), phase == LIVE, int(kills_max), before)


CALM: Final = Plan(COUNT)


@dataclass(slots=True)
class Outcome:
    """`kills` of the plan that were made; `violations` as (count, sentence); `hits` of the last life, of its start and of its whole."""

    plan: Plan
    kills: int = 0
    violations: list[tuple[str, str]] = field(default_factory=list)
    hits: dict[str, int] = field(default_factory=dict)
    hits_of_start: dict[str, int] = field(default_factory=dict)
    cash_units: int = 0
    orders: int = 0
    fills: int = 0
    lives: int = 0
    struck: list[dict[str, Any]] = field(default_factory=list)


def session(
    lives: Lives, plan: Plan, storm: dict[str, Any] | None = None, keep: Callable[[ledger.Evidence], None] | None = None
) -> Outcome:
    """Trade one session; CALM kills nobody and counts the hits. The state is kept where something is wrong."""
    outcome = Outcome(plan)
    folder = Path(tempfile.mkdtemp(prefix="prove-kill-"))
    state = folder / "state"
    trader = TRADERS[lives.name]
    with trader.market() as server:
        if storm is not None:
            httpx.post(f"{server.url}/sim/storm", json=storm).raise_for_status()
        status = _lives(lives, server.url, state, plan.orders(), outcome)
        if status == CLEAN:
            words = json.loads((state / LAST_WORDS).read_text())
            outcome.hits, outcome.hits_of_start = words["hits"], words["hits_of_start"]
            outcome.violations += [(ledger.OTHER, f"the daemon ended with differences: {d}") for d in words["differences"]]
            seen = ledger.evidence(trader, server.simulator.venue, f"sqlite:///{state}/journal.db")
            outcome.violations += ledger.violations(seen)
            if keep is not None:
                keep(seen)
            if storm is not None:
                outcome.struck = server.simulator.faults.as_json()
            outcome.cash_units = seen.book.cash_units
            outcome.orders, outcome.fills = len(seen.venue.orders), sum(a.kind == "FILL" for a in seen.venue.activities)
    if outcome.violations:
        outcome.violations = [(count, f"{words} [{folder}]") for count, words in outcome.violations]
    else:
        shutil.rmtree(folder)
    return outcome


def _lives(lives: Lives, url: str, state: Path, orders: list[str], outcome: Outcome) -> int:
    """One life after the other until one ends by itself. Returns its status."""
    for order in [*orders, ""]:
        if outcome.lives == 1 and outcome.plan.point in MIGRATION:
            older.make_schema_1(state / "journal.db")
        outcome.lives += 1
        try:
            status = lives.live(url, state, order, LIFE_S_MAX)
        except TimeoutError as error:
            outcome.violations.append((ledger.OTHER, f"life {outcome.lives} ({order}): {error}"))
            return -signal.SIGALRM
        if status == -signal.SIGKILL:
            outcome.kills += order != outcome.plan.before
            continue
        if status != CLEAN:
            words = (state / LAST_WORDS).read_text() if (state / LAST_WORDS).exists() else (state / "stderr").read_text()[-600:]
            outcome.violations.append((ledger.OTHER, f"life {outcome.lives} ({order}) ended with status {status}: {words}"))
        return status
    raise AssertionError("a session without an end")
