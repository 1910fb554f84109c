"""What goes wrong on the wires, as the faults of the moment say; without faults only distance."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field

from scripts.simulation.http import MS, Answer, Question

Strike = Callable[[Question], str]
Blur = Callable[[Question, Answer], Answer]
Alter = Callable[[str, str | bytes], list[str | bytes] | None]


@dataclass(slots=True)
class Weather:
    """Faults append what they do and take it away again. The first that has something to say decides."""

    chance: random.Random
    far_ms: int
    strikes: list[Strike] = field(default_factory=list)
    blurs: list[Blur] = field(default_factory=list)
    alterations: list[Alter] = field(default_factory=list)
    closed_streams: set[str] = field(default_factory=set)
    slow_ns: int = 0
    leaving: list[Callable[[], None]] = field(default_factory=list)  # told of the next order that leaves

    def travel_ns(self) -> tuple[int, int]:
        return self._one_way_ns() + self.slow_ns, self._one_way_ns()

    def frame_ns(self) -> int:
        return self._one_way_ns()

    def _one_way_ns(self) -> int:
        return MS // 2 + self.chance.randrange(self.far_ms * MS)

    def strike(self, question: Question) -> str:
        if self.leaving and question.method == "POST":
            for told in tuple(self.leaving):
                told()
        for strike in self.strikes:
            if found := strike(question):
                return found
        return ""

    def blur(self, question: Question, answer: Answer) -> Answer:
        for blur in self.blurs:
            answer = blur(question, answer)
        return answer

    def refuses(self, stream: str) -> bool:
        return stream in self.closed_streams

    def alter(self, stream: str, frame: str | bytes) -> list[str | bytes]:
        for alter in self.alterations:
            found = alter(stream, frame)
            if found is not None:
                return found
        return [frame]
