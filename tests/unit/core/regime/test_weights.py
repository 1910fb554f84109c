"""The weights tables: what SYSTEMS.md sections 1 and 5 print, shares within a family, and nothing where the regime is unknown."""

from __future__ import annotations

import numpy as np
import pytest

from tradebot.core.regime.catalogue import DETECTORS
from tradebot.core.regime.detector import UNKNOWN
from tradebot.core.regime.learned import LEARNED_LABELS
from tradebot.core.regime.weights import FAMILY_OF_ALPHA, regime_weights, weight_table
from tradebot.core.strategies.catalogue import STRATEGIES, strategy_by_name

ALPHAS, POOLS = [s.alpha for s in STRATEGIES], [s.pools for s in STRATEGIES]
THREE_ALPHAS = ["momentum", "mean_reversion", "volatility_breakout"]


def test_the_table_of_the_living_lab() -> None:
    table = weight_table("seven", DETECTORS["seven"].labels, THREE_ALPHAS, [()] * 3)
    assert dict(zip(DETECTORS["seven"].labels, table.tolist(), strict=False)) == {
        "crisis": [0.0, 0.0, 0.0],
        "trending_up": [0.7, 0.1, 0.2],
        "trending_down": [0.7, 0.1, 0.2],
        "mean_reverting": [0.1, 0.7, 0.2],
        "high_volatility": [0.3, 0.2, 0.5],
        "low_volatility": [0.4, 0.5, 0.1],
        "normal": [0.4, 0.4, 0.2],
    }
    assert table[UNKNOWN].tolist() == [0.0, 0.0, 0.0]


def test_a_family_shares_its_weight() -> None:
    weights = regime_weights("seven", DETECTORS["seven"].labels, np.array([1, 0, UNKNOWN], np.int8), ALPHAS, POOLS)
    assert weights.shape == (3, len(STRATEGIES))
    trending = dict(zip([s.name for s in STRATEGIES], weights[0], strict=True))
    families = [FAMILY_OF_ALPHA[alpha] for alpha in ALPHAS]
    for family, share in (("momentum", 0.7), ("mean_reversion", 0.1), ("volatility_breakout", 0.2)):
        members = [w for w, f in zip(weights[0], families, strict=True) if f == family]
        assert sum(members) == pytest.approx(share)
        assert len(set(members)) == 1
    assert trending["swing"] == trending["momentum"]
    assert not weights[1:].any(), "crisis and unknown: cash"


def test_the_pools_of_metatrading() -> None:
    eight = STRATEGIES[:8]
    labels = DETECTORS["three"].labels
    table = weight_table("three", labels, [s.alpha for s in eight], [s.pools for s in eight])
    trading = {label: [i + 1 for i in np.flatnonzero(row)] for label, row in zip(labels, table, strict=False)}
    assert trading == {"high_volatility": [1, 2, 7, 8], "trending": [3, 4, 7, 8], "ranging": [5, 6, 7, 8]}
    assert set(table[:3].ravel().tolist()) == {0.0, 0.25}
    assert not table[UNKNOWN].any()
    assert not weight_table("three", labels, ["mean_reversion"], [("ranging",)])[labels.index("trending")].any()


@pytest.mark.parametrize(
    ("detector", "labels"),
    [
        *((name, d.labels) for name, d in DETECTORS.items()),
        ("learned", LEARNED_LABELS),
        ("hmm", ("low", "high")),
        ("hmm", ("low", "normal", "high")),
    ],
)
def test_every_source_of_regimes_has_weights(detector: str, labels: tuple[str, ...]) -> None:
    table = weight_table(detector, labels, ALPHAS, POOLS)
    assert (table >= 0.0).all()
    sums = dict(zip(labels, table.sum(axis=1), strict=False))
    assert all(total == pytest.approx(0.0 if label == "crisis" else 1.0) for label, total in sums.items())


def test_a_label_without_weights_is_an_error() -> None:
    with pytest.raises(KeyError, match="sideways"):
        weight_table("seven", ("sideways",), THREE_ALPHAS, [()] * 3)
    with pytest.raises(KeyError, match="astrology"):
        weight_table("seven", ("normal",), ["astrology"], [()])


def test_names_from_the_catalogue_fit() -> None:
    assert strategy_by_name("hf_scalping").pools[0] in DETECTORS["three"].labels
