"""What a size may read of the strategy that leads a forecast, beside the forecast itself: one row a symbol.

The opinions write it (core/opinions), the rules read it. All is net of cost and of the strategy's own hypothetical book; a row of zeros
is no evidence. Columns of (N, WIDTH):
"""

from __future__ import annotations

from typing import Final

STRENGTH: Final = 0  # |signal_strength|, the feature that the gates read
LEADER: Final = 1  # the strategy's place in the profile, -1 = none
WON: Final = 2  # trades, the newest counting most (core/selection/turns.py)
LOST: Final = 3
GAINS: Final = 4  # what the won ones came to, as a sum of fractions of its capital
LOSSES: Final = 5  # the lost ones, above 0
BARS: Final = 6  # of effective weight
MEAN: Final = 7  # net return a bar
VARIANCE: Final = 8
SHARE: Final = 9  # what the combination of the strategies gives this one (combination.py)
SESSIONS: Final = 10  # that the combination knows
WIDTH: Final = 11
