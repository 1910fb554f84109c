"""Every kind of bad bar file is refused with one sentence that names file, symbol, minute and field."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tradebot.core.domain.faults import OperatorFault
from tradebot.shell.store.bars import check_bar_folder, list_bar_folder, read_bar_folder

OPEN_NS = 1_380_893_400_000_000_000  # 2013-10-04 13:30 UTC
MINUTE_NS = 60_000_000_000
NAME = "BAC_1m_trades_2013_10.parquet"


def columns(rows: int = 3, first_ns: int = OPEN_NS) -> dict[str, Any]:
    return {
        "timestamp": first_ns + MINUTE_NS * np.arange(rows, dtype=np.int64),
        "open": np.full(rows, 14.05),
        "high": np.full(rows, 14.07),
        "low": np.full(rows, 14.03),
        "close": np.full(rows, 14.0612),
        "volume": np.full(rows, 1000.0),
    }


def write(path: Path, data: dict[str, Any], zone: str | None = "UTC") -> None:
    stamps = pa.array(data["timestamp"]).cast(pa.timestamp("ns", zone))
    pq.write_table(pa.table({**data, "timestamp": stamps}), path)


def test_reads_exact_units(tmp_path: Path) -> None:
    write(tmp_path / NAME, columns())
    bars = read_bar_folder(tmp_path)["BAC"]
    assert bars.close.tolist() == [140_612] * 3
    assert bars.volume.tolist() == [1000] * 3
    assert bars.minute_ns[0] == OPEN_NS
    assert bars.bid is None


def test_quotes_join_on_the_same_minute(tmp_path: Path) -> None:
    write(tmp_path / NAME, columns())
    quotes = {
        "timestamp": np.array([OPEN_NS - MINUTE_NS, OPEN_NS + MINUTE_NS, OPEN_NS + 9 * MINUTE_NS]),
        "bid_open": [1.0, 14.04, 1.0],
        "ask_open": [1.0, 14.06, 1.0],
    }
    write(tmp_path / "BAC_1m_quotes_2013_10.parquet", quotes)
    bars = read_bar_folder(tmp_path)["BAC"]
    assert bars.bid is not None
    assert bars.ask is not None
    assert bars.bid.tolist() == [0, 140_400, 0]
    assert bars.ask.tolist() == [0, 140_600, 0]


def test_joins_files_whatever_their_names_sort_like(tmp_path: Path) -> None:
    write(tmp_path / "SPY_1m_trades_2013_10.parquet", columns())
    write(tmp_path / "SPY_1m_zz.parquet", columns(first_ns=OPEN_NS - 10 * MINUTE_NS))
    bars = read_bar_folder(tmp_path)["SPY"]
    assert len(bars) == 6
    assert (np.diff(bars.minute_ns) > 0).all()


def changed(field: str, value: float) -> dict[str, Any]:
    data = columns()
    data[field][1] = value
    return data


BAD: dict[str, tuple[dict[str, Any], str]] = {
    "high below low": (changed("high", 14.0), "high 14 is below low 14.03"),
    "open above high": (changed("open", 15.0), "open 15 is above high 14.07"),
    "open below low": (changed("open", 13.0), "open 13 is below low 14.03"),
    "close above high": (changed("close", 15.0), "close 15 is above high 14.07"),
    "close below low": (changed("close", 14.0), "close 14 is below low 14.03"),
    "not a number": (changed("low", float("nan")), "low nan is not a number"),
    "infinite": (changed("high", float("inf")), "high inf is not a number"),
    "volume not a number": (changed("volume", float("nan")), "volume nan is not a number"),
    "minus infinite": (changed("low", float("-inf")), "low -inf is not a number"),
    "volume infinite": (changed("volume", float("inf")), "volume inf is not a number"),
    "volume impossibly large": (changed("volume", 1e16), "volume 1e+16 is impossibly large"),
    "zero to four decimals": (changed("low", 0.00004), "low 4e-05 rounds to 0 at four decimals"),
    "negative price": (changed("low", -14.0), "low -14 is not above 0"),
    "zero price": (changed("open", 0.0), "open 0 is not above 0"),
    "negative volume": (changed("volume", -1.0), "volume -1 is negative"),
    "impossibly large": (changed("high", 1e12), "high 1e+12 is impossibly large"),
    "duplicate stamp": (changed("timestamp", OPEN_NS), "timestamp is a duplicate"),
    "out of order": (changed("timestamp", OPEN_NS - MINUTE_NS), "timestamp is out of order"),
    "inside a minute": (changed("timestamp", OPEN_NS + MINUTE_NS + 1), "timestamp is not the start of a minute"),
}


@pytest.mark.parametrize("case", BAD)
def test_refuses_bad_rows_by_name(tmp_path: Path, case: str) -> None:
    data, sentence = BAD[case]
    write(tmp_path / NAME, data)
    with pytest.raises(OperatorFault) as caught:
        read_bar_folder(tmp_path)
    text = str(caught.value)
    assert sentence in text
    assert NAME in text
    assert "BAC at 2013-10-04 13:" in text
    assert "\n" not in text
    [check] = check_bar_folder(tmp_path)
    assert check.fault == text


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("bid_open", -1.0, "bid_open -1 is negative"),
        ("ask_open", float("inf"), "ask_open inf is not a number"),
        ("bid_open", float("-inf"), "bid_open -inf is not a number"),
        ("ask_open", 1e12, "ask_open 1e\\+12 is impossibly large"),
    ],
)
def test_refuses_bad_quotes_by_name(tmp_path: Path, field: str, value: float, words: str) -> None:
    write(tmp_path / NAME, columns())
    quotes = {"timestamp": columns()["timestamp"], "bid_open": np.full(3, 14.04), "ask_open": np.full(3, 14.06)}
    quotes[field][1] = value
    write(tmp_path / "BAC_1m_quotes_2013_10.parquet", quotes)
    with pytest.raises(OperatorFault, match=f"BAC_1m_quotes_2013_10.parquet: BAC at 2013-10-04 13:31 UTC: {words}$"):
        read_bar_folder(tmp_path)


def test_refuses_an_empty_cell(tmp_path: Path) -> None:
    write(tmp_path / NAME, columns() | {"low": pa.array([14.0, None, 14.0])})
    with pytest.raises(OperatorFault, match="BAC at 2013-10-04 13:31 UTC: low nan is not a number"):
        read_bar_folder(tmp_path)


def test_refuses_a_missing_column(tmp_path: Path) -> None:
    data = columns()
    del data["close"]
    write(tmp_path / NAME, data)
    with pytest.raises(OperatorFault, match="column close is missing"):
        read_bar_folder(tmp_path)


def test_refuses_text_for_prices(tmp_path: Path) -> None:
    write(tmp_path / NAME, columns() | {"open": ["a", "b", "c"]})
    with pytest.raises(OperatorFault, match="column open is string, not a number"):
        read_bar_folder(tmp_path)


def test_refuses_stamps_without_a_zone(tmp_path: Path) -> None:
    write(tmp_path / NAME, columns(), zone=None)
    with pytest.raises(OperatorFault, match="not a time with a time zone"):
        read_bar_folder(tmp_path)


def test_refuses_a_file_without_rows(tmp_path: Path) -> None:
    write(tmp_path / NAME, columns(rows=0))
    with pytest.raises(OperatorFault, match="holds no rows"):
        read_bar_folder(tmp_path)


@pytest.mark.parametrize("damage", ["noise", "cut", "flipped"])
def test_refuses_corrupt_parquet(tmp_path: Path, damage: str) -> None:
    write(tmp_path / NAME, columns(rows=2000))
    data = bytearray((tmp_path / NAME).read_bytes())
    if damage == "noise":
        data = bytearray(b"not parquet at all")
    elif damage == "cut":
        data = data[: len(data) // 2]
    else:
        data[20:4000] = bytes(b ^ 0x5A for b in data[20:4000])
    (tmp_path / NAME).write_bytes(data)
    with pytest.raises(OperatorFault, match=r"BAC_1m_trades_2013_10\.parquet: BAC"):
        read_bar_folder(tmp_path)


def test_refuses_overlapping_files(tmp_path: Path) -> None:
    write(tmp_path / "BAC_1m_a.parquet", columns())
    write(tmp_path / "BAC_1m_b.parquet", columns(first_ns=OPEN_NS + MINUTE_NS))
    with pytest.raises(OperatorFault, match=r"BAC_1m_b.parquet: BAC at 2013-10-04 13:31 UTC: timestamp is also in BAC_1m_a.parquet"):
        read_bar_folder(tmp_path)
    assert [bool(c.fault) for c in check_bar_folder(tmp_path)] == [False, True]


def test_refuses_empty_folder_universe_and_unknown_symbol(tmp_path: Path) -> None:
    with pytest.raises(OperatorFault, match="no bars here"):
        read_bar_folder(tmp_path)
    with pytest.raises(OperatorFault, match="no such folder"):
        read_bar_folder(tmp_path / "nowhere")
    write(tmp_path / NAME, columns())
    with pytest.raises(OperatorFault, match="universe is empty"):
        read_bar_folder(tmp_path, ())
    with pytest.raises(OperatorFault, match="no bars of XYZ"):
        read_bar_folder(tmp_path, ("BAC", "XYZ"))


def test_refuses_bad_quotes(tmp_path: Path) -> None:
    write(tmp_path / NAME, columns())
    bad = {"timestamp": np.array([OPEN_NS]), "bid_open": [-1.0], "ask_open": [14.0]}
    write(tmp_path / "BAC_1m_quotes_2013_10.parquet", bad)
    with pytest.raises(OperatorFault, match="bid_open -1 is negative"):
        read_bar_folder(tmp_path)


def test_reading_needs_no_pandas(tmp_path: Path) -> None:
    write(tmp_path / NAME, columns())
    code = (
        "import sys; from pathlib import Path; from tradebot.shell.store.bars import read_bar_folder; "
        f"read_bar_folder(Path({str(tmp_path)!r})); sys.exit('pandas' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_an_empty_quote_is_a_side_that_is_not_there(tmp_path: Path) -> None:
    write(tmp_path / NAME, columns())
    half = {"timestamp": np.array([OPEN_NS]), "bid_open": pa.array([None], pa.float64()), "ask_open": [14.06]}
    write(tmp_path / "BAC_1m_quotes.parquet", half)
    bars = read_bar_folder(tmp_path)["BAC"]
    assert bars.bid is not None
    assert bars.ask is not None
    assert (bars.bid[0], bars.ask[0]) == (0, 140_600)


def test_lists_without_reading_prices(tmp_path: Path) -> None:
    write(tmp_path / NAME, columns())
    (tmp_path / "SPY_1m.parquet").write_bytes(b"broken")
    (tmp_path / "notes.parquet").write_bytes(b"not ours")
    sound, broken = list_bar_folder(tmp_path)
    assert (sound.symbol, sound.rows, sound.first_ns, sound.last_ns) == ("BAC", 3, OPEN_NS, OPEN_NS + 2 * MINUTE_NS)
    assert "no readable Parquet" in broken.fault


TAPE_CELLS: dict[str, Any] = {
    "bid": pa.array([14.04, None, 14.05]),
    "ask": [14.06, 0.0, 14.07],
    "bid_size": [300, 200, 100],
    "ask_size": pa.array([500.0, None, 700.0]),
}


@pytest.mark.parametrize("trades", ["trades", "n", "trade_count"])
def test_optional_columns_are_read_and_what_is_not_there_is_zero(tmp_path: Path, trades: str) -> None:
    write(tmp_path / NAME, columns() | TAPE_CELLS | {trades: pa.array([7, None, 9], pa.int32())})
    bars = read_bar_folder(tmp_path)["BAC"]
    assert [column.tolist() for column in bars.tape() if column is not None] == [
        [140_400, 0, 140_500],
        [140_600, 0, 140_700],
        [7, 0, 9],
        [300, 0, 100],  # shares of a side that is not there are none
        [500, 0, 700],
    ]


BAD_TAPE: dict[str, tuple[dict[str, Any], str]] = {
    "negative count": ({"n": [1, -2, 3]}, "n -2 is negative"),
    "half a trade": ({"trades": [1.0, 2.5, 3.0]}, "trades 2.5 is no whole number"),
    "infinitely many": ({"trade_count": [1.0, float("inf"), 3.0]}, "trade_count inf is not a number"),
    "negative side": ({"ask": [1.0, -1.0, 1.0]}, "ask -1 is negative"),
    "impossible side": ({"bid": [1.0, 1e9, 1.0]}, "bid 1e+09 is impossibly large"),
    "negative size": ({"bid": [1.0] * 3, "bid_size": [1, -1, 1]}, "bid_size -1 is negative"),
}


@pytest.mark.parametrize("case", BAD_TAPE)
def test_refuses_bad_optional_cells_by_name(tmp_path: Path, case: str) -> None:
    cells, sentence = BAD_TAPE[case]
    write(tmp_path / NAME, columns() | cells)
    with pytest.raises(OperatorFault) as caught:
        read_bar_folder(tmp_path)
    assert str(caught.value) == f"{tmp_path / NAME}: BAC at 2013-10-04 13:31 UTC: {sentence}"


def test_files_with_and_without_trade_counts_join(tmp_path: Path) -> None:
    write(tmp_path / "BAC_1m_a.parquet", columns())
    write(tmp_path / "BAC_1m_b.parquet", columns(first_ns=OPEN_NS + 3 * MINUTE_NS) | {"n": [4, 5, 6]})
    bars = read_bar_folder(tmp_path)["BAC"]
    assert bars.trades is not None
    assert bars.trades.tolist() == [0, 0, 0, 4, 5, 6]
    assert bars.bid is None


def quotes(rows: int = 3) -> dict[str, Any]:
    """Each minute's first quote is the last one of the row before, but for the third's bid."""
    return {
        "timestamp": OPEN_NS + MINUTE_NS * np.arange(rows, dtype=np.int64),
        "bid_open": [14.01, 14.02, 14.00],
        "bid": [14.02, 14.03, 14.04],
        "bid_size": [100, 200, 300],
        "ask_open": [14.05, 14.06, 14.07],
        "ask": [14.06, 14.07, 14.08],
        "ask_size": [400, 500, 600],
    }


def test_the_shares_of_a_minutes_first_quote_are_those_of_the_last_one_before_it(tmp_path: Path) -> None:
    """A size of the minute's own end would tell the future to whoever sees the quote at the minute's start."""
    write(tmp_path / NAME, columns())
    write(tmp_path / "BAC_1m_quotes.parquet", quotes())
    bars = read_bar_folder(tmp_path)["BAC"]
    assert [c.tolist() for c in (bars.bid_size, bars.ask_size) if c is not None] == [[0, 100, 0], [0, 400, 500]]


def test_quotes_from_two_places_are_refused(tmp_path: Path) -> None:
    write(tmp_path / NAME, columns() | TAPE_CELLS)
    write(tmp_path / "BAC_1m_quotes.parquet", quotes())
    with pytest.raises(OperatorFault, match=r"BAC has quotes in its bars and in BAC_1m_quotes\.parquet"):
        read_bar_folder(tmp_path)
