"""Gates of `meta_qqq` (SYSTEMS.md section 1): what a signal must bring along before it may become an order. 0 lifts a gate.

|signal_strength| >= signal_strength_min    |momentum_3m| * volume_ratio / volatility: the move in standard deviations, times volume
volume_ratio      >= volume_ratio_min
|momentum|        >= momentum_min           of momentum_3m, the momentum in signal_strength
at most one order per order_interval_s_min seconds
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Final

import numpy as np
import numpy.typing as npt
from annotated_types import Ge

from tradebot.core.domain.units import NS_PER_S

Float = npt.NDArray[np.float64]
Bool = npt.NDArray[np.bool_]

GATE_INPUTS: Final = ("signal_strength", "volume_ratio", "momentum_3m")
"""Columns to hand to `gate_reasons` and `gates_open`, in this order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GatesConfig:
    """Smallest values that pass; 0 lifts the gate."""

    signal_strength_min: Annotated[float, Ge(0)] = 1.2
    volume_ratio_min: Annotated[float, Ge(0)] = 1.3
    momentum_min: Annotated[float, Ge(0)] = 0.0008
    order_interval_s_min: Annotated[float, Ge(0)] = 120.0


def gates_open(signal_strength: Float, volume_ratio: Float, momentum: Float, config: GatesConfig) -> Bool:
    """Where every gate passes, (...); a value that is not finite passes no gate that is in force."""
    gates = _gates(signal_strength, volume_ratio, momentum, config)
    opened = np.ones(signal_strength.shape, np.bool_)
    for _, value, low in gates:
        opened &= np.isfinite(value) & (value >= low)
    return opened


def gate_reasons(signal_strength: Float, volume_ratio: Float, momentum: Float, config: GatesConfig) -> list[str]:
    """Per symbol (N,) the first gate that it fails, "" where it passes all."""
    gates = _gates(signal_strength, volume_ratio, momentum, config)
    reasons = []
    for n in range(len(signal_strength)):
        reasons.append(next(filter(None, (_reason(name, value[n], low) for name, value, low in gates)), ""))
    return reasons


def is_throttled(now_ns: int, last_order_ns: int, order_interval_s_min: float) -> bool:
    """The last order is too young for another. A plain function: the fast backtest compiles (njit) the same source."""
    return now_ns - last_order_ns < order_interval_s_min * NS_PER_S


def throttle_reason(now_ns: int, last_order_ns: int | None, config: GatesConfig) -> str:
    """Why no order may follow the last one yet, "" where it may. Pure: both instants are given (None = there was no order)."""
    if last_order_ns is None or not is_throttled(now_ns, last_order_ns, config.order_interval_s_min):
        return ""
    return f"last order {(now_ns - last_order_ns) / NS_PER_S:.0f} s ago < {config.order_interval_s_min:g} s"


def _reason(name: str, value: float, low: float) -> str:
    if not np.isfinite(value):
        return f"{name} is not known"
    return "" if value >= low else f"{name} {value:.4g} < {low:g}"


def _gates(signal_strength: Float, volume_ratio: Float, momentum: Float, config: GatesConfig) -> list[tuple[str, Float, float]]:
    """(name, value, smallest value) of the gates in force."""
    gates = [
        ("|signal_strength|", np.abs(signal_strength), config.signal_strength_min),
        ("volume_ratio", volume_ratio, config.volume_ratio_min),
        ("|momentum|", np.abs(momentum), config.momentum_min),
    ]
    return [gate for gate in gates if gate[2] > 0.0]
