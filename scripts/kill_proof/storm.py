"""A few faults of the server for each session, drawn by the seed and the plan: the same again for the same two."""

from __future__ import annotations

import random
from typing import Any, Final

from scripts.kill_proof.session import Plan
from tradebot.sim.alpaca_server.storm import KINDS

SPECIAL: Final[dict[str, dict[str, Any]]] = {
    "unknown_enum": {"where": ["order", "position", "trade_update"]},  # an account of unknown status is not traded: a start ends there
    "data_406": {"hold_s": 0.1},
    "stuck_pending_cancel": {"for_s": 40},
}
ENDING: Final = {"data_409"}  # a subscription that does not pay for the feed: the daemon says so and ends
KINDS_SURVIVED: Final = [{"name": name, **SPECIAL.get(name, {})} for name in KINDS if name not in ENDING]


def is_counted(plan: Plan) -> bool:
    """One kill in a session of its own: it shall meet the faults of the session that counted the hits."""
    return plan.kills_max == 1 and not plan.before


def storm(seed: int, plan: Plan) -> dict[str, Any]:
    """The body of `POST /sim/storm`."""
    draws = random.Random(f"{seed} {plan}")
    return {"seed": draws.randrange(2**31), "rate": draws.choice((0.005, 0.01, 0.02)), "faults": KINDS_SURVIVED}
