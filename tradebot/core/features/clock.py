"""Time family: where in the day and the week a bar lies, in New York time.

    hour = hour of the bar's start;  day_of_week = 0 on Monday .. 4 on Friday
    minutes_from_open = minutes from the session's open to the bar's start, 0 for the first bar
    minutes_to_close = minutes left once the bar is known, 0 for the last bar
    session_fraction = share of the session that is over once the bar is known, in (0, 1]
    minute_sin, minute_cos = sin, cos of 2 pi minutes_from_open / session length
    weekday_sin, weekday_cos = sin, cos of 2 pi day_of_week / 5
    is_half_day = 1 where the session is shorter than 390 minutes, else 0

A session opens at 9:30 in New York, whatever that is in UTC, so the hour follows from minutes_from_open; it opens in the afternoon of UTC,
so the day is the UTC day of the open. Source: seeds/000 `create_advanced_features` (hour, day_of_week); SYSTEMS.md section 0 for half days.
"""

from __future__ import annotations

import math

import numpy as np

from tradebot.core.features.feature import MINUTE, SESSION, SESSION_END, Feature
from tradebot.core.features.feature import Feature as F
from tradebot.core.kernels.kernel import kernel

_OPEN_MINUTE = 9 * 60 + 30  # in New York
_FULL_DAY = 390.0
_DAY = 24 * 60
_THURSDAY = 3  # 1970-01-01
_TURN = 2.0 * math.pi
_WEEKDAY_SIN = np.sin(_TURN * np.arange(7) / 5)
_WEEKDAY_COS = np.cos(_TURN * np.arange(7) / 5)
_IN, _ALL = ("session", "minute"), ("session", "session_end", "minute")
FEATURES: tuple[Feature, ...] = (
    F("hour", "(570 + minutes_from_open) // 60", "hour", _IN, 1, True, 0.0, 24.0),
    F("day_of_week", "weekday of the session, Monday = 0", "day", ("session",), 1, True, 0.0, 6.0),
    F("minutes_from_open", "minute - session open", "minutes", _IN, 1, True, 0.0),
    F("minutes_to_close", "session close - minute - 1", "minutes", _ALL, 1, True, 0.0),
    F("session_fraction", "(minute - open + 1) / (close - open)", "share", _ALL, 1, True, 0.0, 1.0),
    F("minute_sin", "sin(2 pi minutes_from_open / (close - open))", "share", _ALL, 1, True, -1.0, 1.0),
    F("minute_cos", "cos(2 pi minutes_from_open / (close - open))", "share", _ALL, 1, True, -1.0, 1.0),
    F("weekday_sin", "sin(2 pi day_of_week / 5)", "share", ("session",), 1, True, -1.0, 1.0),
    F("weekday_cos", "cos(2 pi day_of_week / 5)", "share", ("session",), 1, True, -1.0, 1.0),
    F("is_half_day", "1 where close - open < 390, else 0", "flag", ("session", "session_end"), 1, True, 0.0, 1.0),
)
STATE_WIDTH = 0


@kernel
def step(state: np.ndarray, s: int, end: int, row: np.ndarray, out: np.ndarray, f: int) -> None:
    """One bar. `out[f:]` are this family's columns; it has no memory."""
    since, length = row[MINUTE] - row[SESSION], row[SESSION_END] - row[SESSION]
    weekday = (int(row[SESSION]) // _DAY + _THURSDAY) % 7
    angle = _TURN * since / length
    out[f] = float((_OPEN_MINUTE + int(since)) // 60)
    out[f + 1] = float(weekday)
    out[f + 2] = since
    out[f + 3] = length - since - 1.0
    out[f + 4] = (since + 1.0) / length
    out[f + 5] = math.sin(angle)
    out[f + 6] = math.cos(angle)
    out[f + 7] = _WEEKDAY_SIN[weekday]
    out[f + 8] = _WEEKDAY_COS[weekday]
    out[f + 9] = 1.0 if length < _FULL_DAY else 0.0
