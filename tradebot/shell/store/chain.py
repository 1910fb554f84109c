"""The journal's hash chain: each event's hash holds the one before it, so that no record can change, vanish or move unseen (I14).

    hash[n] = sha256(hash[n-1] | seq | ts_ns | kind | body | sha256(commands))

A journal of schema 1 had none: its rows were chained when it was brought up to date, and the mark `CHAINED_AFTER` says up to which event
nothing is known of what happened to them before. Decisions stand outside: they are written later, and a replay compares them bit for bit.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from hashlib import sha256
from typing import Any, Final, NamedTuple

import msgspec
from sqlalchemy import Connection, Row, select

from tradebot.core.domain.events import Event, decode_event
from tradebot.core.domain.faults import OperatorFault
from tradebot.shell.store import schema

START: Final = sha256(b"tradebot journal").digest()
"""What stands before the first event."""
CHAINED_AFTER: Final = "chained_after"
READ_BATCH: Final = 1_000
_NUMBERS: Final = struct.Struct(">qqI")
_COMMAND: Final = struct.Struct(">III")

CommandRow = tuple[int, str, bytes]
"""n, kind, body"""


class Record(NamedTuple):
    """One event as it stands in the journal, with the commands that answered it."""

    seq: int
    ts_ns: int
    kind: str
    body: bytes
    hash: bytes | None
    commands: tuple[CommandRow, ...]


def link(previous: bytes, seq: int, ts_ns: int, kind: str, body: bytes, commands: Iterable[CommandRow]) -> bytes:
    """The hash of an event that follows the one with hash `previous`."""
    asked = sha256()
    for n, name, words in commands:
        asked.update(_COMMAND.pack(n, len(name), len(words)) + name.encode() + words)
    return sha256(previous + _NUMBERS.pack(seq, ts_ns, len(kind)) + kind.encode() + body + asked.digest()).digest()


def records(connection: Connection, after_seq: int = 0, last_seq: int | None = None) -> Iterator[Record]:
    """The events in order with their commands, unchecked."""
    events = schema.events
    asked = _grouped(connection, after_seq, last_seq)
    seq, group = next(asked, (-1, ()))
    query = select(events).where(events.c.seq > after_seq).order_by(events.c.seq)
    if last_seq is not None:
        query = query.where(events.c.seq <= last_seq)
    for row in connection.execute(query.execution_options(yield_per=READ_BATCH)):
        if seq != -1 and seq < row.seq:
            raise broken(seq, "its commands are there, the event is not")
        mine: tuple[CommandRow, ...] = ()
        if seq == row.seq:
            mine = group
            seq, group = next(asked, (-1, ()))
        yield Record(row.seq, row.ts_ns, row.kind, row.body, row.hash, mine)
    if seq != -1:
        raise broken(seq, "its commands are there, the event is not")


def verified(connection: Connection, after_seq: int = 0, last_seq: int | None = None) -> Iterator[Record]:
    """`records`, each checked against the chain. Raises OperatorFault that names the first one that is not as it was written."""
    expected = hash_of(connection, after_seq)
    place = after_seq
    for record in records(connection, after_seq, last_seq):
        place += 1
        if record.seq != place:
            raise broken(place, f"it is missing, the next one is {record.seq}")
        expected = link(expected, record.seq, record.ts_ns, record.kind, record.body, record.commands)
        if record.hash != expected:
            raise broken(record.seq, "its hash does not fit")
        yield record
    if last_seq is None:
        _check_end(connection, place)


def hash_of(connection: Connection, seq: int) -> bytes:
    """The hash that stands beside an event. Raises OperatorFault where there is none."""
    if seq == 0:
        return START
    found: bytes | None = connection.execute(select(schema.events.c.hash).where(schema.events.c.seq == seq)).scalar_one_or_none()
    if found is None:
        raise broken(seq, "it is missing or has no hash")
    return found


def event_of(record: Record) -> Event:
    """Raises OperatorFault when it cannot be read."""
    try:
        return decode_event(record.body)
    except (msgspec.ValidationError, msgspec.DecodeError) as error:
        raise OperatorFault(f"the journal's event {record.seq} cannot be read: {error}") from error


def check_snapshot(connection: Connection, row: Row[Any]) -> None:
    """Raises OperatorFault when a snapshot is not as it was written, or its event is another one. One of schema 1 knows no hash."""
    if row.state_sha256 is None:
        return
    if sha256(row.body).digest() != row.state_sha256:
        raise OperatorFault(f"the journal's snapshot of event {row.seq} is not as it was written: restore the journal from a backup")
    if hash_of(connection, row.seq) != row.hash:
        raise broken(row.seq, "its snapshot knows another hash")


def broken(seq: int, why: str) -> OperatorFault:
    return OperatorFault(f"the journal's event {seq} is not as it was written ({why}): restore the journal from a backup or move it aside")


def _check_end(connection: Connection, last_seq: int) -> None:
    """Nothing may speak of an event after the last one: then the journal's tail is torn off (F17)."""
    tables: tuple[Any, ...] = (schema.commands, schema.intents, schema.fills, schema.trades, schema.decisions, schema.snapshots)
    for table in tables:
        newest = connection.execute(select(table.c.seq).order_by(table.c.seq.desc()).limit(1)).scalar_one_or_none()
        if newest is not None and newest > last_seq:
            raise broken(newest, f"{table.name} speak of it, the events end with {last_seq}")


def _grouped(connection: Connection, after_seq: int, last_seq: int | None) -> Iterator[tuple[int, tuple[CommandRow, ...]]]:
    table = schema.commands
    query = select(table).where(table.c.seq > after_seq).order_by(table.c.seq, table.c.n)
    if last_seq is not None:
        query = query.where(table.c.seq <= last_seq)
    seq, group = -1, list[CommandRow]()
    for row in connection.execute(query.execution_options(yield_per=READ_BATCH)):
        if row.seq != seq and group:
            yield seq, tuple(group)
            group = []
        seq = row.seq
        group.append((row.n, row.kind, row.body))
    if group:
        yield seq, tuple(group)
