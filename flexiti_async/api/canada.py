"""
Canadian rules: postal codes, phone numbers and the age of majority.

They are the rules of Canada Post, the North American Numbering Plan and the provinces; the API's
tables have lengths only (spec sections 4.1 and 5.6).
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
    Check,
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
"""Age of majority in years, by province and territory."""

_FIRST_YEAR: Final = "1900"
_GAPS: Final = re.compile(r"[\s\-]+")
_POSTAL_CODE: Final = re.compile(r"[a-zA-Z]\d[a-zA-Z]\d[a-zA-Z]\d", re.ASCII)
_NEVER: Final = frozenset("DFIOQU")
_NEVER_FIRST: Final = frozenset("WZ")

PHONE_NUMBER: Final = number_check(10, exact=True, example="6135550100")


def is_of_age(dob: datetime.date, province: Province, on: datetime.date) -> bool:
    """
    Whether a person is of age in a province on a day.

    A person born on 29 February comes of age on 1 March in years without that day.
    """
    years = on.year - dob.year - ((on.month, on.day) < (dob.month, dob.day))
    return years >= AGE_OF_MAJORITY[province]


def _birth_date_problem(value: object) -> str | None:
    problem = date_check.problem(value)
    if problem is None and str(value) < _FIRST_YEAR:
        return INVALID
    return problem


birth_date_check: Final = Check(_birth_date_problem, f"{date_check.rule}, not before 1900")
"""Accepts a real date in the form `YYYY-MM-DD`, from 1900. It reads no clock."""


def _postal_code_problem(value: object) -> str | None:
    if not isinstance(value, str):
        return WRONG_FORMAT
    if len(value) != 6:
        return LENGTH
    if not _POSTAL_CODE.fullmatch(value):
        return WRONG_FORMAT
    letters = value.upper()[::2]
    return INVALID if _NEVER & set(letters) or letters[0] in _NEVER_FIRST else None


postal_code_check: Final = Check(
    _postal_code_problem, "must be a Canadian postal code, such as K1A 0B1"
)
"""
Accepts a Canadian postal code of six characters, in either case.

No code has the letters D, F, I, O, Q or U, and none starts with W or Z.
"""


# Converters return `Any`: see `flexiti_async.api.common`.


def to_compact(value: str | None) -> Any:  # noqa: ANN401 - see above
    """
    Return a postal code without its space, in the case that was given.

    widget/init accepts lower case (spec section 4.1), and apply requires the same text again.
    """
    return _GAPS.sub("", value) if isinstance(value, str) else value


def to_postal_code(value: str | None) -> Any:  # noqa: ANN401 - see above
    """Return a postal code in capitals and without its space: `K1A0B1`."""
    compact = to_compact(value)
    return compact.upper() if isinstance(compact, str) else compact


def to_phone(value: int | str) -> Any:  # noqa: ANN401 - see above
    """Convert a phone number as people write it: `(613) 555-0100`, `+1 613 555 0100`."""
    if isinstance(value, str):
        value = value.strip().removeprefix("+1")
    digits = to_digits(value)
    if isinstance(digits, int) and 10**10 <= digits < 2 * 10**10:
        return digits - 10**10  # a leading 1 is the country code: no area code starts with 1
    return digits
