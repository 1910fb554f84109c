"""How far past its threshold a measurement is, as a number from 0 to 1: two curves, both exact, monotonic and without a unit.

    beyond(x, t)    (|x| - t) / |x| for |x| > t, else 0: 0 at the threshold, 1/2 at twice the threshold, towards 1
    saturate(x, h)  x / (|x| + h): odd, 1/2 where x is h (a standard deviation, an ATR), towards 1; 0 where both are 0

The usual tanh would do as well, but its last bit depends on the library and on the length of the array.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Float = npt.NDArray[np.float64]


def beyond(x: Float, threshold: float) -> Float:
    """Share of |x| that lies beyond a threshold >= 0, in [0, 1)."""
    reach = np.maximum(np.abs(x), threshold)
    return (reach - threshold) / np.where(reach > 0.0, reach, 1.0)


def saturate(x: Float, half: Float | float) -> Float:
    """`x` on a scale from -1 to 1, half-way at `half` >= 0."""
    scale = np.abs(x) + half
    return x / np.where(scale > 0.0, scale, 1.0)
