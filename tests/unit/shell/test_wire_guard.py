"""The guard before the wire: ids once, slices within their parent, a fuse for what opens risk."""

from __future__ import annotations

from dataclasses import dataclass, field

from hypothesis import given
from hypothesis import strategies as st

from tradebot.core.domain.orders import OrderIntent, Role, Side
from tradebot.core.domain.units import NS_PER_MINUTE, UNITS_PER_USD
from tradebot.shell.wire_guard import Fuse, WireGuard


@dataclass
class Wall:
    now_ns: int = 1_000 * NS_PER_MINUTE


@dataclass
class Post:
    """Orders of $10 a share through a guard of three orders and $100 a minute."""

    wall: Wall = field(default_factory=Wall)

    def __post_init__(self) -> None:
        self.guard = WireGuard(Fuse(orders_max=3, usd_max=100.0), lambda: self.wall.now_ns)

    def ask(self, key: str, qty: int = 1, role: Role = Role.ENTRY, parent: str = "", of: int = 0) -> str:
        price = 10 * UNITS_PER_USD
        intent = OrderIntent(key, "d", "AAA", Side.BUY, qty, role, "", price, self.wall.now_ns, parent_id=parent, parent_qty=of)
        return self.guard.refusal(intent)


def test_an_id_leaves_once_also_after_a_restart() -> None:
    post = Post()
    assert post.ask("a") == ""
    assert post.ask("a") == "this id was sent before"
    post.guard.know("b")
    assert post.ask("b") == "this id was sent before"


def test_the_fuse_counts_orders_of_sixty_seconds_and_lets_exits_pass() -> None:
    post = Post()
    assert [post.ask(key) for key in "abc"] == ["", "", ""]
    assert post.ask("d") == "3 orders went out in a minute, the fuse is 3"
    assert post.ask("e", role=Role.EXIT) == ""
    post.wall.now_ns += NS_PER_MINUTE
    assert post.ask("d") == ""


def test_the_fuse_counts_dollars() -> None:
    post = Post()
    assert post.ask("a", qty=6) == ""
    assert post.ask("b", qty=5) == "110.00 in a minute is more than the fuse of 100"
    assert post.ask("c", qty=4) == ""


def test_no_shares_do_not_leave() -> None:
    assert Post().ask("a", qty=0) == "0 shares"


@given(st.lists(st.integers(1, 40), min_size=1, max_size=12), st.integers(1, 100))
def test_slices_never_add_up_to_more_than_their_parent(slices: list[int], parent: int) -> None:
    post = Post()
    post.guard = WireGuard(Fuse(1_000, 1e9), lambda: post.wall.now_ns)
    sent = [qty for n, qty in enumerate(slices) if not post.ask(str(n), qty, parent="p", of=parent)]
    assert sum(sent) <= parent


def test_slices_say_by_how_much_they_are_too_many() -> None:
    post = Post()
    assert post.ask("a", 3, parent="p", of=5) == ""
    assert post.ask("b", 3, parent="p", of=5) == "slices of p add up to 6 > 5 shares"


@given(st.lists(st.tuples(st.integers(0, 90), st.integers(1, 12)), max_size=40))
def test_what_passes_in_any_minute_is_within_the_fuse(steps: list[tuple[int, int]]) -> None:
    post, passed = Post(), []
    for n, (wait_s, qty) in enumerate(steps):
        post.wall.now_ns += wait_s * 10**9
        if not post.ask(str(n), qty):
            passed.append((post.wall.now_ns, qty))
    for end_ns, _ in passed:
        minute = [qty for at_ns, qty in passed if end_ns - NS_PER_MINUTE < at_ns <= end_ns]
        assert len(minute) <= 3
        assert sum(minute) * 10 <= 100


def test_an_entry_of_another_minute_is_too_late_and_an_exit_never_is() -> None:
    post = Post()
    entry, leave = (OrderIntent("a", "d", "AAA", Side.BUY, 1, role, "", 1, post.wall.now_ns) for role in (Role.ENTRY, Role.EXIT))
    post.wall.now_ns += NS_PER_MINUTE
    assert post.guard.too_late(entry) == ""
    post.wall.now_ns += 1
    assert post.guard.too_late(entry) == "decided 60 s ago: the market is another"
    assert post.guard.too_late(leave) == ""
