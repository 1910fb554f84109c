"""The engine in plain values, for status and the control socket."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tradebot.core.domain.commands import Command, RecordDecision
from tradebot.core.domain.decision import Decision
from tradebot.core.domain.events import Event
from tradebot.core.domain.units import UNITS_PER_USD
from tradebot.core.engine import Engine
from tradebot.core.features.catalogue import FEATURES


class Description:
    """Remembers the last decision; everything else is read from the engine when asked."""

    def __init__(self, profile: str) -> None:
        self._profile = profile
        self._decision: Decision | None = None

    def observe(self, event: Event, commands: Sequence[Command]) -> None:
        for command in commands:
            if isinstance(command, RecordDecision):
                self._decision = command.decision

    def of(self, engine: Any) -> Mapping[str, Any]:
        """`status`, `positions`, `orders` and `decisions` of an engine, money in dollars."""
        assert isinstance(engine, Engine)
        state, book = engine.state, engine.state.book
        return {
            "status": {
                "profile": self._profile,
                "account": book.account_number,
                "safety": str(state.safety),
                "safety_reason": state.safety_reason,
                "high_water_usd": state.high_water_units / UNITS_PER_USD,
                "model_id": state.model_id,
                "symbols": len(state.symbols),
                "cash_usd": book.cash_units / UNITS_PER_USD,
                "equity_usd": state.equity_units() / UNITS_PER_USD,
                "day_pnl_usd": (state.equity_units() - state.day_start_equity_units) / UNITS_PER_USD if state.session else 0.0,
                "stale_feeds": dict(state.stale_feeds),
                "locked": dict(state.locked),
            },
            "positions": [
                {
                    "symbol": symbol,
                    "qty": p.qty,
                    "entry_usd": p.entry_units / UNITS_PER_USD,
                    "last_usd": state.mark(symbol) / UNITS_PER_USD,
                    "pnl_usd": (p.qty * state.mark(symbol) - p.cost_units) / UNITS_PER_USD,
                }
                for symbol, p in sorted(book.positions.items())
                if p.qty
            ],
            "orders": [
                {
                    "symbol": o.symbol,
                    "role": str(o.role),
                    "side": str(o.side),
                    "open_qty": o.open_qty,
                    "limit_usd": o.limit_units / UNITS_PER_USD,
                    "stop_usd": o.stop_units / UNITS_PER_USD,
                    "status": str(o.status),
                }
                for o in book.open_orders()
            ],
            "decisions": self._rows(),
        }

    def _rows(self) -> list[dict[str, Any]]:
        decision = self._decision
        if decision is None:
            return []
        return [
            {
                "symbol": symbol,
                "confidence": None if not decision.valid[n] else float(decision.confidence[n]),
                "price_usd": int(decision.price_units[n]) / UNITS_PER_USD,
                "reason": decision.reasons[n],
                "order": decision.order_ids[n],
                **_thoughts(decision, n),
            }
            for n, symbol in enumerate(decision.symbols)
        ]


def feature_rows(engine: Any) -> list[dict[str, Any]]:
    """The last minute's feature row of each symbol that had a bar in it, as the engine decided on it."""
    assert isinstance(engine, Engine)
    state, names = engine.state, [f.name for f in FEATURES]
    return [
        {
            "symbol": symbol,
            "minute_ns": state.minute_ns,
            "bars_seen": int(state.seen[n]),
            "values": dict(zip(names, state.features[n].tolist(), strict=True)),
        }
        for n, symbol in enumerate(state.symbols)
        if state.seen[n]
    ]


def _thoughts(decision: Decision, n: int) -> dict[str, Any]:
    """What a profile of strategies thought of a symbol: the regime, the hour's choice, and each strategy that speaks with weight."""
    thoughts = decision.thoughts
    if thoughts is None:
        return {}
    spoken = zip(thoughts.strategies, thoughts.weights[n], thoughts.signals[n], strict=True)
    return {
        "regime": thoughts.regimes[n],
        "choice": f"{thoughts.arms[n]} ({thoughts.propensities[n]:.0%})" if thoughts.arms[n] else "",
        "signals": ", ".join(f"{name} {signal:+.2f} x {weight:.2f}" for name, weight, signal in spoken if weight * signal),
    }
