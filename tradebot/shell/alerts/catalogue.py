"""Every alert that the code can raise, with what a person does about it. README.md is written from it (runbook.py).

A test holds it against the source: each `Alert(...)` of the engine and each report of the shell stands here, word for word.
"""

# ruff: noqa: E501 (a table: one alert a line)
from __future__ import annotations

import re
from functools import cache
from typing import Final, NamedTuple


class Entry(NamedTuple):
    """`sentence` is the alert's text with `{}` where it varies. `severities` are those it can have."""

    code: str
    severities: tuple[str, ...]
    sentence: str
    remedy: str


I, W, C, WC, IC = ("info",), ("warning",), ("critical",), ("warning", "critical"), ("info", "critical")  # noqa: E741
_LOOK: Final = "`tradebot status` says what is held and which safety state holds"

CATALOGUE: Final[tuple[Entry, ...]] = (
    # safety states
    Entry("halted", C, "halted: {}", f"Nothing opens until you resume. Read the reason, mend it, then `tradebot tell resume REASON`. {_LOOK}."),
    Entry("killed", C, "killed: {}", "All is being closed. See that it is flat at the broker too; resume only when you know why."),
    Entry("nothing_new", C, "nothing new: {}", f"Positions are only reduced. {_LOOK}; `tradebot tell resume REASON` lifts it."),
    Entry("consent", C, "nothing new until you resume with a reason: {}", "A limit was loosened in the profile. Resume if you meant it, else put it back."),
    Entry("not_resumed", C, "not resumed ({}): the books differ from the broker's", "Find the difference first; `tradebot tell adopt REASON` takes the broker's books for true."),
    Entry("resumed", I, "resumed: {}", "Nothing."),
    Entry("paused", W, "paused: {}", "Nothing opens until `tradebot tell resume REASON`."),
    Entry("flatten", W, "flatten: {}", "All is being closed; see that it ends flat."),
    Entry("profile_changed", W, "the profile has changed: {}", "Nothing, if you changed it."),
    # books
    Entry("books_differ", WC, "books differ from the broker's: {}", "The symbol only reduces. Reports may still explain it; if not, compare with the broker's page, then adopt or resume."),
    Entry("books_agree", I, "{}: reports explain the difference, both hold {}; unlocked", "Nothing."),
    Entry("books_insist", C, "{}: the broker says {} again and no report explains it; resume when you know why", "Look at the broker's activity of the symbol: a person, a transfer or a corporate action."),
    Entry("books_adopted", C, "the broker's books are ours now ({}): {}", "Nothing, if you asked for it."),
    Entry("split", C, "{}: split {} for {}, {} shares are {}; no entries until resumed", "Check the ratio at the broker, then resume."),
    Entry("outsider", C, "order {}: {}", "Somebody else trades this account: find out who. It is booked, and not ours to cancel."),
    # orders
    Entry("order_refused", W, "order {} refused: {}", "The reason is the broker's. Often buying power, a halt or a price off its band; nothing if it is rare."),
    Entry("exit_held_back", C, "an exit of {} {} is held back: {}", "A position may stay open: look at it at the broker and close it by hand if it must go."),
    Entry("emergency", C, "{}: {}; closing at the market", "The stop at the broker was missing or passed. See that the position is closed."),
    Entry("exits_failed", C, "{}: {} exits failed; close it by hand", "Close it at the broker now; the books follow."),
    Entry("held_over", C, "held over the close: {}", "There is risk overnight: decide, and close it in the next session if it isn't wanted."),
    Entry("slices_ended", I, "{}: {} of {} shares sent, then {}", "Nothing."),
    # symbols
    Entry("symbol_halted", WC, "{} is halted: {}{}", "Nothing can be traded until the exchange lifts it. Critical where it is held."),
    Entry("symbol_trades", I, "{} trades again: {}", "Nothing."),
    Entry("not_tradable", WC, "not tradable at the broker: {}", "The broker doesn't take orders in it. Where it is held, ask the broker how it can be closed."),
    Entry("tradable", I, "tradable again: {}", "Nothing."),
    Entry("symbol_status", I, "{}: status {} {}", "Nothing."),
    # feeds
    Entry("feed", IC, "feed {} {}: {}", "While it is stale nothing opens. Look at the provider's status page; it recovers by itself when bars come."),
    Entry("feed_switched", W, "minutes come from {} instead of {}, {}: {}", "Nothing; the other source is gone back to when it is sound."),
    Entry("stream_late", C, "a stream does not connect: bars and fills are read over REST", "It trades on, slower. Look at the network and the provider's status page."),
    Entry("stream_cut", W, "data stream is cut: {}", "It reconnects by itself."),
    Entry("stream_error", C, "data stream error {}: {}", "The provider says why; often a second connection with the same key, or a plan without this feed."),
    Entry("stream_limit", C, "the data stream gives no {} of {} symbols: {}", "The plan allows fewer: name fewer symbols, or set feed.quotes = false where it is quotes."),
    Entry("stream_short", C, "the data stream gives no {} of {}", "These symbols come over REST. Check the plan and the symbols' spelling."),
    Entry("stream_lost", W, "{} lost, again in {} s: {}", "It reconnects by itself; look at the network where it goes on."),
    Entry("frame_refused", W, "refused {}", "A bar that can't be true was left out. Look at the provider where it goes on."),
    Entry("correction_refused", W, "refused a correction of {}: {}", "It was left out; nothing where it is rare."),
    Entry("no_bars", W, "no bars: {}", "REST does not answer either; nothing opens while the feed is stale."),
    Entry("no_bars_there", W, "nor from {}: {}", "The second source is silent too."),
    Entry("no_past", W, "no past of {}: {}", "The switch waits or goes without history; nothing to do."),
    Entry("no_quotes", W, "no latest quotes: {}", "Quotes come with the stream."),
    Entry("odd_bar", I, "bar of {} {} is {}", "Nothing."),
    Entry("source_ended", C, "no more bars from {}: {}", "A key was refused. Mend the key and restart; the other source carries on."),
    Entry("massive_cut", W, "Massive stream is cut: {}", "It reconnects by itself."),
    Entry("massive_short", C, "the Massive stream gives no {}", "Check the plan: it does not carry this channel."),
    Entry("no_macro", C, "no macro values for {}: {}", "Features that read them are absent today. Mend the files or URLs of [macro]."),
    Entry("no_warm_up", W, "no history for the warm-up, again in {} s: {}", "It tries again; the bars' source does not answer."),
    Entry("trade_frame", W, "the trade stream sent a frame that is no JSON", "Polling reads the fills; look at the broker where it goes on."),
    Entry("trade_update", W, "trade stream: {}", "Polling reads the fills; look at the broker where it goes on."),
    # broker and machine
    Entry("orders_unread", W, "orders cannot be read: {}", "The broker does not answer; it is asked again."),
    Entry("assets_unread", W, "the broker's list of assets can't be read: {}", "It is asked again; yesterday's list holds until then."),
    Entry("retry", W, "{} failed, again in {} s: {}", "It is tried again; look at the broker and the network where it goes on."),
    Entry("task_died", C, "task {} died: {}: {}", "A bug: the daemon stops, and its next start recovers. Keep the log."),
    Entry("alarm_missed", C, "alarm missed: {}, due {}", "The computer slept or was overloaded. Keep it awake."),
    Entry("clock_skew", C, "this computer's clock differs from the broker's by {} s", "Turn on NTP: `timedatectl set-ntp true`."),
    Entry("frames_lost", W, "the simulated streams have sent frames that never came", "Only a simulated market says this; run it again."),
    Entry("stopping", I, "stopping: {}", "Nothing."),
    Entry("job_failed", W, "job {} of {} failed: {}", "Read the reason; `tradebot logs` holds the rest. The old model goes on trading where the training failed."),
    Entry("daemon_fault", C, "the daemon has stopped: {}", "Mend what the sentence names and start it again. Orders that rest at the broker stay there."),
    Entry("daemon_bug", C, "the daemon has died of {}: {}", "A bug. systemd starts it again into recovery; keep the log."),
    # the alerts themselves
    Entry("channel_broken", ("info", "warning", "critical"), "alert channel {} is broken: {}", "`tradebot alerts test CHANNEL` says what is wrong; the other channels carry its critical alerts meanwhile."),
    Entry("channel_whole", I, "alert channel {} works again after {} failures", "Nothing."),
    Entry("alerts_memory", W, "alerts forget over a restart: {}", "See to the state folder's disk and permissions."),
    Entry("digest_failed", W, "no digest of {}: {}", "The journal or the report could not be read; `tradebot journal verify` looks."),
    Entry("alerts_dropped", C, "alerts came faster than they are read: the mildest were dropped", "Something floods them: `tradebot alerts list` counts what was dropped, the log holds it."),
)  # fmt: skip

OTHER: Final = Entry("other", ("info", "warning", "critical"), "{}", "Read the log around it: `tradebot logs`.")
"""What a server or a file said, passed on in its own words."""


def find(severity: str, text: str) -> Entry | None:
    """The entry that says most of `text` word for word; None where none does."""
    found = [entry for entry, pattern in _patterns() if severity in entry.severities and pattern.fullmatch(text)]
    return max(found, key=lambda entry: len(entry.sentence.replace("{}", "")), default=None)


@cache
def _patterns() -> tuple[tuple[Entry, re.Pattern[str]], ...]:
    return tuple((e, re.compile(".*?".join(re.escape(part) for part in e.sentence.split("{}")), re.DOTALL)) for e in CATALOGUE)
