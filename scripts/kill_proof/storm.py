"""A few faults of the server for each session, drawn by the seed and the plan: the same again for the same two."""

from __future__ import annotations

import random
from typing import Any

from scripts.kill_proof.session import Plan


def storm(seed: int, plan: Plan | None) -> dict[str, Any]:
    """The body of `POST /sim/storm`."""
    draws = random.Random(f"{seed} {plan}")
    return {"seed": draws.randrange(2**31), "rate": draws.choice((0.01, 0.02, 0.05))}
