"""A real day whose entries go out in slices: at the venue no parent is exceeded, each slice is protected, and the books are its own."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace

import pytest

from tests.shell import scene
from tradebot.core.domain.commands import Command, SubmitOrder
from tradebot.core.domain.events import Event
from tradebot.core.domain.orders import OrderIntent, Role
from tradebot.core.execution.slicing import SlicingConfig


@pytest.mark.parametrize(
    "slicing",
    [
        SlicingConfig(mode="twap", minutes=4),
        SlicingConfig(mode="vwap", minutes=4),
        SlicingConfig(mode="vwap", minutes=6, participation_max=0.002),
    ],
    ids=("twap", "vwap", "capped"),
)
def test_a_day_in_slices(slicing: SlicingConfig) -> None:
    sent: list[OrderIntent] = []

    def observe(event: Event, commands: list[Command]) -> None:
        sent.extend(c.intent for c in commands if isinstance(c, SubmitOrder))

    simulation = scene.in_process()
    simulation.engine.config = replace(simulation.engine.config, slicing=slicing)
    simulation.observer = observe  # type: ignore[assignment]
    simulation.run("cents")
    book, venue = simulation.engine.state.book, simulation.venue
    entries = [intent for intent in sent if intent.role is Role.ENTRY]
    shares: defaultdict[str, int] = defaultdict(int)
    for intent in entries:
        assert intent.bracket is not None
        shares[intent.parent_id] += intent.qty
    wanted = {intent.parent_id: intent.parent_qty for intent in entries}
    assert len(entries) > len(shares) > 10
    assert all(shares[parent] <= qty for parent, qty in wanted.items())
    if slicing.participation_max == 1.0:
        assert any(shares[parent] == qty for parent, qty in wanted.items())
    assert len({intent.client_order_id for intent in sent}) == len(sent)
    assert book.cash_units == venue.cash_units
    assert not venue.positions
    assert not simulation.engine.state.parents
