"""The dollar-profit objective (SYSTEMS.md section 4): what a position of tanh(score) earns, after what it costs.

    position p = tanh(s)
    reward     = p * move - cost * (sqrt(p^2 + e^2) - e)            e = 0.1 makes |p| smooth at 0
    gradient   of -reward:  -(1 - p^2) u,   u = move - cost p / sqrt(p^2 + e^2)
    curvature  of -reward:   (1 - p^2)^2 cost e^2 / (p^2 + e^2)^(3/2) + 2 p (1 - p^2) u, which may be negative;
    its bound  (1 - p^2)^2 cost e^2 / (p^2 + e^2)^(3/2) + 2 |p| (1 - p^2) |u| + floor, never below its size and always positive

Moves and costs are in standard deviations of the move, so that the trees' penalties mean the same for every instrument.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from tradebot.core.domain.bars import Float

SMOOTH: Final = 0.1
FLOOR: Final = 0.25


def reward(score: Float, move: Float, cost: Float) -> Float:
    """(R,) what each row earns."""
    position = np.tanh(score)
    return position * move - cost * (np.sqrt(position**2 + SMOOTH**2) - SMOOTH)


def gradient(score: Float, move: Float, cost: Float) -> Float:
    """(R,) of -reward by the score."""
    position = np.tanh(score)
    return -(1.0 - position**2) * _pull(position, move, cost)


def curvature_bound(score: Float, move: Float, cost: Float) -> Float:
    """(R,) at least the size of the second derivative of -reward by the score, at least FLOOR."""
    position = np.tanh(score)
    slope = 1.0 - position**2
    kink = cost * SMOOTH**2 / (position**2 + SMOOTH**2) ** 1.5
    bound: Float = slope**2 * kink + 2.0 * np.abs(position) * slope * np.abs(_pull(position, move, cost)) + FLOOR
    return bound


def _pull(position: Float, move: Float, cost: Float) -> Float:
    pull: Float = move - cost * position / np.sqrt(position**2 + SMOOTH**2)
    return pull
