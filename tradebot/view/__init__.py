"""What a person sees of a run: `View` while it goes on, `summary` at its end, `svg` as a picture of either."""

from __future__ import annotations

from tradebot.view.panel import View, svg
from tradebot.view.summary import summary

__all__ = ["View", "summary", "svg"]
