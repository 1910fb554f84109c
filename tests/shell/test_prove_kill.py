"""A handful of real kills, judged by the server's ledger; `scripts/prove-kill` makes them all."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
import pytest

from scripts.kill_proof import ledger
from scripts.kill_proof.plan import MID_SESSION, UNSENT, Hits, plans
from scripts.kill_proof.session import Plan, session
from scripts.kill_proof.template import Fresh, Lives, Template
from tradebot.shell.crash_points import POINTS


@pytest.fixture(scope="module")
def lives() -> Iterator[Lives]:
    template = Template("moving")
    yield template
    template.close()


@pytest.mark.parametrize(
    "plan",
    [
        Plan("schema_half_made", kills_max=1),
        Plan("chain_half_made", kills_max=1, before=MID_SESSION),
        Plan("order_sent_not_answered", 2, 9, is_live=True, kills_max=2),
        Plan("replacement_sent_not_answered", 5, 25, is_live=True, kills_max=2),
        Plan("look_up_not_sent", kills_max=1, before=UNSENT),
    ],
    ids=str,
)
def test_a_killed_session_ends_with_the_books_of_the_server(plan: Plan, lives: Lives) -> None:
    outcome = session(lives, plan)
    assert outcome.violations == []
    assert outcome.kills == plan.kills_max
    assert outcome.fills > 30


def test_a_new_interpreter_for_each_life_dies_and_recovers_the_same_way() -> None:
    outcome = session(Fresh("moving"), Plan("reply_not_journaled", 4, kills_max=1, is_live=True))
    assert (outcome.violations, outcome.kills) == ([], 1)


def test_plans_cover_every_hit_of_every_point() -> None:
    hits = {point: Hits(of_start=n % 3, live=7 * n) for n, point in enumerate(POINTS)}
    made = plans(hits, list(POINTS), None)
    for point, known in hits.items():
        mine = [plan for plan in made if plan.point == point]
        if point in ("columns_added_not_filled", "chain_half_made", "migrated_not_stamped"):
            assert len(mine) == 1  # such a start is made by hand
            continue
        for is_live, n in ((False, known.of_start), (True, known.live)):
            covered = [hit for plan in mine if plan.is_live is is_live for hit in plan.hits(plan.kills_max)]
            assert sorted(covered) == list(range(1, n + 1))
        assert [Plan.read(str(plan)) for plan in mine] == mine


def test_the_ledger_finds_what_is_lost_doubled_or_unexplained(lives: Lives) -> None:
    """The same evidence with one thing taken away or changed: each check can fail."""
    kept: list[ledger.Evidence] = []
    outcome = session(lives, Plan("tick_not_set", 1, kills_max=1, is_live=True), keep=kept.append)
    assert outcome.violations == []
    [seen] = kept
    fills = dict(seen.fills)
    lost = fills.popitem()
    assert [count for count, _ in ledger.violations(msgspec.structs.replace(seen, fills=fills))] == [ledger.LOST]
    doubled = msgspec.structs.replace(seen, fills=seen.fills | {lost[0]: 2 * lost[1]})
    assert [count for count, _ in ledger.violations(doubled)] == [ledger.LOST]
    intents = dict(seen.intents)
    key, intent = intents.popitem()
    assert {count for count, _ in ledger.violations(msgspec.structs.replace(seen, intents=intents))} == {ledger.ORPHAN}
    bigger = intents | {key: msgspec.structs.replace(intent, qty=intent.qty - 1)}
    assert [words for _, words in ledger.violations(msgspec.structs.replace(seen, intents=bigger))] != []
    seen.book.cash_units += 1
    assert [count for count, _ in ledger.violations(seen)] == [ledger.OTHER]
