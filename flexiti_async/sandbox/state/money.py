"""Amounts in dollars: exact, two decimal places, number(18,2) of the spec."""

import re
from decimal import ROUND_HALF_UP, Decimal

from flexiti_async.sandbox.wire.errors import INVALID, LENGTH, WRONG_FORMAT
from flexiti_async.sandbox.wire.request import Json

__all__ = ["ZERO", "cents", "read_amount"]

ZERO = Decimal("0.00")
"""Zero dollars."""

_CENT = Decimal("0.01")
_MOST = Decimal(10) ** 16  # number(18,2): sixteen digits before the point
_QUOTED = re.compile(r"-?[0-9]{1,30}(\.[0-9]{1,30})?")


def cents(amount: Decimal) -> Decimal:
    """Round to a cent, half a cent upwards."""
    return amount.quantize(_CENT, ROUND_HALF_UP)


def read_amount(value: Json) -> Decimal | str:
    """
    Read an amount, quoted or not (the samples have both; spec section 8, row 33).

    Returns:
        The amount, above zero and with two decimal places; or the `msg` of its field error.
    """
    if isinstance(value, str) and not _QUOTED.fullmatch(value):
        return WRONG_FORMAT
    if isinstance(value, bool) or not isinstance(value, (int, Decimal, str)):
        return WRONG_FORMAT
    amount = Decimal(value)
    if amount <= 0:
        return INVALID
    if amount >= _MOST:
        return LENGTH
    exact = cents(amount)
    return exact if exact == amount else WRONG_FORMAT
