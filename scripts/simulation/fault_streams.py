"""How the streams' faults of faults.FAULTS are done: mute, torn, doubled, late, and with prices that no market ever had."""

from __future__ import annotations

import json
import random
from collections.abc import Callable

from scripts.simulation.scene import Scene
from tradebot.core.domain.units import NS_PER_S

End = Callable[[], None]


def mute(scene: Scene, chance: random.Random) -> End:
    stream = chance.choice(("trade", "data"))
    return _altered(scene, lambda name, frame: [] if name == stream else None)


def dropped(scene: Scene, chance: random.Random) -> End:
    return _altered(scene, lambda name, frame: [] if name == "trade" and chance.random() < 0.7 else None)


def disorder(scene: Scene, chance: random.Random) -> End:
    kept: list[str | bytes] = []

    def alter(name: str, frame: str | bytes) -> list[str | bytes] | None:
        if name != "trade":
            return None
        kept.append(frame)
        if chance.random() < 0.5:
            return []
        out = [*kept, *(f for f in kept if chance.random() < 0.5)]
        chance.shuffle(out)
        kept.clear()
        return out

    return _altered(scene, alter)


def burst(scene: Scene, chance: random.Random) -> End:
    """Frames are held back, and all come at once when it ends."""
    stream = chance.choice(("trade", "data"))
    held: list[str | bytes] = []

    def alter(name: str, frame: str | bytes) -> list[str | bytes] | None:
        if name != stream:
            return None
        held.append(frame)
        return []

    stop = _altered(scene, alter)

    def end() -> None:
        stop()
        scene.world.sockets.deliver(stream, held)

    return end


def spikes(scene: Scene, chance: random.Random) -> End:
    """A bar now and then with prices of 0, or a hundred times what they are."""

    def alter(name: str, frame: str | bytes) -> list[str | bytes] | None:
        if name != "data" or '"T":"b"' not in str(frame) or chance.random() < 0.7:
            return None
        rows = json.loads(frame)
        row = chance.choice([r for r in rows if r["T"] == "b"])
        by = chance.choice((0, 100))
        for key in "ohlc":
            row[key] = round(row[key] * by, 2)
        return [json.dumps(rows)]

    return _altered(scene, alter)


def storm(scene: Scene, chance: random.Random) -> End:
    world, is_on = scene.world, [True]
    if chance.random() < 0.5:
        world.simulator.faults.arm("data_406", 2)

    def strike() -> None:
        if is_on[0]:
            world.sockets.cut(chance.choice(("trade", "data")), abrupt=chance.random() < 0.5)
            world.timeline.after(chance.randrange(1, 40) * NS_PER_S, strike)

    strike()

    def end() -> None:
        is_on[0] = False

    return end


def _altered(scene: Scene, alter: Callable[[str, str | bytes], list[str | bytes] | None]) -> End:
    alterations = scene.world.weather.alterations
    alterations.append(alter)
    return lambda: alterations.remove(alter)
