"""
What is particular to Canada: postal codes, phone numbers, and who is of age.

The rules are those of Canada Post, of the North American numbering plan and of the provinces; the
API's own tables give lengths only (spec sections 4.1 and 5.6).
"""

import datetime
import re
from collections.abc import Mapping
from typing import Any, Final

from flexiti_async.api.common import Province, to_digits
from flexiti_async.protocol.validators import (
    INVALID,
    LENGTH,
    WRONG_FORMAT,
    date_check,
    number_check,
)

__all__ = ["AGE_OF_MAJORITY", "is_of_age"]

AGE_OF_MAJORITY: Final[Mapping[Province, int]] = {
    Province.ALBERTA: 18,
    Province.BRITISH_COLUMBIA: 19,
    Province.MANITOBA: 18,
    Province.NEW_BRUNSWICK: 19,
    Province.NEWFOUNDLAND_AND_LABRADOR: 19,
    Province.NOVA_SCOTIA: 19,
    Province.NORTHWEST_TERRITORIES: 19,
    Province.NUNAVUT: 19,
    Province.ONTARIO: 18,
    Province.PRINCE_EDWARD_ISLAND: 18,
    Province.QUEBEC: 18,
    Province.SASKATCHEWAN: 18,
    Province.YUKON: 19,
}
"""Years at which a person is of age, by province and territory."""

_FIRST_YEAR: Final = "1900"
_GAPS: Final = re.compile(r"[\s\-]+")
_POSTAL_CODE: Final = re.compile(r"[a-zA-Z]\d[a-zA-Z]\d[a-zA-Z]\d", re.ASCII)
_NEVER: Final = frozenset("DFIOQU")
_NEVER_FIRST: Final = frozenset("WZ")

PHONE_NUMBER: Final = number_check(10, exact=True)


def is_of_age(dob: datetime.date, province: Province, on: datetime.date) -> bool:
    """
    Tell whether a person is of age in a province on a day.

    Somebody who was born on 29 February comes of age on 1 March in years without that day.
    """
    years = on.year - dob.year - ((on.month, on.day) < (dob.month, dob.day))
    return years >= AGE_OF_MAJORITY[province]


def birth_date_check(value: object) -> str | None:
    """Accept a real date written `YYYY-MM-DD`, from 1900 on. It knows no clock."""
    fault = date_check(value)
    if fault is None and str(value) < _FIRST_YEAR:
        return INVALID
    return fault


def postal_code_check(value: object) -> str | None:
    """
    Accept a Canadian postal code of six characters, in letters of either case.

    D, F, I, O, Q and U are in no code, and none begins with W or Z.
    """
    if not isinstance(value, str):
        return WRONG_FORMAT
    if len(value) != 6:
        return LENGTH
    if not _POSTAL_CODE.fullmatch(value):
        return WRONG_FORMAT
    letters = value.upper()[::2]
    return INVALID if _NEVER & set(letters) or letters[0] in _NEVER_FIRST else None


# Converters give `Any`: see `flexiti_async.api.common`.


def to_compact(value: str | None) -> Any:  # noqa: ANN401 - see above
    """
    Write a postal code without the space in its middle, in the case in which it came.

    widget/init takes it in lower case (spec section 4.1), and apply wants the same again.
    """
    return _GAPS.sub("", value) if isinstance(value, str) else value


def to_postal_code(value: str | None) -> Any:  # noqa: ANN401 - see above
    """Write a postal code as Canada Post does but without the space: `K1A0B1`."""
    compact = to_compact(value)
    return compact.upper() if isinstance(compact, str) else compact


def to_phone(value: int | str) -> Any:  # noqa: ANN401 - see above
    """Make a number of a phone number as people write it: `(613) 555-0100`, `+1 613 555 0100`."""
    if isinstance(value, str):
        value = value.strip().removeprefix("+1")
    digits = to_digits(value)
    if isinstance(digits, int) and 10**10 <= digits < 2 * 10**10:
        return digits - 10**10  # a leading 1 is the country code; no area code starts with 1
    return digits
