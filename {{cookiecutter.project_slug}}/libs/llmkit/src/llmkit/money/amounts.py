"""Money as it is stored: whole trillionths of a dollar, so that sums are exact on every database and in Redis.

A price of $0.000001 per million tokens is one unit per token: no listed price is finer than that.
"""

from decimal import ROUND_HALF_EVEN, ROUND_UP, Decimal

from sqlalchemy import BigInteger
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator

DIGITS = 12
MAX_USD = Decimal(1_000_000)
"""The largest limit that may be set; twice as much still fits into 64 bits."""


def to_units(usd: Decimal, *, up: bool = False) -> int:
    """Return the amount in units, rounded to the nearest one, or up."""
    return int(usd.scaleb(DIGITS).to_integral_value(ROUND_UP if up else ROUND_HALF_EVEN))


def from_units(units: int | Decimal) -> Decimal:
    """Return the amount in dollars."""
    return Decimal(units).scaleb(-DIGITS)


class Usd(TypeDecorator[Decimal]):
    """A column of dollars."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> int | None:  # noqa: ARG002 - its signature
        """Store units."""
        return None if value is None else to_units(value)

    def process_result_value(self, value: int | Decimal | None, dialect: Dialect) -> Decimal | None:  # noqa: ARG002
        """Read dollars; PostgreSQL gives sums as decimals."""
        return None if value is None else from_units(value)
