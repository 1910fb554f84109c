"""One family of features on its own, and what every family promises.

`run` gives a family's columns for a history, masked as the catalogue masks them. A family's tests run the list `CHECKS` over it:

    @pytest.mark.parametrize("check", CHECKS)
    def test_contract(check): check(price)                    # or check(daily, sessions=60, minutes=20)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from types import ModuleType

import numpy as np
import numpy.typing as npt
from numba import njit

from tests.unit.features.hostile import COLUMNS, OPTIONAL, PRICES, Bars, hostile, walk
from tradebot.core.features import window
from tradebot.core.features.feature import VOLUME, Feature

Float = npt.NDArray[np.float64]
Columns = dict[str, Float]

_WINDOW_S = 2
_GUARD = 12345.678
_PRICE_INPUTS = tuple(COLUMNS[i] for i in PRICES)


def run(family: ModuleType, bars: Bars) -> Columns:
    """The family's columns (T,) by name, NaN before each one's warm-up."""
    columns = run_unmasked(family, bars)
    for feature in family.FEATURES:
        columns[feature.name][: feature.warm_up_bars - 1] = np.nan
    return columns


def run_unmasked(family: ModuleType, bars: Bars) -> Columns:
    """The family's columns as its step wrote them, from a cold memory. Fails where it wrote beyond its place or left a column out."""
    s = _WINDOW_S + window.STATE_WIDTH
    state = np.zeros(s + family.STATE_WIDTH + 1)
    state[-1] = _GUARD
    out = np.full((len(bars), len(family.FEATURES) + 1), _GUARD)
    _scan(family)(state, np.ascontiguousarray(bars.rows), out)
    assert state[-1] == _GUARD, "the family wrote behind its memory"
    assert (out[:, -1] == _GUARD).all(), "the family wrote behind its columns"
    missing = [f.name for i, f in enumerate(family.FEATURES) if (out[:, i] == _GUARD).any()]
    assert not missing, f"never written: {missing}"
    return {feature.name: out[:, i].copy() for i, feature in enumerate(family.FEATURES)}


@cache
def _scan(family: ModuleType) -> Callable[[Float, Float, Float], None]:
    step, push, first = family.step, window.push, _WINDOW_S + window.STATE_WIDTH

    @njit(error_model="numpy")
    def scan(state: Float, rows: Float, out: Float) -> None:
        for t in range(len(rows)):
            end = push(state, _WINDOW_S, rows[t])
            step(state, first, end, rows[t], out[t], 0)

    return scan  # type: ignore[no-any-return]


def agree(family: ModuleType, bars: Bars, expected: Mapping[str, object], rtol: float = 1e-9, of_scale: float = 1e-10) -> None:
    """Every column named in `expected` equals its independent values (T,) after warm-up, NaN where they are NaN.

    `of_scale` allows for the rounding of differences: that part of the column's largest value.
    """
    got = run(family, bars)
    by_name = {f.name: f for f in family.FEATURES}
    for name, values in expected.items():
        warm = by_name[name].warm_up_bars - 1
        theirs = np.asarray(values, np.float64)[warm:]
        assert np.isfinite(theirs).any(), f"{bars.name}: the oracle of {name} says nothing"
        scale = np.nanmax(np.abs(theirs))
        np.testing.assert_allclose(got[name][warm:], theirs, rtol=rtol, atol=max(of_scale * scale, 1e-16), err_msg=f"{name} on {bars.name}")


def describes_itself(family: ModuleType, sessions: int = 4, minutes: int = 390) -> None:
    """Names are unique and inputs are columns of the row; warm-up and range make sense; the docstring gives a source."""
    names = [f.name for f in family.FEATURES]
    assert len(set(names)) == len(names)
    for feature in family.FEATURES:
        assert feature.name == feature.name.lower(), feature
        assert set(feature.inputs) <= set(COLUMNS), feature
        assert feature.warm_up_bars >= 1, feature
        assert feature.low < feature.high, feature
        assert feature.formula, feature
        assert feature.unit, feature
    assert "Source" in (family.__doc__ or "")


def finite_and_in_range(family: ModuleType, sessions: int = 4, minutes: int = 390) -> None:
    """After warm-up every column is finite and within its range, on every history. An absent optional input makes it NaN."""
    for bars in hostile(sessions, minutes):
        columns = run(family, bars)
        for f in family.FEATURES:
            values = columns[f.name][f.warm_up_bars - 1 :]
            known = _inputs_present(f, bars)[f.warm_up_bars - 1 :]
            assert np.isnan(values[~known]).all(), f"{f.name} on {bars.name}: a value without its inputs"
            if _inputs_present(f, bars).all():
                bad = np.flatnonzero(~np.isfinite(values))
                assert not len(bad), f"{f.name} on {bars.name}: not finite at bars {bad[:5] + f.warm_up_bars - 1}"
            values = values[np.isfinite(values)]
            outside = values[(values < f.low) | (values > f.high)]
            assert not len(outside), f"{f.name} on {bars.name}: outside {f.low}..{f.high}: {outside[:5]}"


def ends_before_the_future(family: ModuleType, sessions: int = 4, minutes: int = 390) -> None:
    """A prefix of the data gives a prefix of the result, bit for bit."""
    for bars in (walk(sessions=sessions, minutes=minutes), *(b for b in hostile(sessions, minutes) if b.name == "minutes missing")):
        whole = run(family, bars)
        for part in (0.1, 0.5, 0.83):
            t = int(part * len(bars))
            for name, values in run(family, bars.part(0, t)).items():
                assert values.tobytes() == whole[name][:t].tobytes(), f"{name} on {bars.name}: the future changes bar < {t}"


def two_starts_agree(family: ModuleType, sessions: int = 4, minutes: int = 390) -> None:
    """A later start gives the same values to float32 after the warm-up; from the next session on where the inputs name `session`.

    Float32 of the column's largest value; where the column dies out, the double rounding of its inputs is allowed.
    """
    for bars in hostile(sessions, minutes):
        whole = run(family, bars)
        opens = bars.first_of_session()
        for start in (int(opens[1]), int(opens[1] + opens[2]) // 2):
            late = run(family, bars.part(start))
            for f in family.FEATURES:
                first = start if start in opens or "session" not in f.inputs else int(opens[opens > start][0])
                ours, theirs = whole[f.name][first + f.warm_up_bars - 1 :], late[f.name][first - start + f.warm_up_bars - 1 :]
                if not np.isfinite(ours).any():
                    continue
                rounding = 1e-12 * (1.0 if f.scale_free else np.nanmax(bars.rows[:, : VOLUME + 1]))
                scale = np.nanmax(np.abs(whole[f.name])) * np.finfo(np.float32).eps
                where = f"{f.name} on {bars.name} from bar {start}"
                assert (np.isnan(ours) == np.isnan(theirs)).all(), where
                worst = np.nanmax(np.abs(ours - theirs))
                assert worst <= scale + rounding, f"{where}: {worst} > {scale}"


def scale_free_as_claimed(family: ModuleType, sessions: int = 4, minutes: int = 390) -> None:
    """Ten times the price changes nothing where the feature says so, and something where it says not."""
    for bars in (b for b in hostile(sessions, minutes) if b.name in ("walk", "gaps overnight", "minutes missing", "seldom traded")):
        one, ten = run(family, bars), run(family, bars.priced(10.0))
        for f in family.FEATURES:
            scale = np.nanmax(np.abs(one[f.name])) if np.isfinite(one[f.name]).any() else 0.0
            if f.scale_free:
                np.testing.assert_allclose(ten[f.name], one[f.name], rtol=1e-6, atol=1e-8 * scale, err_msg=f"{f.name} on {bars.name}")
            elif bars.name == "walk" and not set(f.inputs).isdisjoint(_PRICE_INPUTS):
                assert np.nanmax(np.abs(ten[f.name] - one[f.name])) > 1e-3 * scale, f"{f.name} is scale-free but says it is not"


CHECKS = (describes_itself, finite_and_in_range, ends_before_the_future, two_starts_agree, scale_free_as_claimed)
"""What the contract asks of every family. Each takes the module and, for slow ones, `sessions` and `minutes` of the histories."""


def _inputs_present(feature: Feature, bars: Bars) -> npt.NDArray[np.bool_]:
    wanted = [COLUMNS.index(name) for name in feature.inputs if name in OPTIONAL]
    return np.asarray(np.isfinite(bars.rows[:, wanted]).all(axis=1), np.bool_)
