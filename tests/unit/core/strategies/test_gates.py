"""Gates of meta_qqq: each refuses at its own value, 0 lifts it, and what is not known passes none that is in force."""

from __future__ import annotations

import numpy as np
import pytest

from tradebot.core.strategies.gates import GatesConfig, gate_reasons, gates_open, throttle_reason

NAN = float("nan")


@pytest.mark.parametrize(
    ("strength", "volume", "momentum", "reason"),
    [
        (1.2, 1.3, 0.0008, ""),
        (-5.0, 1.3, -0.0008, ""),
        (1.19, 9.0, 0.1, "|signal_strength| 1.19 < 1.2"),
        (-1.19, 9.0, 0.1, "|signal_strength| 1.19 < 1.2"),
        (3.0, 1.29, 0.1, "volume_ratio 1.29 < 1.3"),
        (3.0, 1.3, -0.00079, "|momentum| 0.00079 < 0.0008"),
        (NAN, 1.3, 0.1, "|signal_strength| is not known"),
        (3.0, NAN, 0.1, "volume_ratio is not known"),
        (3.0, 1.3, NAN, "|momentum| is not known"),
        (float("inf"), 1.3, 0.1, "|signal_strength| is not known"),
    ],
)
def test_each_gate(strength: float, volume: float, momentum: float, reason: str) -> None:
    row = np.array([strength]), np.array([volume]), np.array([momentum])
    assert gate_reasons(*row, GatesConfig()) == [reason]
    assert gates_open(*row, GatesConfig()).tolist() == [not reason]


def test_zero_lifts_a_gate_also_for_what_is_not_known() -> None:
    row = np.array([NAN]), np.array([NAN]), np.array([0.1])
    config = GatesConfig(signal_strength_min=0.0, volume_ratio_min=0.0)
    assert gate_reasons(*row, config) == [""]
    assert gates_open(*row, config).tolist() == [True]
    assert gate_reasons(*row, GatesConfig(signal_strength_min=0.0)) == ["volume_ratio is not known"]


def test_reasons_and_mask_agree() -> None:
    random = np.random.default_rng(3)
    rows = random.normal(0, 3, 500), np.abs(random.normal(1.5, 1, 500)), random.normal(0, 0.001, 500)
    reasons = gate_reasons(*rows, GatesConfig())
    assert gates_open(*rows, GatesConfig()).tolist() == [not reason for reason in reasons]
    assert 10 < reasons.count("") < 490
    history = tuple(x.reshape(50, 10) for x in rows)
    assert gates_open(*history, GatesConfig()).ravel().tolist() == [not reason for reason in reasons]


@pytest.mark.parametrize(
    ("seconds", "reason"), [(None, ""), (0, "last order 0 s ago < 120 s"), (119, "last order 119 s ago < 120 s"), (120, ""), (9999, "")]
)
def test_one_order_per_two_minutes(seconds: int | None, reason: str) -> None:
    now_ns = 1_380_893_400_000_000_000
    last_ns = None if seconds is None else now_ns - seconds * 1_000_000_000
    assert throttle_reason(now_ns, last_ns, GatesConfig()) == reason
    assert throttle_reason(now_ns, last_ns, GatesConfig(order_interval_s_min=0.0)) == ""
