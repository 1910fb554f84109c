#!/usr/bin/env python3
"""Make data/sample from the project's shared market data: the only files of it whose licence allows a copy here.

usage: scripts/make_sample.py [SHARED_MARKETDATA_DIR]     (default ../shared/marketdata)

Takes 1-minute trades and quotes of SPY, BAC, AIG, IBM for the sessions 4-11 October 2013 and SPY for January and March 2011, drops every
other date, writes Parquet (zstd) and, beside it, PROVENANCE.json and PROVENANCE.md with source, licence and sha256 of every file.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import sys
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

REPOSITORY = Path(__file__).resolve().parents[1]
SAMPLE = REPOSITORY / "data" / "sample"
NEW_YORK = ZoneInfo("America/New_York")
BYTES_MAX = 5_000_000
OCTOBER = (dt.date(2013, 10, 4), dt.date(2013, 10, 11))

# (file here, file there, first New York date, last New York date)
PARTS: tuple[tuple[str, str, dt.date, dt.date], ...] = (
    *(
        (f"{symbol}_1m_{kind}_2013_10.parquet", f"lean_minute/{symbol}_1m_{kind}.parquet", *OCTOBER)
        for symbol in ("SPY", "BAC", "AIG", "IBM")
        for kind in ("trades", "quotes")
    ),
    ("SPY_1m_2011_01.parquet", "bars_1m_spy_2011/SPY_1m_2011_01.parquet", dt.date(2011, 1, 1), dt.date(2011, 1, 31)),
    ("SPY_1m_2011_03.parquet", "bars_1m_spy_2011/SPY_1m_2011_03.parquet", dt.date(2011, 3, 1), dt.date(2011, 3, 31)),
)


def main(shared: Path) -> int:
    catalogue = {entry["path"]: entry for entry in json.loads((shared / "CATALOG.json").read_text())["files"]}
    SAMPLE.mkdir(parents=True, exist_ok=True)
    entries = [make(shared, catalogue[there], SAMPLE / here, first, last) for here, there, first, last in PARTS]
    total = sum(entry["bytes"] for entry in entries)
    assert total < BYTES_MAX, f"{total} bytes are more than {BYTES_MAX}"
    (SAMPLE / "PROVENANCE.json").write_text(json.dumps({"format": 1, "files": entries}, indent=1) + "\n")
    (SAMPLE / "PROVENANCE.md").write_text(provenance_text(entries, total))
    print(f"{len(entries)} files, {total} bytes in {SAMPLE}")
    return 0


def make(shared: Path, source: dict[str, Any], target: Path, first: dt.date, last: dt.date) -> dict[str, Any]:
    """Write one sample file and say where it came from."""
    origin = shared / source["path"]
    assert sha256(origin) == source["sha256"], f"{origin} is not the catalogued file"
    assert source["licence"].startswith("Apache-2.0"), f"{origin} may not be copied: {source['licence']}"
    table = pq.read_table(origin)
    stamps = table.column("timestamp")
    low = dt.datetime.combine(first, dt.time(), NEW_YORK)
    high = dt.datetime.combine(last + dt.timedelta(days=1), dt.time(), NEW_YORK)
    inside = pc.and_(
        pc.greater_equal(stamps, pa.scalar(low, stamps.type)),
        pc.less(stamps, pa.scalar(high, stamps.type)),
    )
    kept = table.filter(inside).replace_schema_metadata(None)
    pq.write_table(kept, target, compression="zstd", compression_level=19)
    return {
        "file": target.name,
        "sha256": sha256(target),
        "bytes": target.stat().st_size,
        "rows": kept.num_rows,
        "symbol": source["symbol"],
        "kind": source.get("kind", "trades"),
        "first": str(kept.column("timestamp")[0].as_py()),
        "last": str(kept.column("timestamp")[-1].as_py()),
        "source": source["source"],
        "vendor": source["vendor"],
        "licence": source["licence"],
        "adjusted": source.get("adjusted", "raw"),
        "source_sha256": source["sha256"],
        "note": source.get("quirk", ""),
    }


def provenance_text(entries: list[dict[str, Any]], total: int) -> str:
    lines = [
        "# Where these bars come from",
        "",
        f"{len(entries)} files, {total:,} bytes, made by `scripts/make_sample.py`; the same facts for programs are in `PROVENANCE.json`.",
        "A stamp is the **start** of its minute in UTC; prices are raw (unadjusted) US dollars; extended hours are included. Both source",
        "repositories are under Apache-2.0; the rows are theirs, cut to the dates named below and otherwise unchanged.",
        "They are old and few: enough to see every part work, far too little to judge a strategy.",
        "",
        "| file | rows | from | to | source | vendor | licence | sha256 |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for e in entries:
        cells = (e["file"], e["rows"], e["first"][:16], e["last"][:16], e["source"], e["vendor"], e["licence"], e["sha256"])
        lines.append("| " + " | ".join(str(c) for c in cells) + " |")
    notes = sorted({f"- `{e['file']}`: {e['note']}." for e in entries if e["note"]})
    return "\n".join([*lines, "", *notes, ""])


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]) if len(sys.argv) > 1 else REPOSITORY.parent / "shared" / "marketdata"))
