"""Serial dependence: the contract, numpy written from the papers, processes with a known answer."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from tests.unit.features.family import CHECKS, agree, run
from tests.unit.features.hostile import Bars, hostile, walk
from tradebot.core.features import dependence
from tradebot.core.features import feature as row
from tradebot.core.kernels.hurst import expected_rescaled_range


@pytest.mark.parametrize("check", CHECKS)
def test_contract(check) -> None:
    check(dependence)


def autocorrelation(r: np.ndarray, lag: int) -> float:
    d = r - r.mean()
    return float(np.correlate(d, d, "full")[len(d) - 1 + lag] / np.dot(d, d))


def variance_ratio(r: np.ndarray, q: int) -> float:
    """Lo and MacKinlay (1988), equations 12a and 12b."""
    n, mean = len(r), r.mean()
    price = np.concatenate([[0.0], np.cumsum(r)])
    long = sum((price[k] - price[k - q] - q * mean) ** 2 for k in range(q, n + 1)) / (q * (n - q + 1) * (1 - q / n))
    return float(long / (((r - mean) ** 2).sum() / (n - 1)))


def hurst(r: np.ndarray) -> float:
    widths, values = (8, 16, 32, 64), []
    for n in widths:
        ratios = []
        for part in r.reshape(-1, n):
            path = np.cumsum(part - part.mean())
            if part.std() > 1e-12:
                ratios.append((path.max() - path.min()) / part.std())
        if not ratios:
            return 0.5
        noise = math.gamma((n - 1) / 2) / (math.sqrt(math.pi) * math.gamma(n / 2)) * sum(math.sqrt((n - i) / i) for i in range(1, n))
        values.append(math.log(np.mean(ratios) / noise))
    return float(np.clip(0.5 + np.polyfit(np.log(widths), values, 1)[0], 0, 1))


def half_life(y: np.ndarray) -> float:
    slope = np.polyfit(y[:-1] - y.mean(), np.diff(y), 1)[0]
    if slope >= 0:
        return 240.0
    return 0.1 if slope <= -1 else float(np.clip(-math.log(2) / math.log(1 + slope), 0.1, 240))


def weights(d: float, width: int) -> np.ndarray:
    """(-1)^k binomial(d, k), newest first."""
    return np.array([(-1) ** k * np.prod([(d - i) / (i + 1) for i in range(k)]) for k in range(width)])


def expected(bars: Bars) -> dict[str, pd.Series]:
    y = np.log(bars.frame()["close"])
    r = y.diff()

    def over(x: pd.Series, n: int, f, *args) -> pd.Series:
        return x.rolling(n).apply(lambda w: f(w.to_numpy(), *args))

    out = {f"autocorrelation_{k}": over(r, 60, autocorrelation, k) for k in (1, 5)}
    out |= {f"variance_ratio_{q}": over(r, 60, variance_ratio, q) for q in (2, 5, 10)}
    out["hurst_64"] = over(r, 64, hurst)
    out["half_life_60"] = over(y, 61, half_life)
    w = weights(0.4, 50)[::-1]
    out["frac_diff"] = over(y, 50, lambda x: np.dot(w, x))
    out["frac_diff_rel"] = over(y, 50, lambda x: np.dot(w, x - x[0]))
    return out


SLICES = ("gaps overnight", "split times ten", "minutes missing", "wild")


@pytest.mark.parametrize("bars", [walk(sessions=1), *(b.part(600, 990) for b in hostile() if b.name in SLICES)], ids=lambda b: b.name)
def test_columns_are_those_of_the_papers(bars: Bars) -> None:
    assert set(expected(bars)) == {f.name for f in dependence.FEATURES}
    agree(dependence, bars, expected(bars), rtol=1e-7, of_scale=1e-9)


def test_standing_sub_windows_are_left_out() -> None:
    stale = next(b for b in hostile() if b.name == "stale").part(0, 390)
    r = np.log(stale.frame()["close"]).diff()
    ours = run(dependence, stale)["hurst_64"]
    np.testing.assert_allclose(ours[64:], r.rolling(64).apply(lambda w: hurst(w.to_numpy()))[64:], rtol=1e-8)


def test_anis_and_lloyd_is_what_white_noise_has() -> None:
    """A simulation of 20,000 normal samples for each width."""
    rng = np.random.default_rng(4)
    for n in (8, 16, 32, 64):
        x = rng.normal(size=(20_000, n))
        path = np.cumsum(x - x.mean(axis=1, keepdims=True), axis=1)
        simulated = ((path.max(axis=1) - path.min(axis=1)) / x.std(axis=1)).mean()
        assert expected_rescaled_range(n) == pytest.approx(simulated, rel=0.005)


def process(seed: int, phi: float, sessions: int = 20) -> Bars:
    """A price whose log returns are AR(1) with `phi`."""
    bars = walk(sessions=sessions, seed=seed, usd=1e4)
    noise = np.random.default_rng(seed).normal(0, 1e-3, len(bars))
    for t in range(1, len(noise)):
        noise[t] += phi * noise[t - 1]
    rows = bars.rows.copy()
    rows[:, : row.CLOSE + 1] = (1e4 * np.exp(np.cumsum(noise)))[:, None]
    return replace(bars, rows=rows)


def test_known_processes_are_told_apart() -> None:
    mean = {phi: {name: np.nanmean(v) for name, v in run(dependence, process(3, phi)).items()} for phi in (-0.4, 0.0, 0.4)}
    assert mean[0.0]["hurst_64"] == pytest.approx(0.5, abs=0.03)
    assert mean[-0.4]["hurst_64"] < 0.45
    assert mean[0.4]["hurst_64"] > 0.55
    assert mean[0.0]["variance_ratio_5"] == pytest.approx(1.0, abs=0.05)
    assert mean[-0.4]["variance_ratio_2"] == pytest.approx(0.6, abs=0.05)  # 1 + phi
    assert mean[0.4]["variance_ratio_2"] == pytest.approx(1.4, abs=0.05)
    assert mean[0.4]["autocorrelation_1"] == pytest.approx(0.4, abs=0.06)


def test_a_constant_price_is_neutral() -> None:
    columns = run(dependence, next(b for b in hostile() if b.name == "constant"))
    neutral = {"hurst_64": 0.5, "half_life_60": 240.0, "frac_diff": weights(0.4, 50).sum() * math.log(14.37)}
    neutral |= {f"variance_ratio_{q}": 1.0 for q in (2, 5, 10)}
    for name, values in columns.items():
        np.testing.assert_allclose(values[65:], neutral.get(name, 0.0), rtol=1e-12, err_msg=name)
