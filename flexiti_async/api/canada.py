"""
Canadian rules: postal codes, phone numbers, birth years and the age of majority.

They are the rules of Canada Post, the North American Numbering Plan and the provinces; the API's
tables have lengths only (spec sections 4.1 and 5.6). `LocalRules` switches off those that may
refuse a customer whom Flexiti would accept.
"""

import datetime
import enum
import re
from collections.abc import Mapping
from typing import Any, Final, Literal

from flexiti_async.api.common import Province
from flexiti_async.api.converters import grouped_digits, plain, tidy
from flexiti_async.errors import FieldError
from flexiti_async.protocol.redact import mask
from flexiti_async.protocol.validators import (
    INVALID,
    LENGTH,
    NOT_OF_AGE,
    WRONG_FORMAT,
    Check,
    number_check,
)

__all__ = ["AGE_OF_MAJORITY", "LocalRules", "LocalRulesWord", "is_of_age"]


class LocalRules(enum.StrEnum):
    """Whether rules are checked that no page of the API has."""

    STRICT = "strict"
    """Postal codes as Canada Post has them, births from 1900, applicants of age."""
    OFF = "off"
    """The rules of the API's own tables only."""


LocalRulesWord = Literal["strict", "off"]
"""`LocalRules` as text."""


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
_OFF: Final = "; local_rules='off' leaves it to the server"
_GAPS: Final = re.compile(r"[\s\-]+")
_POSTAL_CODE: Final = re.compile(r"[a-zA-Z]\d[a-zA-Z]\d[a-zA-Z]\d", re.ASCII)
# No code has the letters D, F, I, O, Q or U, and none starts with W or Z.
_POSSIBLE: Final = re.compile(
    r"(?i:(?![dfioquwz])[a-z]\d(?![dfioqu])[a-z]\d(?![dfioqu])[a-z]\d)", re.ASCII
)

PHONE_NUMBER: Final = number_check(
    10, exact=True, example="6135550100", note="; extensions are not possible"
)
_MOST_DIGITS: Final = 20


def is_of_age(dob: datetime.date, province: Province, on: datetime.date) -> bool:
    """
    Whether a person is of age in a province on a day.

    A person born on 29 February comes of age on 1 March in years without that day.
    """
    years = on.year - dob.year - ((on.month, on.day) < (dob.month, dob.day))
    return years >= AGE_OF_MAJORITY[province]


def _postal_code_problem(value: object) -> str | None:
    if not isinstance(value, str):
        return WRONG_FORMAT
    if _POSSIBLE.fullmatch(value):
        return None
    if len(value) != 6:
        return LENGTH
    if not _POSTAL_CODE.fullmatch(value):
        return WRONG_FORMAT
    return INVALID


postal_code_check: Final = Check(
    _postal_code_problem, "must be a Canadian postal code, such as K1A 0B1"
)
"""Accepts a Canadian postal code of six characters, in either case."""


def local_errors(
    prefix: str,
    *,
    dob: datetime.date | str | None,
    postal_code: str | None,
    province: Province | str | None = None,
    today: datetime.date | None = None,
) -> list[FieldError]:
    """
    Return the errors of a person by `LocalRules.STRICT`, beyond those of the API's own rules.

    Args:
        prefix: Goes before the names of the fields.
        dob: Valid by the API's own rule, or missing.
        postal_code: As `dob`.
        province: Of an applicant, who has to be of age in it.
        today: The date for that.
    """
    errors: list[FieldError] = []
    if dob:
        if str(dob) < _FIRST_YEAR:
            hint = f"must not be before {_FIRST_YEAR}, such as 1988-07-24{_OFF}"
            errors.append(FieldError(f"{prefix}dob", INVALID, mask(dob), hint))
        elif today is not None:
            born, where = datetime.date.fromisoformat(str(dob)), Province(str(province))
            if not is_of_age(born, where, today):
                hint = f"must be of age: {AGE_OF_MAJORITY[where]} in {where}{_OFF}"
                errors.append(FieldError(f"{prefix}dob", NOT_OF_AGE, mask(dob), hint))
    msg = postal_code_check.problem(postal_code) if postal_code else None
    if msg is not None:
        hint = postal_code_check.rule + _OFF
        errors.append(FieldError(f"{prefix}postal_code", msg, mask(postal_code), hint))
    return errors


# Converters return `Any`: see `flexiti_async.api.converters`.


def to_compact(value: str | None) -> Any:  # noqa: ANN401 - see above
    """
    Return a postal code without its space, in the case that was given.

    widget/init accepts lower case (spec section 4.1), and apply requires the same text again.
    """
    if type(value) is str and value.isalnum():  # without a space already
        return value
    text = plain(value)
    return _GAPS.sub("", tidy(text)) if type(text) is str else text


def to_postal_code(value: str | None) -> Any:  # noqa: ANN401 - see above
    """Return a postal code in capitals and without its space: `K1A0B1`."""
    compact = to_compact(value)
    return compact.upper() if isinstance(compact, str) else compact


def to_phone(value: int | str) -> Any:  # noqa: ANN401 - see above
    """
    Convert a phone number as people write it: `(613) 555-0100`, `+1 613 555 0100`, `tel:…`.

    Only a text has a country code: a number of eleven digits has one digit too many. A text with an
    extension is returned unchanged, because none can be sent.
    """
    if type(value) is int:
        return value
    text = plain(value)
    if type(text) is not str:
        return text
    text = tidy(text)
    if text[:4].lower() == "tel:":
        text = text[4:].lstrip()
    digits = grouped_digits(text.removeprefix("+").lstrip(" ("))
    if digits is None or len(digits) > _MOST_DIGITS:
        return text
    if len(digits) == 11 and digits[0] == "1":  # the country code: no area code starts with 1
        return int(digits[1:])
    return text if text.startswith("+") else int(digits)


def to_optional_phone(value: int | str | None) -> Any:  # noqa: ANN401 - see above
    """As `to_phone`, for a field that may be None."""
    return None if value is None else to_phone(value)
