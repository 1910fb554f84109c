"""Who is told what and when: every rule of the policy in virtual time, then what must hold on any path."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from tradebot.core.domain.units import NS_PER_S
from tradebot.shell.alerts import policy
from tradebot.shell.alerts.config import SEVERITIES, AlertsConfig, ChannelConfig
from tradebot.shell.alerts.notices import Letter, Notices
from tradebot.shell.alerts.policy import BROKEN_AT, Send, acknowledge, answered, broken, due, hear, outstanding, post, resume

NOON = int(dt.datetime(2026, 3, 2, 12, tzinfo=ZoneInfo("America/New_York")).timestamp()) * NS_PER_S
MIN = 60 * NS_PER_S
HOUR = 60 * MIN

CHAT = ChannelConfig(url_secret="CHAT", severities=("info", "warning", "critical"), digest=True)
MAIL = ChannelConfig(url_secret="MAIL")
PHONE = ChannelConfig(url_secret="PHONE", severities=("critical",), step=1)
BOSS = ChannelConfig(url_secret="BOSS", severities=("critical",), step=3)


def config(**over: object) -> AlertsConfig:
    base: dict[str, object] = {"channels": {"chat": CHAT, "mail": MAIL, "phone": PHONE, "boss": BOSS}, "interval_s": 0.0}
    return AlertsConfig(**(base | over))  # type: ignore[arg-type]


def told(sends: list[Send]) -> dict[str, list[tuple[str, int]]]:
    return {send.channel: [(line.text, line.count) for line in send.lines] for send in sends}


def flow(state: Notices, rules: AlertsConfig, now_ns: int, fault: dict[str, str] | None = None) -> dict[str, list[tuple[str, int]]]:
    """All that goes out now; every channel answers at once, `fault` says which don't take it."""
    sends = due(state, rules, now_ns)
    for send in sends:
        answered(state, rules, send.channel, (fault or {}).get(send.channel, ""), now_ns)
    return told(sends)


def test_severity_chooses_the_channels() -> None:
    state, rules = Notices(), config()
    hear(state, rules, "info", "an info", NOON)
    assert flow(state, rules, NOON) == {"chat": [("an info", 1)]}
    hear(state, rules, "warning", "a warning", NOON)
    assert flow(state, rules, NOON) == {"chat": [("a warning", 1)], "mail": [("a warning", 1)]}
    hear(state, rules, "critical", "a critical", NOON)
    assert flow(state, rules, NOON) == {"chat": [("a critical", 1)], "mail": [("a critical", 1)]}


def test_what_nobody_wants_is_not_kept() -> None:
    state, rules = Notices(), config(channels={"mail": MAIL})
    assert hear(state, rules, "info", "an info", NOON) is None
    assert not state.notices


def test_the_same_text_is_counted_and_told_once_with_the_count() -> None:
    state, rules = Notices(), config(channels={"mail": MAIL}, dedupe_min=15.0)
    hear(state, rules, "warning", "no bars", NOON)
    assert flow(state, rules, NOON) == {"mail": [("no bars", 1)]}
    for minute in range(1, 11):
        hear(state, rules, "warning", "no bars", NOON + minute * MIN)
        assert flow(state, rules, NOON + minute * MIN) == {}
    assert flow(state, rules, NOON + 15 * MIN - 1) == {}
    assert flow(state, rules, NOON + 15 * MIN) == {"mail": [("no bars", 10)]}
    assert flow(state, rules, NOON + 40 * MIN) == {}
    assert [n.count for n in outstanding(state)] == [11]


def test_a_pause_drawn_by_chance_makes_no_other_text() -> None:
    state, rules = Notices(), config(channels={"mail": MAIL})
    hear(state, rules, "warning", "assets failed, again in 0.4 s: down", NOON)
    hear(state, rules, "warning", "assets failed, again in 51.7 s: down", NOON + 1)
    hear(state, rules, "warning", "assets failed, again in 1.0 s: refused", NOON + 2)
    assert [n.count for n in state.notices.values()] == [2, 1]


def test_alerts_of_one_interval_go_out_as_one_message_and_critical_ones_first_and_at_once() -> None:
    state, rules = Notices(), config(channels={"mail": MAIL}, interval_s=60.0)
    hear(state, rules, "warning", "one", NOON)
    assert flow(state, rules, NOON) == {"mail": [("one", 1)]}
    hear(state, rules, "warning", "two", NOON + 10 * NS_PER_S)
    hear(state, rules, "warning", "three", NOON + 20 * NS_PER_S)
    assert flow(state, rules, NOON + 59 * NS_PER_S) == {}
    assert flow(state, rules, NOON + 60 * NS_PER_S) == {"mail": [("two", 1), ("three", 1)]}
    hear(state, rules, "warning", "four", NOON + 61 * NS_PER_S)
    hear(state, rules, "critical", "five", NOON + 61 * NS_PER_S)
    assert flow(state, rules, NOON + 61 * NS_PER_S) == {"mail": [("five", 1), ("four", 1)]}


def test_quiet_hours_hold_back_all_but_critical_ones() -> None:
    rules = config(channels={"mail": MAIL}, quiet_from=dt.time(22), quiet_until=dt.time(7))
    state, night = Notices(), NOON + 11 * HOUR  # 23:00
    hear(state, rules, "warning", "a warning", night)
    hear(state, rules, "critical", "a critical", night)
    assert flow(state, rules, night) == {"mail": [("a critical", 1)]}
    assert flow(state, rules, night + 8 * HOUR - 1 * NS_PER_S) == {}
    assert flow(state, rules, night + 8 * HOUR) == {"mail": [("a warning", 1)]}


def test_quiet_hours_follow_the_zone_through_its_change_of_clocks() -> None:
    rules = config(quiet_from=dt.time(22), quiet_until=dt.time(7), zone="America/New_York")
    for day, offset in ((dt.date(2026, 3, 7), -5), (dt.date(2026, 3, 9), -4)):  # the clocks go forward on the 8th
        seven = int(dt.datetime(day.year, day.month, day.day, 7, tzinfo=dt.timezone(dt.timedelta(hours=offset))).timestamp()) * NS_PER_S
        assert policy.is_quiet(rules, seven - NS_PER_S)
        assert not policy.is_quiet(rules, seven)


def test_what_nobody_acknowledges_goes_to_the_next_step() -> None:
    state, rules = Notices(), config(escalate_min=10.0)
    hear(state, rules, "critical", "halted", NOON)
    assert set(flow(state, rules, NOON)) == {"chat", "mail"}
    assert flow(state, rules, NOON + 10 * MIN - 1) == {}
    assert flow(state, rules, NOON + 10 * MIN) == {"phone": [("halted", 1)]}
    assert flow(state, rules, NOON + 30 * MIN - 1) == {}
    assert flow(state, rules, NOON + 30 * MIN) == {"boss": [("halted", 1)]}
    assert flow(state, rules, NOON + 300 * MIN) == {}


def test_an_acknowledged_alert_stays_where_it_is_until_it_comes_again() -> None:
    state, rules = Notices(), config(escalate_min=10.0, dedupe_min=15.0)
    notice = hear(state, rules, "critical", "halted", NOON)
    assert notice is not None
    flow(state, rules, NOON)
    assert acknowledge(state, notice.id, NOON + MIN) == 1
    assert acknowledge(state, notice.id, NOON + MIN) == 0
    assert outstanding(state) == []
    assert flow(state, rules, NOON + 60 * MIN) == {}
    hear(state, rules, "critical", "halted", NOON + 61 * MIN)
    assert set(flow(state, rules, NOON + 61 * MIN)) == {"chat", "mail"}
    assert set(flow(state, rules, NOON + 71 * MIN)) == {"phone"}
    assert acknowledge(state, None, NOON + 60 * MIN) == 0, "what was typed before it came again is not about it"


def test_what_is_acknowledged_while_it_is_under_way_is_not_sent_again() -> None:
    state, rules = Notices(), config(channels={"mail": MAIL})
    hear(state, rules, "critical", "halted", NOON)
    assert told(due(state, rules, NOON)) == {"mail": [("halted", 1)]}
    acknowledge(state, None, NOON + 1)
    answered(state, rules, "mail", "no answer", NOON + 2)
    assert flow(state, rules, NOON + HOUR) == {}


def test_a_warning_of_the_night_escalates_from_the_morning_on() -> None:
    late = ChannelConfig(url_secret="LATE", step=1)
    rules = config(channels={"mail": MAIL, "late": late}, quiet_from=dt.time(22), quiet_until=dt.time(7), escalate_min=10.0)
    state, night = Notices(), NOON + 11 * HOUR
    hear(state, rules, "warning", "a warning", night)
    seen = [(m, sorted(flow(state, rules, night + m * MIN))) for m in range(0, 600)]
    assert [(m, names) for m, names in seen if names] == [(480, ["mail"]), (489, ["late"])]


def test_a_failed_message_goes_out_again_after_a_growing_pause() -> None:
    state, rules = Notices(), config(channels={"mail": MAIL})
    hear(state, rules, "warning", "a warning", NOON)
    down = {"mail": "refused"}
    seconds = [s for s in range(0, 200) if flow(state, rules, NOON + s * NS_PER_S, down)]
    assert seconds == [0, 10, 30, 70, 150]
    assert flow(state, rules, NOON + 1000 * NS_PER_S) == {"mail": [("a warning", 1)]}
    assert state.lanes["mail"].failures == 0


def test_a_broken_channel_is_told_elsewhere_and_its_critical_alerts_are_carried_there() -> None:
    pager = ChannelConfig(url_secret="PAGER", severities=("critical",))
    gossip = ChannelConfig(url_secret="GOSSIP", severities=("info",))
    state, rules = Notices(), config(channels={"pager": pager, "gossip": gossip})
    hear(state, rules, "critical", "halted", NOON)
    down, now_ns, seen = {"pager": "error 500"}, NOON, []
    for _ in range(BROKEN_AT):
        seen.append(flow(state, rules, now_ns, down))
        now_ns = max(now_ns + 1, state.lanes["pager"].retry_ns)
    assert seen == [{"pager": [("halted", 1)]}] * BROKEN_AT
    assert flow(state, rules, now_ns - 1, down)["gossip"] == [("alert channel pager is broken: error 500", 1), ("halted", 1)]
    hear(state, rules, "critical", "killed", now_ns)
    assert flow(state, rules, now_ns, down) == {"pager": [("halted", 1), ("killed", 1)], "gossip": [("killed", 1)]}
    now_ns += HOUR
    assert flow(state, rules, now_ns)["pager"] == [("halted", 1), ("killed", 1)], "none is lost"
    assert flow(state, rules, now_ns + 1)["gossip"] == [(f"alert channel pager works again after {BROKEN_AT + 1} failures", 1)]
    hear(state, rules, "critical", "flat", now_ns + 2)
    assert flow(state, rules, now_ns + 2) == {"pager": [("flat", 1)]}


def test_a_channel_without_an_address_is_broken_from_the_start() -> None:
    state, rules = Notices(), config(channels={"mail": MAIL, "chat": CHAT})
    broken(state, rules, "mail", "MAIL is not set", NOON)
    broken(state, rules, "mail", "MAIL is not set", NOON)
    assert flow(state, rules, NOON) == {"chat": [("alert channel mail is broken: MAIL is not set", 1)]}


def test_a_digest_goes_to_who_wants_one_and_waits_for_the_end_of_quiet_hours() -> None:
    rules = config(quiet_from=dt.time(16), quiet_until=dt.time(18))
    state, letter = Notices(), Letter("the day", "2 trades", "/a/report.html")
    post(state, rules, letter)
    assert due(state, rules, NOON + 4 * HOUR) == []
    sends = due(state, rules, NOON + 6 * HOUR)
    assert sends == [Send("chat", letter=letter)]
    answered(state, rules, "chat", "error 500", NOON + 6 * HOUR)
    assert due(state, rules, NOON + 7 * HOUR) == [Send("chat", letter=letter)], "it goes out again"


def test_one_message_at_a_time() -> None:
    state, rules = Notices(), config(channels={"mail": MAIL})
    hear(state, rules, "critical", "one", NOON)
    assert told(due(state, rules, NOON)) == {"mail": [("one", 1)]}
    hear(state, rules, "critical", "two", NOON)
    assert due(state, rules, NOON + HOUR) == []
    answered(state, rules, "mail", "", NOON + HOUR)
    assert told(due(state, rules, NOON + HOUR)) == {"mail": [("two", 1)]}


def test_a_restart_forgets_nothing() -> None:
    state, rules = Notices(), config(escalate_min=10.0)
    hear(state, rules, "critical", "halted", NOON)
    due(state, rules, NOON)  # under way when the process dies
    again = msgspec.json.decode(msgspec.json.encode(state), type=Notices)
    resume(again, rules, NOON + MIN)
    hear(again, rules, "critical", "halted", NOON + MIN)  # the crash loop says it once more: within the window
    assert flow(again, rules, NOON + MIN) == {"chat": [("halted", 1)], "mail": [("halted", 1)]}
    assert set(flow(again, rules, NOON + 10 * MIN)) == {"phone"}


def test_a_channel_that_is_no_more_hands_over_what_was_critical() -> None:
    state, rules = Notices(), config(channels={"mail": MAIL})
    hear(state, rules, "critical", "halted", NOON)
    hear(state, rules, "warning", "slow", NOON)
    gossip = config(channels={"gossip": ChannelConfig(url_secret="GOSSIP", severities=("info",))})
    resume(state, gossip, NOON)
    assert flow(state, gossip, NOON) == {"gossip": [("halted", 1)]}
    assert set(state.lanes) == {"gossip"}


def test_a_clock_that_was_set_back_silences_nothing() -> None:
    state, rules = Notices(), config(channels={"mail": MAIL}, interval_s=60.0)
    hear(state, rules, "warning", "slow", NOON)
    flow(state, rules, NOON, {"mail": "down"})
    hear(state, rules, "warning", "slow", NOON - HOUR)
    assert flow(state, rules, NOON - HOUR) == {"mail": [("slow", 2)]}


def test_a_flood_drops_infos_then_warnings_and_never_a_critical_one() -> None:
    state, rules = Notices(), config(channels={"chat": CHAT}, queue_max=10)
    for i in range(8):
        hear(state, rules, "info", f"info {i}", NOON)
        hear(state, rules, "warning", f"warning {i}", NOON)
    for i in range(12):
        hear(state, rules, "critical", f"critical {i}", NOON)
    assert flow(state, rules, NOON) == {"chat": [(f"critical {i}", 1) for i in range(12)]}
    assert state.dropped == {"info": 8, "warning": 8}


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["hear", "hear", "hear", "go", "go", "ack", "restart"]),
        st.sampled_from(SEVERITIES),
        st.integers(0, 4),
        st.integers(0, 20 * 60),
        st.sets(st.sampled_from(["chat", "mail", "phone", "boss"])),
    ),
    max_size=60,
)


@given(STEPS)
def test_on_any_path_a_critical_alert_arrives_or_waits_and_every_count_is_told(steps: list[tuple[str, str, int, int, set[str]]]) -> None:
    """`down` channels take nothing. At the end all work: then every critical alert has arrived, with as many times as it was heard."""
    rules = config(channels={"chat": CHAT, "mail": MAIL, "phone": PHONE, "boss": BOSS}, queue_max=10)
    state, now_ns = Notices(), NOON
    heard: dict[str, int] = {}
    arrived: dict[tuple[str, str], int] = {}
    known: set[str] = set()

    def go(down: set[str]) -> None:
        sends = due(state, rules, now_ns)
        assert len({send.channel for send in sends}) == len(sends)
        for send in sends:
            assert send.lines or send.letter
            for line in send.lines if send.channel not in down else ():
                arrived[send.channel, line.text] = arrived.get((send.channel, line.text), 0) + line.count
            answered(state, rules, send.channel, "down" if send.channel in down else "", now_ns)

    for what, severity, number, seconds, down in steps:
        now_ns += seconds * NS_PER_S
        if what == "hear":
            hear(state, rules, severity, f"{severity} {number}", now_ns)
            if severity == "critical":
                heard[f"{severity} {number}"] = heard.get(f"{severity} {number}", 0) + 1
        elif what == "go":
            go(down)
        elif what == "ack":
            known |= {n.text for n in outstanding(state)}
            acknowledge(state, None, now_ns)
            assert outstanding(state) == []
        else:
            state = msgspec.json.decode(msgspec.json.encode(state), type=Notices)
            resume(state, rules, now_ns)
    for _ in range(6):
        now_ns += HOUR
        go(set())
    for text, times in heard.items():
        if text not in known:
            assert arrived.get(("mail", text), 0) == times, f"{text} heard {times} times"
            assert arrived.get(("phone", text), 0) > 0, f"{text} never escalated"
    assert all(not lane.waiting and not lane.flying for lane in state.lanes.values())
