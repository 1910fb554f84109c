"""The failover's decision by itself: hears what happened, says what to do."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tradebot.core.domain.units import NS_PER_MINUTE, NS_PER_S
from tradebot.shell.feeds.failover import Failover, Switch

NAMES = ("iex", "polygon", "third")
FAILOVER_NS = 20 * NS_PER_S
FAILBACK = 3


def machine(*names: str) -> Failover:
    subject = Failover(names, FAILOVER_NS, FAILBACK)
    for name in names:
        subject.subscribed(name)
    return subject


def test_a_stream_that_is_back_in_time_is_no_failure() -> None:
    subject = machine("iex", "polygon")
    subject.brought("polygon", 0)
    subject.lost("iex", 0)
    assert subject.verdict(0, FAILOVER_NS - 1) is None
    assert subject.verdict(0, FAILOVER_NS) == Switch("polygon", "iex: its stream is lost for 20 s")
    subject.subscribed("iex")
    assert subject.verdict(0, 10 * FAILOVER_NS) is None


def test_silence_ends_with_a_bar_or_with_the_proof_that_nothing_was_missed_not_with_a_new_connection() -> None:
    subject = machine("iex", "polygon")
    subject.brought("polygon", 0)
    for heal in (lambda: subject.brought("iex", 0), lambda: subject.sound("iex")):
        subject.silent("iex", 0, "its stream is mute")
        subject.subscribed("iex")
        assert subject.verdict(0, FAILOVER_NS) == Switch("polygon", "iex: its stream is mute for 20 s")
        heal()
        assert subject.verdict(0, FAILOVER_NS) is None


def test_a_source_that_does_not_have_the_minute_is_no_help() -> None:
    subject = machine("iex", "polygon", "third")
    subject.lost("iex", 0)
    subject.brought("polygon", -NS_PER_MINUTE)
    assert subject.verdict(0, FAILOVER_NS) is None
    subject.brought("third", NS_PER_MINUTE)  # of a later minute: its REST has the one that is wanted
    verdict = subject.verdict(0, FAILOVER_NS)
    assert verdict is not None and verdict.source == "third"


def test_the_way_back_is_counted_in_sound_minutes_in_a_row() -> None:
    subject = machine("iex", "polygon")
    subject.use("polygon")
    said = []
    for minute, iex_has in enumerate([True, True, False, True, True, True, True]):
        at_ns = minute * NS_PER_MINUTE
        subject.brought("polygon", at_ns)
        subject.closed(at_ns, had_bars=True)
        if iex_has:
            subject.brought("iex", at_ns)  # a little later than the minute was closed
        said.append(subject.verdict(at_ns + NS_PER_MINUTE, at_ns))
    assert said[:-1] == [None] * 6
    assert said[-1] == Switch("iex", "iex has been sound for 3 minutes", back=True)
    subject.stay("iex")
    assert subject.verdict(8 * NS_PER_MINUTE, 0) is None


def test_a_minute_in_which_nobody_traded_neither_counts_nor_breaks_the_row() -> None:
    subject = machine("iex", "polygon")
    subject.use("polygon")
    for minute, traded in enumerate([True, True, False, True, True]):
        if traded:
            subject.brought("iex", minute * NS_PER_MINUTE)
        subject.closed(minute * NS_PER_MINUTE, had_bars=traded)
    assert subject.verdict(5 * NS_PER_MINUTE, 0) == Switch("iex", "iex has been sound for 3 minutes", back=True)


names = st.sampled_from(NAMES)
happenings = st.lists(
    st.tuples(
        st.sampled_from(["subscribed", "lost", "silent", "sound", "brought", "closed", "use"]), names, st.booleans(), st.integers(1, 40)
    ),
    max_size=60,
)


@given(happenings)
def test_whatever_happened_a_switch_has_its_ground(script: list[tuple[str, str, bool, int]]) -> None:
    """Away only from a failed source to one that is up and sound; back only to a better one that has been sound for long enough."""
    subject = Failover(NAMES, FAILOVER_NS, FAILBACK)
    up, lost, silent = set[str](), set[str](), set[str]()
    now_ns = minute_ns = 0
    for kind, name, flag, seconds in script:
        now_ns += seconds * NS_PER_S
        if kind == "subscribed":
            subject.subscribed(name)
            up.add(name)
            lost.discard(name)
        elif kind == "lost":
            subject.lost(name, now_ns)
            up.discard(name)
            lost.add(name)
        elif kind == "silent":
            subject.silent(name, now_ns, "mute")
            silent.add(name)
        elif kind == "sound":
            subject.sound(name)
            silent.discard(name)
        elif kind == "brought":
            subject.brought(name, minute_ns)
            silent.discard(name)
        elif kind == "closed":
            subject.closed(minute_ns, had_bars=flag)
            minute_ns += NS_PER_MINUTE
        else:
            subject.use(name)
        verdict = subject.verdict(minute_ns, now_ns)
        if verdict is None:
            continue
        assert verdict.source != subject.using
        assert verdict.source in up - lost - silent
        if verdict.back:
            assert NAMES.index(verdict.source) < NAMES.index(subject.using)
        else:
            assert subject.using in lost | silent
