"""[feed] sources: which there are, what they need, and the one sentence for what can't be."""

from __future__ import annotations

import pytest

from tradebot.app.polygon import polygon_for
from tradebot.core.domain.faults import OperatorFault
from tradebot.settings import load_settings

BOTH = {"TRADEBOT__FEED__SOURCES": '["alpaca", "polygon"]'}


def test_alpaca_alone_is_the_default_and_needs_no_other_key() -> None:
    settings = load_settings("demo", {})
    assert (settings.feed.sources, settings.feed.failover_s, settings.feed.failback_min) == (("alpaca",), 20.0, 10)
    assert (settings.engine.home_feed, settings.engine.price_jump_max) == ("iex", 1.0)
    assert polygon_for(settings, {}) is None


@pytest.mark.parametrize("name", ["POLYGON_API_KEY", "MASSIVE_API_KEY"])
def test_massive_has_a_key_of_its_own_that_never_shows(name: str) -> None:
    settings = load_settings("demo", BOTH)
    host = polygon_for(settings, {name: "canary-key"})
    assert host is not None
    assert host.key.headers() == {"Authorization": "Bearer canary-key"}
    assert "canary" not in repr(host) + repr(settings)
    for bad in ("", "two words", "tschüß"):
        with pytest.raises(OperatorFault, match="POLYGON_API_KEY"):
            polygon_for(settings, {name: bad})


def test_the_home_of_models_is_the_preferred_source() -> None:
    assert load_settings("demo", BOTH).engine.home_feed == "iex"
    assert load_settings("demo", {"TRADEBOT__FEED__SOURCES": '["polygon", "alpaca"]'}).engine.home_feed == "polygon"


@pytest.mark.parametrize(
    ("environment", "words"),
    [
        ({"TRADEBOT__FEED__SOURCES": '["alpaca", "alpaca"]'}, "feed.sources names alpaca twice"),
        ({"TRADEBOT__FEED__SOURCES": '["bloomberg"]'}, "must be 'alpaca' or 'polygon'"),
        ({"TRADEBOT__FEED__SOURCES": "[]"}, "at least 1 item"),
        ({"TRADEBOT__FEED__FAILOVER_S": "1"}, "feed.failover_s = 1 is not possible"),
        ({"TRADEBOT__FEED__FAILBACK_MIN": "0"}, "feed.failback_min = 0 is not possible"),
        ({"TRADEBOT__FEED__PRICE_JUMP_MAX": "-1"}, "feed.price_jump_max = -1 is not possible"),
        ({"TRADEBOT__FEED__POLYGON_URL": "http://example.com"}, "keys are not sent without encryption"),
        (BOTH | {"TRADEBOT__DATA__ADJUSTMENT": "all"}, 'data.adjustment = "all" is not what Massive gives'),
        ({"TRADEBOT__FEED__SOURCE": '["alpaca"]'}, "unknown key feed.source"),
    ],
)
def test_what_cannot_be_is_one_sentence(environment: dict[str, str], words: str) -> None:
    with pytest.raises(OperatorFault) as fault:
        load_settings("demo", environment)
    assert words in str(fault.value)
    assert "\n" not in str(fault.value)
