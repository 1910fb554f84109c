"""Where a training runs: a GPU when there is one and the profile doesn't say otherwise."""

from __future__ import annotations

from pathlib import Path
from typing import Final, Literal

from tradebot.core.domain.faults import OperatorFault

_DRIVER: Final = Path("/dev/nvidiactl")  # made by the driver; asking it costs nothing, importing torch to ask costs seconds


def xgboost_device(asked: Literal["auto", "cpu", "cuda"]) -> str:
    """ "cpu" or "cuda". Raises OperatorFault where CUDA is asked for and can't be had."""
    if asked == "cpu":
        return "cpu"
    import xgboost

    found = bool(xgboost.build_info()["USE_CUDA"]) and _DRIVER.exists()
    if asked == "cuda" and not found:
        raise OperatorFault('model.device is "cuda", and there is no NVIDIA GPU here that XGBoost could train on')
    return "cuda" if found else "cpu"
