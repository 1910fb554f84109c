"""What a person sees of a run: `View` while it goes on, `summary` at its end, `Camera` for a picture of both."""

from __future__ import annotations

from tradebot.view.camera import Camera
from tradebot.view.panel import View
from tradebot.view.summary import summary

__all__ = ["Camera", "View", "summary"]
