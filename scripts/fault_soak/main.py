"""`scripts/soak-faults`: sessions over HTTP and WebSocket in which 5% of everything fails, and the books that they end with.

    stairs   every kind of fault of WIRE.md section 8, in a market where a delay costs nothing (scripts/kill_proof/stairs.py): the same
             cash to the unit and the same positions as without faults
    real     the real bars of 2013-10-09, and all kinds that keep nothing from anybody (a request that fails, a trade update that comes
             twice or not at all, a volume that is corrected): the same cash, the same positions and the same fills, intent by intent

In both the journal equals the server's ledger, execution by execution (scripts/kill_proof/ledger.py). Two kinds are left out: they end the
daemon with a sentence, as they should (an account of unknown status, a subscription that doesn't pay for the feed).
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from scripts.kill_proof import ledger
from scripts.kill_proof.session import CALM, Outcome, session
from scripts.kill_proof.storm import SPECIAL
from scripts.kill_proof.template import Lives, Template
from tradebot.sim.alpaca_server.storm import COMPETING, KINDS

ENDING: Final = ("data_409",)
RARE: Final = (
    "data_405",
    "data_406",
    "positions_lag",
    "stuck_pending_cancel",
    "replace_lost_to_fill",
)
RARE_RATE: Final = 0.5  # few chances: half of them are struck
HARMLESS: Final = (*COMPETING[0], *COMPETING[1], "late_updated_bar", "data_405", "data_406", "unknown_enum")
SETUPS: Final = {"stairs": tuple(name for name in KINDS if name not in ENDING), "real": HARMLESS}


@dataclass(slots=True)
class Books:
    """What a session ended with; `fills` by intent: side, shares and money."""

    cash_units: int = 0
    positions: dict[str, int] = field(default_factory=dict)
    fills: dict[tuple[str, str], tuple[int, int]] = field(default_factory=dict)

    @classmethod
    def of(cls, seen: ledger.Evidence) -> Books:
        shares: Counter[tuple[str, str]] = Counter()
        money: Counter[tuple[str, str]] = Counter()
        for activity in seen.venue.activities:
            if activity.kind == "FILL" and activity.order is not None:
                key = seen.sent(activity.order).client_order_id, str(activity.order.side)
                shares[key] += activity.qty
                money[key] += activity.qty * activity.price_units
        positions = {symbol: held.qty for symbol, held in seen.venue.positions.items()}
        return cls(seen.venue.cash_units, positions, {key: (shares[key], money[key]) for key in shares})


def storm(kinds: Sequence[str], seed: int, rate: float) -> dict[str, Any]:
    """The body of `POST /sim/storm`."""
    faults = [{"name": name, **SPECIAL.get(name, {}), **({"rate": RARE_RATE} if name in RARE and rate else {})} for name in kinds]
    return {"seed": seed, "rate": rate, "faults": faults}


def soak(lives: Lives, storm_body: dict[str, Any] | None) -> tuple[Outcome, Books]:
    """One session. The books are empty where it did not end by itself (the outcome says why)."""
    books: list[Books] = []
    outcome = session(lives, CALM, storm_body, keep=lambda seen: books.append(Books.of(seen)))
    return outcome, books[0] if books else Books()


def differences(calm: Books, stormy: Books, *, by_intent: bool) -> list[str]:
    found = []
    if stormy.cash_units != calm.cash_units:
        found.append(f"cash {stormy.cash_units} units, without faults {calm.cash_units}")
    if stormy.positions != calm.positions:
        found.append(f"positions {stormy.positions}, without faults {calm.positions}")
    if by_intent:
        for key in sorted(calm.fills.keys() | stormy.fills.keys()):
            if calm.fills.get(key) != stormy.fills.get(key):
                found.append(f"fills of {key}: {stormy.fills.get(key)}, without faults {calm.fills.get(key)}")
    return found


def main() -> int:
    asked = _asked()
    failed, struck = 0, Counter[str]()
    for setup in SETUPS if asked.setup == "both" else (asked.setup,):
        lives = Template(setup)
        try:
            calm, expected = soak(lives, None)
            print(f"{setup}, no faults: {calm.orders} orders, {calm.fills} fills, cash {expected.cash_units} units")
            failed += bool(calm.violations)
            for _, words in calm.violations:
                print(words)
            for seed in range(asked.seed, asked.seed + asked.sessions):
                began = time.monotonic()
                outcome, books = soak(lives, storm(SETUPS[setup], seed, asked.rate))
                found = [words for _, words in outcome.violations] + differences(expected, books, by_intent=setup == "real")
                failed += bool(found)
                mine = Counter({kind["name"]: kind["struck"] for kind in outcome.struck})
                struck += mine
                print(
                    f"{setup}, seed {seed}: {mine.total()} faults, {outcome.orders} orders, {outcome.fills} fills, "
                    f"cash {books.cash_units} units, {time.monotonic() - began:.0f} s: {'; '.join(found) or 'the same books'}",
                    flush=True,
                )
        finally:
            lives.close()
    print("faults by kind: " + ", ".join(f"{name} {struck[name]}" for name in KINDS if name in struck))
    print(f"soak-faults: {struck.total()} faults of {sum(n > 0 for n in struck.values())} kinds, {failed} sessions with other books")
    return 1 if failed else 0


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="scripts/soak-faults", description=__doc__.partition("\n")[0] if __doc__ else "")
    parser.add_argument("--seed", type=int, default=1, help="of the first session; the next ones count on")
    parser.add_argument("--rate", type=float, default=0.05, help="how many of the requests, frames and bars fail")
    parser.add_argument("--sessions", type=int, default=3, help="of each set-up")
    parser.add_argument("--setup", choices=(*SETUPS, "both"), default="both")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
