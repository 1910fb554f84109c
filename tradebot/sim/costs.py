"""What a US equity sale costs: the SEC's section 31 fee and FINRA's trading activity fee (TAF); and what a short position costs a night.

Both fees are charged on sells only, rounded up to the next cent per session, as the brokers pass them on. Defaults are the rates of
October 2013, the sample's own period (17.40 dollars per million sold; TAF 0.000119 dollars a share); a profile states its own time's.
Borrow is charged for each night between two sessions on the value at the close, by the days of a year of 360, as lenders of shares do.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from tradebot.core.domain.units import UNITS_PER_USD

_CENT_UNITS = UNITS_PER_USD // 100
_MILLION = 1_000_000
_BPS_DAYS = 10_000 * 360


@dataclass(frozen=True, slots=True)
class VenueCosts:
    """Rates of the fees on sells: dollars per million dollars sold, and dollars per share sold; and of what is short over a night."""

    sec_fee_usd_per_million: float = 17.40
    taf_usd_per_share: float = 0.000119
    borrow_bps_per_year: float = 0.0

    def session_fee_units(self, sold_units: int, sold_shares: int) -> int:
        """Fees of one session in units, each kind rounded up to a cent.

        Example: a million dollars and 10,000 shares sold at the defaults cost 17.40 + 1.19 dollars:
        `VenueCosts().session_fee_units(1_000_000 * 10_000, 10_000) == 185_900`.
        """
        sec = _exact(self.sec_fee_usd_per_million) * sold_units / _MILLION
        taf = _exact(self.taf_usd_per_share) * sold_shares * UNITS_PER_USD
        return _cents_ceil(sec) + _cents_ceil(taf)

    def borrow_units(self, short_units: int, nights: int) -> int:
        """What borrowing shares worth `short_units` costs over so many nights, rounded up to a cent.

        Example: a million dollars at 36 basis points a year over a weekend: `VenueCosts(borrow_bps_per_year=36).borrow_units(10**10, 3)
        == 300_000`, 30 dollars.
        """
        return _cents_ceil(_exact(self.borrow_bps_per_year) * short_units * nights / _BPS_DAYS)


def _exact(rate: float) -> Fraction:
    """The decimal that a person wrote, not its nearest double."""
    return Fraction(str(rate))


def _cents_ceil(units: Fraction) -> int:
    """Units, rounded up to a whole cent."""
    cents = units / _CENT_UNITS
    return -(-cents.numerator // cents.denominator) * _CENT_UNITS
