"""Fields that the payment calls share: rules, converters and their JSON."""

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final, cast

from attrs import field, frozen

from flexiti_async.api.common import LANGUAGE, Language, LanguageWord
from flexiti_async.api.converters import to_language, to_text
from flexiti_async.protocol.secret import Secret
from flexiti_async.protocol.validation import Rule, takes, validated
from flexiti_async.protocol.validators import (
    WRONG_FORMAT,
    Check,
    digits_check,
    number_check,
    text_check,
)

__all__ = ["amount_in", "given", "id_in", "language_query"]

_AMOUNT: Final = re.compile(r"-?\d{1,40}(\.\d{1,40})?", re.ASCII)
_WHOLE: Final = re.compile(r"\d{1,40}\.0", re.ASCII)
_NESTS: Final = ("authorization", "capture", "data", "result")
"""Objects that may hold the fields of an answer, whose form is UNKNOWN (an inference)."""
_CODE_AS_NUMBER: Final = re.compile(r"[1-9]\d{0,17}", re.ASCII)


# The portal has no length for the external ids (spec sections 5.11 to 5.13); a million characters
# is a mistake.
_LONGEST: Final = 10**6
_CODE: Final = number_check(18)
_CODE_TEXT: Final = text_check(_LONGEST)


def _code_problem(value: object) -> str | None:
    return _CODE.problem(value) if isinstance(value, int) else _CODE_TEXT.problem(value)


code_check: Final = Check(
    _code_problem, "must be a number of up to 18 digits, or text, such as 1234"
)
"""Accepts a verification code: a whole number, or text that is sent unchanged."""


def instance_check(model: type) -> Check:
    """Accept objects of a request model, which has checked itself."""

    def problem(value: object) -> str | None:
        return None if isinstance(value, model) else WRONG_FORMAT

    return Check(problem, f"must be an object of type {model.__name__}")


EXTERNAL_ID: Final = text_check(_LONGEST, "store-1")
"""`external_location_id` and `external_employee_id`."""
WIDGET_SESSION_ID: Final = text_check(_LONGEST, "00000000-0000-4000-8000-000000000000")
WORD: Final = text_check(_LONGEST, "opened")
"""A word from a vocabulary that the portal does not list in full."""
REQUEST_ID: Final = text_check(150, "till-7-receipt-1")
REFERENCE: Final = Rule(text_check(40, "order-9"))
ACCOUNT: Final = number_check(14, example="20009100")
PLAN_NUMBER: Final = number_check(3, example="101")
TERM: Final = number_check(3, example="12")
AUTHORIZATION_ID: Final = Rule(digits_check(16, "12343"), required=True, param="authorizationId")
CAPTURE_ID: Final = digits_check(9, "12343")
ONE_IDENTIFIER: Final = (
    "one of the three identifies the customer: account_number, vcc_number or customer_id, "
    "such as account_number=20009100"
)


# Converters return `Any`: see `flexiti_async.api.converters`.


def to_code(value: int | str | None) -> Any:  # noqa: ANN401 - see above
    """
    Convert a verification code to a number, as the API's table has it.

    A code with a leading zero stays text: as a number it would be another code (spec section 8,
    row 34).
    """
    code = to_text(cast("str", value))
    return int(code) if isinstance(code, str) and _CODE_AS_NUMBER.fullmatch(code) else code


@validated
@frozen(kw_only=True, slots=False)
class _Language:
    lang: Language | LanguageWord = field(converter=to_language, metadata=takes(LANGUAGE))


def language_query(lang: Language | LanguageWord) -> dict[str, str]:
    """Return the query parameter of a language. Raises ValidationError for an unknown one."""
    return {"lang": str(_Language(lang=lang).lang)}


def given(**fields: object) -> dict[str, object]:
    """Build a JSON object of the fields that have a value."""
    return {
        name: value
        for name, value in fields.items()
        if value is not None and not (isinstance(value, str | Secret) and not value)
    }


# Fields that the portal implies but does not show are read from `extra`, and never raise: when such
# an answer arrives the money has moved, and a guess about its form must not hide that.


def id_in(answer: Mapping[str, object], *names: str) -> str | None:
    """
    Read an identifying number, from the first of some fields that has one.

    A whole number may be written `12.0`, and the fields may be in a nested object.
    """
    for name in names:
        value = answer.get(name)
        if isinstance(value, int) and not isinstance(value, bool):
            return str(value)
        if isinstance(value, Decimal) and _is_whole(value):
            return str(int(value))
        if isinstance(value, str) and value:
            return value.removesuffix(".0") if _WHOLE.fullmatch(value) else value
    for name in _NESTS:
        inner = answer.get(name)
        if isinstance(inner, Mapping):
            return id_in(cast("Mapping[str, object]", inner), *names)
    return None


def _is_whole(value: Decimal) -> bool:
    bounded = value.is_finite() and abs(value.adjusted()) < 40
    return bounded and value == value.to_integral_value()


def amount_in(answer: Mapping[str, object], name: str) -> Decimal | None:
    """Read an amount, possibly quoted."""
    value = answer.get(name)
    if isinstance(value, str) and _AMOUNT.fullmatch(value):
        return Decimal(value)
    if isinstance(value, Decimal | int) and not isinstance(value, bool):
        return Decimal(cast("int", value))
    return None
