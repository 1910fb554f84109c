"""Which Alpaca, with which keys: the profile's, or the one that the command line names."""

from __future__ import annotations

from collections.abc import Mapping

from tradebot.settings import Settings, load_credentials, load_settings, read_environment
from tradebot.shell.broker.endpoints import Credentials, endpoints
from tradebot.shell.feeds.history import AlpacaData


def settings_and_keys(profile: str, alpaca_url: str, environment: Mapping[str, str] | None = None) -> tuple[Settings, Credentials]:
    """The profile, its broker's address replaced by `alpaca_url` unless that is empty, and the keys of the environment."""
    known = read_environment() if environment is None else dict(environment)
    if alpaca_url:
        known["TRADEBOT__BROKER__URL"] = alpaca_url
    settings, keys = load_settings(profile, known), load_credentials(known)
    return settings, Credentials(keys.key.reveal(), keys.secret.reveal())


def alpaca_data(settings: Settings, keys: Credentials) -> AlpacaData:
    """Where and with what keys history is asked for."""
    origin = endpoints(settings.broker.url).data_url
    return AlpacaData(key=keys.key_id, secret=keys.secret, origin=origin, feed="sip" if settings.data.feed == "sip" else "iex")
