"""The journal's tables. Money is BIGINT units of 1e-4 dollars, time BIGINT nanoseconds UTC; bodies are msgpack.

`events` is the truth; `commands` is what the engine asked for in answer; the rest are projections for people and can be rebuilt.

Schema 2 brought the hash chain (store/chain.py) and the seals.

Few indices and no row ids where the key is text: what one commit costs is the number of pages that it touches.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Float, Index, Integer, LargeBinary, MetaData, String, Table

SCHEMA_VERSION = 2

metadata = MetaData()

schema_version = Table("schema_version", metadata, Column("version", Integer, primary_key=True, autoincrement=False))

marks = Table("marks", metadata, Column("name", String(64), primary_key=True), Column("value", String, nullable=False))

events = Table(
    "events",
    metadata,
    Column("seq", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=False),
    Column("ts_ns", BigInteger, nullable=False),
    Column("kind", String(32), nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("hash", LargeBinary),  # of the chain (store/chain.py)
)

commands = Table(
    "commands",
    metadata,
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("n", Integer, primary_key=True, autoincrement=False),
    Column("kind", String(32), nullable=False),
    Column("body", LargeBinary, nullable=False),
    sqlite_with_rowid=False,
)

snapshots = Table(
    "snapshots",
    metadata,
    Column("seq", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=False),
    Column("body", LargeBinary, nullable=False),
    Column("hash", LargeBinary),  # of the chain at event `seq`
    Column("state_sha256", LargeBinary),  # of `body`
    Column("session", String(10)),  # the day that this snapshot closes, NULL in mid-day
)

seals = Table(  # the state's hash at each snapshot: kept when the snapshot itself goes
    "seals",
    metadata,
    Column("seq", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=False),
    Column("state_sha256", LargeBinary, nullable=False),
)

intents = Table(
    "intents",
    metadata,
    Column("client_order_id", String(128), primary_key=True),
    Column("seq", BigInteger, nullable=False),
    Column("symbol", String(32), nullable=False),
    Column("state", String(16), nullable=False),  # intended | acknowledged | unknown | refused
    Column("body", LargeBinary, nullable=False),
    sqlite_with_rowid=False,
)

orders = Table(
    "orders",
    metadata,
    Column("broker_id", String(64), primary_key=True),
    Column("client_order_id", String(128), nullable=False),
    Column("parent_id", String(64), nullable=False),
    Column("symbol", String(32), nullable=False),
    Column("side", String(8), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("status", String(24), nullable=False),
    Column("is_terminal", Boolean, nullable=False),
    Column("qty", BigInteger, nullable=False),
    Column("filled_qty", BigInteger, nullable=False),
    Column("filled_units", BigInteger, nullable=False),
    Column("limit_units", BigInteger, nullable=False),
    Column("stop_units", BigInteger, nullable=False),
    Column("ts_ns", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

fills = Table(
    "fills",
    metadata,
    Column("fill_id", String(160), primary_key=True),
    Column("seq", BigInteger, nullable=False),
    Column("client_order_id", String(128), nullable=False),
    Column("symbol", String(32), nullable=False),
    Column("side", String(8), nullable=False),
    Column("role", String(16), nullable=False),
    Column("qty", BigInteger, nullable=False),
    Column("notional_units", BigInteger, nullable=False),
    Column("ts_ns", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

trades = Table(
    "trades",
    metadata,
    Column("trade_id", String(128), primary_key=True),
    Column("seq", BigInteger, nullable=False),
    Column("symbol", String(32), nullable=False),
    Column("status", String(8), nullable=False),
    Column("entry_ns", BigInteger, nullable=False),
    Column("pnl_units", BigInteger, nullable=False),
    Column("body", LargeBinary, nullable=False),
    sqlite_with_rowid=False,
)

decisions = Table(
    "decisions",
    metadata,
    Column("decision_id", String(128), primary_key=True),
    Column("seq", BigInteger, nullable=False),
    Column("minute_ns", BigInteger, nullable=False),
    Column("ts_ns", BigInteger, nullable=False),
    Column("model_id", String(128), nullable=False),
    Column("body", LargeBinary, nullable=False),
)
Index("decisions_by_minute", decisions.c.minute_ns)

predictions = Table(
    "predictions",
    metadata,
    Column("ts_ns", BigInteger, primary_key=True, autoincrement=False),
    Column("symbol", String(32), primary_key=True),
    Column("signal", Integer, nullable=False),
    Column("confidence", Float, nullable=False),
    Column("price_units", BigInteger, nullable=False),
    Column("recommendation", String(8), nullable=False),
    Column("meets_threshold", Boolean, nullable=False),
    sqlite_with_rowid=False,
)

jobs = Table(
    "jobs",
    metadata,
    Column("job", String(32), primary_key=True),
    Column("session", String(10), primary_key=True),
    Column("outcome", String(16), nullable=False),
    Column("reason", String, nullable=False),
    Column("ts_ns", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)
