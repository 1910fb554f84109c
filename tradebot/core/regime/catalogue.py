"""The detectors that a profile can name: DETECTORS are rules, the LEARNED ones (hmm.py, learned.py) come with a trained model."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from tradebot.core.regime import seven, three, volatility_state
from tradebot.core.regime.detector import Detector

DETECTORS: Final[Mapping[str, Detector]] = MappingProxyType(
    {
        "three": three.DETECTOR,
        "volatility_state": volatility_state.DETECTOR,
        "seven": seven.DETECTOR,
    }
)

LEARNED: Final = ("hmm", "learned")


def detector_by_name(name: str) -> Detector:
    """The rule of that name. Raises KeyError, whose text names the nearest one."""
    if name not in DETECTORS:
        nearest = difflib.get_close_matches(name, DETECTORS, 1, 0.0)[0]
        raise KeyError(f"there is no regime detector {name!r}; the nearest is {nearest!r}")
    return DETECTORS[name]
