"""
Converters: what people, forms, spreadsheets and programs write becomes what the API takes.

A value of a plain type in disguise (an enumeration, a subclass of `str` or `int`, an integer of
numpy) becomes plain. Texts lose the blanks and the invisible characters around them, as copying
leaves them. Separators are removed where people write them, in phone, card and account numbers and
in postal codes, and nowhere else: `12.0` is not 120.

Converters return `Any`: a value that they cannot convert is returned unchanged, for the field's
rule to reject.
"""

import contextlib
import datetime
import enum
import operator
import re
import unicodedata
from collections.abc import Mapping
from decimal import Context, Decimal
from typing import Any, Final, cast

from flexiti_async.api.common import AccountType, AccountTypeWord, Language, LanguageWord, Province
from flexiti_async.protocol.secret import Secret

__all__ = [
    "grouped_digits",
    "language_of_tag",
    "plain",
    "tidy",
    "to_account_number",
    "to_account_type",
    "to_card",
    "to_id",
    "to_iso_date",
    "to_language",
    "to_money",
    "to_number",
    "to_number_text",
    "to_optional_id",
    "to_optional_text",
    "to_province",
    "to_quantity",
    "to_secret",
    "to_text",
    "to_word",
]

_MOST_DIGITS: Final = 20
_AMOUNT: Final = re.compile(r"-?\d{1,40}(\.\d{1,40})?", re.ASCII)
_LONGEST_AMOUNT: Final = 40
_EXACT: Final = Context(prec=60)
"""Exact for every accepted amount; a shop may have changed the context of its thread."""
_DASHES: Final = dict.fromkeys(map(ord, "\u2010\u2011\u2012\u2013\u2014\u2015\u2212\uff0d"), "-")
_GROUPS: Final = re.compile(r"\d(?:[\s().\-]*\d)*\)?", re.ASCII)
_DECIMAL: Final = re.compile(r"\d+\.\d+|.*\.0{1,2}", re.ASCII)
_NOT_A_DIGIT: Final = re.compile(r"\D+", re.ASCII)
_LANGUAGE_TAG: Final = re.compile(r"([a-z]{2})([-_][a-z0-9]{1,8})*", re.ASCII | re.IGNORECASE)


def plain(value: object) -> Any:  # noqa: ANN401 - see above
    """Return the plain text or number that a value is a disguise of; anything else unchanged."""
    if isinstance(value, enum.Enum):
        value = cast("object", value.value)
    if type(value) in {str, int, bool, Secret, Decimal, float} or value is None:
        return value
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, Secret | Decimal | float):
        return value
    try:  # subclasses of int, and the integers of numpy
        return operator.index(cast("int", value))
    except Exception:  # noqa: BLE001 - a foreign object may raise anything
        return value


def to_text(value: str) -> Any:  # noqa: ANN401 - see above
    """Return a text without the blanks and invisible characters around it."""
    if type(value) is not str:
        value = plain(value)
        if type(value) is not str:
            return value
    text = value.strip()
    # An outer ZWSP or direction mark may have further blanks behind it.
    return text if text.isprintable() else _without_marks_around(text)


def _without_marks_around(text: str) -> str:
    first, last = 0, len(text)
    while first < last and _is_blank(text[first]):
        first += 1
    while last > first and _is_blank(text[last - 1]):
        last -= 1
    return text[first:last]


def _is_blank(character: str) -> bool:
    return character.isspace() or unicodedata.category(character) == "Cf"


def to_optional_text(value: str | None) -> Any:  # noqa: ANN401 - see above
    """As `to_text`, for a field that may be None."""
    return None if value is None else to_text(value)


def to_id(value: str | int) -> Any:  # noqa: ANN401 - see above
    """Convert a name that the shop chooses, such as an order number, to text; it may be an int."""
    value = to_text(cast("str", value))
    if type(value) is int and 0 <= value < 10**_MOST_DIGITS:
        return str(value)
    return value


def tidy(text: str) -> str:
    """Return a text with plain blanks and dashes, and without invisible characters."""
    if text.isascii():
        return text.strip()
    visible = (one for one in text if unicodedata.category(one) != "Cf")
    return " ".join("".join(visible).translate(_DASHES).split())


def grouped_digits(text: str) -> str | None:
    """Return the digits of a number in groups; None for anything else, such as `12.0`."""
    if not _GROUPS.fullmatch(text) or _DECIMAL.fullmatch(text):
        return None
    return _NOT_A_DIGIT.sub("", text)


def to_optional_id(value: str | int | None) -> Any:  # noqa: ANN401 - see above
    """As `to_id`, for a field that may be None."""
    return None if value is None else to_id(value)


def to_number(value: int | str | None) -> Any:  # noqa: ANN401 - see above
    """Convert a text of digits to a number."""
    if value is None or type(value) is int:
        return value
    value = to_text(cast("str", value))
    if type(value) is str and value.isascii() and value.isdigit() and len(value) <= _MOST_DIGITS:
        return int(value)
    return value


def to_account_number(value: int | str | None) -> Any:  # noqa: ANN401 - see above
    """Convert an account number to a number: digits, which may be in groups."""
    if value is None or type(value) is int:
        return value
    number = to_number(value)
    return to_number("".join(number.split())) if type(number) is str else number


def to_number_text(value: int | str | None) -> Any:  # noqa: ANN401 - see above
    """
    Convert an identifying number to its text in a URL, leading zeros kept.

    Only blanks are removed: the dash of a `customer_id` stays.
    """
    value = to_id(cast("str", value))
    return "".join(value.split()) if type(value) is str else value


def to_card(value: Secret | int | str | None) -> Any:  # noqa: ANN401 - see above
    """Wrap a card number in a Secret, without the separators that people write."""
    if value is None:
        return None
    if type(value) is str and value.isdigit():
        return Secret(value)
    value = plain(value.reveal() if isinstance(value, Secret) else value)
    if type(value) is int and 0 <= value < 10**_MOST_DIGITS:
        return Secret(str(value))
    if type(value) is not str:
        return value
    text = tidy(value)
    digits = grouped_digits(text)
    return Secret(text if digits is None else digits)


def to_secret(value: Secret | str | None) -> Any:  # noqa: ANN401 - see above
    """Wrap a text in a Secret, unchanged."""
    value = plain(value)
    return Secret(value) if type(value) is str else value


def to_money(value: Decimal | int | str | None) -> Any:  # noqa: ANN401 - see above
    """
    Convert an amount to a Decimal; return a float unchanged, for the rule to reject.

    Up to two decimal places are kept: `300.00` is sent as written.
    """
    value = to_text(cast("str", value))
    if type(value) is int or (type(value) is str and _AMOUNT.fullmatch(value)):
        value = Decimal(value)
    if (
        not isinstance(value, Decimal)
        or not value.is_finite()
        or value.adjusted() > _LONGEST_AMOUNT
    ):
        return value
    exponent = value.as_tuple().exponent
    places = min(max(-cast("int", exponent), 0), 2)
    exact = value.quantize(Decimal(1).scaleb(-places), context=_EXACT)
    return exact if exact == value else value


def to_quantity(value: Decimal | int | str | None) -> Any:  # noqa: ANN401 - see above
    """Convert a quantity to a whole number or a Decimal; `2` and `2.5` may be text."""
    number = to_number(cast("str", value))
    good = type(number) is str and _AMOUNT.fullmatch(number)
    return Decimal(number) if good else number


def to_iso_date(value: str | datetime.date | None) -> Any:  # noqa: ANN401 - see above
    """
    Convert a date to `YYYY-MM-DD`; a text stays text.

    An aware datetime is returned unchanged, for the rule to reject: its day depends on the time
    zone, and midnight UTC, which many databases return for a date, is the day before in Canada.
    """
    if value is None:
        return None
    if not isinstance(value, datetime.date):
        return to_text(value)
    try:
        if getattr(value, "tzinfo", None) is not None:
            return value
        day = value.date() if isinstance(value, datetime.datetime) else value
        return day.isoformat()
    except Exception:  # noqa: BLE001 - such as NaT of pandas, a datetime without a date
        return value


def to_language(value: Language | LanguageWord | None) -> Any:  # noqa: ANN401 - see above
    """Convert a language tag to its language."""
    return value if value is None or type(value) is Language else language_of_tag(value)


def language_of_tag(value: str) -> Any:  # noqa: ANN401 - see above
    """Convert a language tag, such as `fr-CA` or `FR`, to its language, as far as it is a tag."""
    value = to_text(value)
    tag = _LANGUAGE_TAG.fullmatch(value) if type(value) is str else None
    return tag[1].lower() if tag else value


def to_word(kind: type[enum.StrEnum], value: object) -> Any:  # noqa: ANN401 - see above
    """Convert a word of a closed vocabulary: case and outer blanks do not matter."""
    if type(value) is kind:
        return value
    text = to_text(cast("str", value))
    if type(text) is str:
        with contextlib.suppress(ValueError):
            return kind(text.lower())
    return text


def to_account_type(value: AccountType | AccountTypeWord) -> Any:  # noqa: ANN401 - see above
    """Convert to an `AccountType`."""
    return value if type(value) is AccountType else to_word(AccountType, value)


def to_province(value: Province | str | None) -> Any:  # noqa: ANN401 - see above
    """
    Convert a province to its code.

    Accepted are the code, in ISO 3166-2 (`CA-ON`) as well, the name in English and in French, and
    codes of former times such as `PQ`.
    """
    if value is None or (type(value) is str and value in _CODES):
        return value
    value = to_text(value)
    if type(value) is not str:
        return value
    code = value.upper()
    if code in _CODES:
        return code
    return _PROVINCES.get(_folded(value), code)


def _folded(name: str) -> str:
    """Return the letters of a name, without case, accents, dashes and blanks."""
    letters = unicodedata.normalize("NFKD", name[:100]).casefold()
    return "".join(one for one in letters if one.isascii() and one.isalnum())


_CODES: Final = frozenset(province.value for province in Province)
_NAMES: Final[Mapping[Province, str]] = {
    Province.ALBERTA: "Alberta",
    Province.BRITISH_COLUMBIA: "British Columbia, Colombie-Britannique",
    Province.MANITOBA: "Manitoba",
    Province.NEW_BRUNSWICK: "New Brunswick, Nouveau-Brunswick",
    Province.NEWFOUNDLAND_AND_LABRADOR: "Newfoundland and Labrador, Newfoundland & Labrador, "
    "Newfoundland, Terre-Neuve-et-Labrador, Terre-Neuve, NF",
    Province.NOVA_SCOTIA: "Nova Scotia, Nouvelle-Écosse",
    Province.NORTHWEST_TERRITORIES: "Northwest Territories, Territoires du Nord-Ouest, NWT",
    Province.NUNAVUT: "Nunavut",
    Province.ONTARIO: "Ontario",
    Province.PRINCE_EDWARD_ISLAND: "Prince Edward Island, Île-du-Prince-Édouard, PEI",
    Province.QUEBEC: "Québec, PQ",
    Province.SASKATCHEWAN: "Saskatchewan",
    Province.YUKON: "Yukon, Yukon Territory, Territoire du Yukon",
}
_PROVINCES: Final = {
    _folded(name): province.value
    for province, names in _NAMES.items()
    for name in (*names.split(","), province.value, f"CA-{province}")
}
