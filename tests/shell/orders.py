"""Orders to send in tests."""

from __future__ import annotations

from typing import Any

from tradebot.core.domain.orders import Bracket, OrderIntent, Role, Side


def intent(client_order_id: str = "scene-1-SPY-entry", **changes: Any) -> OrderIntent:
    values: dict[str, Any] = {
        "client_order_id": client_order_id,
        "decision_id": "scene-1",
        "symbol": "SPY",
        "side": Side.BUY,
        "qty": 5,
        "role": Role.ENTRY,
        "reason": "test",
        "reference_units": 1_658_000,
        "decided_ns": 0,
    }
    return OrderIntent(**(values | changes))


BRACKET = Bracket(1_624_800, 1_724_300)
