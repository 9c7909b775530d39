"""Money: whole micro-dollars in the database, `Decimal` in Python, a decimal string with six places in JSON."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

MICRO = Decimal(1_000_000)


def to_micro(usd: Decimal) -> int:
    """Dollars to whole micro-dollars, rounded half up.

    >>> to_micro(Decimal("0.1"))
    100000
    """
    return int((usd * MICRO).to_integral_value(rounding=ROUND_HALF_UP))


def from_micro(micro: int) -> Decimal:
    """Micro-dollars to dollars, exactly."""
    return Decimal(int(micro)) / MICRO


def usd_text(micro: int) -> str:
    """Micro-dollars as the JSON contract writes them.

    >>> usd_text(1234567), usd_text(0)
    ('1.234567', '0.000000')
    """
    return f"{from_micro(micro):.6f}"
