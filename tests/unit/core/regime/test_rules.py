"""Every detector: worked rows on both sides of each threshold, one row equals a history, and an unknown input is an unknown regime."""

from __future__ import annotations

import numpy as np
import pytest

from tradebot.core.regime.catalogue import DETECTORS, detector_by_name
from tradebot.core.regime.detector import UNKNOWN, Detector, detect
from tradebot.core.regime.seven import SevenRegime
from tradebot.core.regime.three import ThreeRegime
from tradebot.core.regime.volatility_state import VolatilityState


def label_of(name: str, *values: float, **parameters: float) -> int:
    """The label of one row, its values in the order of the detector's inputs."""
    detector = detector_by_name(name)
    assert len(values) == len(detector.inputs)
    return int(detect(detector, np.array(values), {column: i for i, column in enumerate(detector.inputs)}, parameters))


# volatility_20, volatility_50_mean, trend_strength_20, volume_ratio_10_50, momentum_15m
@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ((0.0019, 0.001, 0.0, 1.31, 0.0), ThreeRegime.HIGH_VOLATILITY),
        ((0.0019, 0.001, 0.7, 1.31, 0.003), ThreeRegime.HIGH_VOLATILITY),
        ((0.0018, 0.001, 0.0, 9.0, 0.0), ThreeRegime.RANGING),
        ((0.0019, 0.001, 0.7, 1.3, 0.0021), ThreeRegime.TRENDING),
        ((0.0010, 0.001, 0.61, 1.0, -0.0021), ThreeRegime.TRENDING),
        ((0.0010, 0.001, 0.6, 1.0, 0.01), ThreeRegime.RANGING),
        ((0.0010, 0.001, 0.9, 1.0, -0.002), ThreeRegime.RANGING),
        ((0.0, 0.0, 0.0, 1.0, 0.0), ThreeRegime.RANGING),
    ],
)
def test_three(row: tuple[float, ...], expected: ThreeRegime) -> None:
    assert label_of("three", *row) == expected


@pytest.mark.parametrize(
    ("volatility", "expected"),
    [(0.7499, VolatilityState.LOW), (0.75, VolatilityState.NORMAL), (1.25, VolatilityState.NORMAL), (1.2501, VolatilityState.HIGH)],
)
def test_volatility_state(volatility: float, expected: VolatilityState) -> None:
    assert label_of("volatility_state", volatility, 1.0, 0.5) == expected


# volatility_percentile, trend_direction_50, adx_14, hurst_64
@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ((95.1, -0.51, 50.0, 0.9), SevenRegime.CRISIS),
        ((95.0, -0.9, 50.0, 0.9), SevenRegime.TRENDING_DOWN),
        ((99.0, -0.5, 10.0, 0.5), SevenRegime.HIGH_VOLATILITY),
        ((50.0, 0.01, 25.1, 0.51), SevenRegime.TRENDING_UP),
        ((50.0, 0.0, 25.1, 0.51), SevenRegime.TRENDING_DOWN),
        ((50.0, 0.9, 25.0, 0.51), SevenRegime.NORMAL),
        ((50.0, 0.9, 40.0, 0.49), SevenRegime.MEAN_REVERTING),
        ((99.0, 0.9, 10.0, 0.49), SevenRegime.MEAN_REVERTING),
        ((75.1, 0.0, 10.0, 0.6), SevenRegime.HIGH_VOLATILITY),
        ((75.0, 0.0, 10.0, 0.6), SevenRegime.NORMAL),
        ((25.0, 0.0, 10.0, 0.6), SevenRegime.NORMAL),
        ((24.9, 0.0, 10.0, 0.5), SevenRegime.LOW_VOLATILITY),
    ],
)
def test_seven(row: tuple[float, ...], expected: SevenRegime) -> None:
    assert label_of("seven", *row) == expected


def test_parameters_move_the_thresholds() -> None:
    assert label_of("seven", 90.0, -0.6, 10.0, 0.6, crisis_percentile=85.0) == SevenRegime.CRISIS
    assert label_of("volatility_state", 1.2, 1.0, 0.5, band_std=0.3) == VolatilityState.HIGH
    assert label_of("three", 0.0012, 0.001, 0.0, 2.0, 0.0, volatility_multiple=1.1) == ThreeRegime.HIGH_VOLATILITY


RANGES: dict[str, tuple[float, float]] = {
    "volatility_percentile": (0.0, 100.0),
    "trend_direction_50": (-1.0, 1.0),
    "adx_14": (0.0, 60.0),
    "hurst_64": (0.2, 0.9),
    "trend_strength_20": (0.0, 1.2),
    "volume_ratio_10_50": (0.0, 3.0),
    "momentum_15m": (-0.01, 0.01),
}


def rows_for(detector: Detector, rows: int, seed: int) -> np.ndarray:
    random = np.random.default_rng(seed)
    return np.stack([random.uniform(*RANGES.get(name, (0.0, 0.004)), rows) for name in detector.inputs], axis=1)


@pytest.mark.parametrize("name", DETECTORS)
def test_every_detector(name: str) -> None:
    detector = DETECTORS[name]
    assert detector.name == name
    assert len(set(detector.labels)) == len(detector.labels)
    at = {column: i for i, column in enumerate(detector.inputs)}
    rows = rows_for(detector, 5000, 1)
    labels = detect(detector, rows, at)
    assert labels.dtype == np.int8
    assert set(labels.tolist()) == set(range(len(detector.labels))), "every label is reached"
    assert [int(detect(detector, row, at)) for row in rows[:500]] == labels[:500].tolist()
    assert detect(detector, rows.reshape(500, 10, -1), at).ravel().tolist() == labels.tolist()
    for f in range(len(detector.inputs)):
        for bad in (np.nan, np.inf, -np.inf):
            broken = rows[:50].copy()
            broken[::2, f] = bad
            expected = labels[:50].copy()
            expected[::2] = UNKNOWN
            assert detect(detector, broken, at).tolist() == expected.tolist()


def test_an_unknown_detector_or_column_is_named() -> None:
    with pytest.raises(KeyError, match="the nearest is 'seven'"):
        detector_by_name("sevn")
    with pytest.raises(KeyError, match="hurst_64"):
        detect(DETECTORS["seven"], np.zeros((2, 3)), {"volatility_percentile": 0, "trend_direction_50": 1, "adx_14": 2})
    assert DETECTORS["seven"].at_once == SevenRegime.CRISIS
    assert DETECTORS["three"].at_once == UNKNOWN
