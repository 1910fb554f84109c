"""Labels: what would have come of buying after a bar, and when that was known. One idea a file; `catalogue.LABELS` has them by name."""

from __future__ import annotations

from tradebot.learning.labels.catalogue import LABELS, label_grid
from tradebot.learning.labels.label import NOTHING, Answer, Given, LabelRule, Labels

__all__ = ["LABELS", "NOTHING", "Answer", "Given", "LabelRule", "Labels", "label_grid"]
