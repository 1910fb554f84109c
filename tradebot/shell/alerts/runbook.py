"""The runbook of alerts as Markdown. `python -m tradebot.shell.alerts.runbook` writes README.md beside this file; a test compares."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from tradebot.shell.alerts.catalogue import CATALOGUE, OTHER

README: Final = Path(__file__).with_name("README.md")
INTRODUCTION: Final = """# Alerts: what each means and what to do

Written by `python -m tradebot.shell.alerts.runbook` from `catalogue.py`. How they are routed stands in `config/README.md`, **alerts**.

`tradebot alerts list` shows what nobody has acknowledged, `tradebot alerts ack 12` (or `all`) acknowledges, and
`tradebot alerts test slack` sends one message now. An alert that comes again within `dedupe_min` is only counted; a critical one does not
wait for quiet hours to end; what nobody acknowledges goes on to the channels of the next step. A channel that fails three times in a row is
broken: the others are told, and carry its critical alerts. No channel can stop or slow trading: messages leave from processes of their own,
with a deadline, out of bounded queues.

| code | severity | text | what to do |
|---|---|---|---|
"""


def text() -> str:
    """The whole page."""
    rows = (f"| {e.code} | {', '.join(e.severities)} | {e.sentence.replace('{}', '…')} | {e.remedy} |" for e in (*CATALOGUE, OTHER))
    return INTRODUCTION + "\n".join(rows) + "\n"


if __name__ == "__main__":
    README.write_text(text(), encoding="utf-8")
