"""Fields that the calls about money share: rules, converters, and how they become JSON."""

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final, cast

from attrs import field, frozen

from flexiti_async.api.common import LANGUAGE, Language
from flexiti_async.protocol.secret import Secret
from flexiti_async.protocol.validation import Rule, takes, validated
from flexiti_async.protocol.validators import (
    WRONG_FORMAT,
    Check,
    number_check,
    pattern_check,
    text_check,
)

__all__ = ["amount_in", "given", "id_in", "language_query"]

_AMOUNT: Final = re.compile(r"-?\d{1,40}(\.\d{1,40})?", re.ASCII)
_CODE_AS_NUMBER: Final = re.compile(r"[1-9]\d{0,17}", re.ASCII)


def flag_check(value: object) -> str | None:
    """Accept True and False."""
    return None if isinstance(value, bool) else WRONG_FORMAT


def code_check(value: object) -> str | None:
    """Accept a verification code: a whole number, or a text that is sent as it is."""
    return number_check(18)(value) if isinstance(value, int) else _ANY_TEXT(value)


def a_check(model: type) -> Check:
    """Accept objects of a request model, which has checked itself."""

    def check(value: object) -> str | None:
        return None if isinstance(value, model) else WRONG_FORMAT

    return check


_ANY_TEXT: Final = text_check(10**6)

# The portal gives the external ids no length (spec sections 5.11 to 5.13); the megabyte is for
# mistakes.
EXTERNAL_ID: Final = _ANY_TEXT
"""`external_location_id` and `external_employee_id`."""
WIDGET_SESSION_ID: Final = _ANY_TEXT
WORD: Final = _ANY_TEXT
"""A word of a vocabulary that the portal does not list in full."""
REQUEST_ID: Final = text_check(150)
REFERENCE: Final = Rule(text_check(40))
ACCOUNT: Final = number_check(14)
PLAN_NUMBER: Final = number_check(3)
AUTHORIZATION_ID: Final = Rule(pattern_check(r"\d+", 16), required=True, param="authorizationId")
CAPTURE_ID: Final = pattern_check(r"\d+", 9)


# Converters give `Any`: see `flexiti_async.api.common`.


def to_code(value: int | str | None) -> Any:  # noqa: ANN401 - see above
    """
    Make a number of a verification code, which the API's table calls a number.

    One with a leading zero stays a text: as a number it would be another code (spec section 8,
    row 34).
    """
    if isinstance(value, str):
        value = value.strip()
        return int(value) if _CODE_AS_NUMBER.fullmatch(value) else value
    return value


@validated
@frozen(kw_only=True)
class _Language:
    lang: Language | str = field(metadata=takes(LANGUAGE))


def language_query(lang: Language | str) -> dict[str, str]:
    """Make the query of a language. Raises ValidationError if it is none of the API's."""
    return {"lang": str(_Language(lang=lang).lang)}


def given(**fields: object) -> dict[str, object]:
    """Make a JSON object of the fields that have a value."""
    return {
        name: value
        for name, value in fields.items()
        if value is not None and not (isinstance(value, str | Secret) and not value)
    }


# What the portal implies but does not show is read out of `extra`, and never with an error: when
# such an answer comes the money has moved, and a guess about its form must not hide that.


def id_in(answer: Mapping[str, object], *names: str) -> str | None:
    """Read a number that names something, under the first of some names that has one."""
    for name in names:
        value = answer.get(name)
        if isinstance(value, int) and not isinstance(value, bool):
            return str(value)
        if isinstance(value, str) and value:
            return value
    return None


def amount_in(answer: Mapping[str, object], name: str) -> Decimal | None:
    """Read an amount, which may be quoted."""
    value = answer.get(name)
    if isinstance(value, str) and _AMOUNT.fullmatch(value):
        return Decimal(value)
    if isinstance(value, Decimal | int) and not isinstance(value, bool):
        return Decimal(cast("int", value))
    return None
