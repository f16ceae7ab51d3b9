"""Reads the fields of a body or a query one by one, and reports all field errors together."""

import re
from collections.abc import Mapping
from datetime import date
from decimal import Decimal

from attrs import define, field

from flexiti_async.sandbox.settings import Settings
from flexiti_async.sandbox.state.money import ZERO, read_amount
from flexiti_async.sandbox.validation.request import json_object, reference_id_errors
from flexiti_async.sandbox.wire.assumptions import EVERY, invents
from flexiti_async.sandbox.wire.errors import (
    INVALID,
    LENGTH,
    REQUIRED,
    WRONG_FORMAT,
    FieldError,
    wrong_inputs,
)
from flexiti_async.sandbox.wire.request import Incoming, Json

__all__ = ["Fields", "of_body", "of_query"]

_EMPTY = (None, "")
_LANGUAGES = ("en", "fr")


@define(eq=False)
class Fields:
    """
    The fields of one request. Dots in names mean nesting.

    A getter returns the value, or an empty one ("" or 0) if the field is missing or invalid. The
    field errors are collected, and `check` refuses the request with all of them.

    Attributes:
        lang: The language of the query, `en` if it names none (spec section 1.4).
    """

    _settings: Settings
    _values: Mapping[str, Json] = field(repr=False)
    _errors: list[FieldError] = field(factory=list[FieldError], repr=False)
    lang: str = "en"
    _known: set[str] = field(factory=set[str])

    def __contains__(self, name: str) -> bool:
        """Whether a field was sent and is not empty."""
        return self._get(name) not in _EMPTY

    def text(self, name: str, most: int, *, required: bool = False) -> str:
        """Read an ASCII(n)."""
        value = self._read(name, required=required)
        if value in _EMPTY:
            return ""
        if not isinstance(value, str) or (self._settings.ascii_only and not value.isascii()):
            return self.refuse(name, WRONG_FORMAT)
        return value if len(value) <= most else self.refuse(name, LENGTH)

    def number(self, name: str, most: int, *, required: bool = False) -> int:
        """Read a positive whole number of n digits, quoted or not (spec section 8, row 33)."""
        value = self._read(name, required=required)
        if value in _EMPTY:
            return 0
        if isinstance(value, str) and re.fullmatch(r"[0-9]{1,100}", value):
            value = int(value)
        if not isinstance(value, int) or isinstance(value, bool):
            self.refuse(name, WRONG_FORMAT)
        elif value < 1:
            self.refuse(name, INVALID)
        elif value >= 10**most:
            self.refuse(name, LENGTH)
        else:
            return value
        return 0

    def money(self, name: str = "amount", *, required: bool = False) -> Decimal:
        """Read a number(18,2) above zero, quoted or not."""
        value = self._read(name, required=required)
        if value in _EMPTY:
            return ZERO
        amount = read_amount(value)
        if isinstance(amount, Decimal):
            return amount
        self.refuse(name, amount)
        return ZERO

    def flag(self, name: str, *, required: bool = False) -> bool:
        """Read a boolean."""
        value = self._read(name, required=required)
        if not isinstance(value, bool) and value not in _EMPTY:
            self.refuse(name, WRONG_FORMAT)
        return value is True

    def choice(self, name: str, *values: str, required: bool = False) -> str:
        """Read a word from a list."""
        value = self._read(name, required=required)
        if value in _EMPTY:
            return ""
        if not isinstance(value, str):
            return self.refuse(name, WRONG_FORMAT)
        return value if value in values else self.refuse(name, INVALID)

    def day(self, name: str, *, required: bool = False) -> str:
        """Read a date, `YYYY-MM-DD`."""
        text = self.text(name, 10, required=required)
        if text and not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
            return self.refuse(name, WRONG_FORMAT)
        try:
            return text and date.fromisoformat(text).isoformat()
        except ValueError:
            return self.refuse(name, INVALID)

    def code(self, name: str = "verification_code", *, required: bool = False) -> str:
        """Read a verification code, a number or digits in quotes (spec section 8, row 34)."""
        number = self.number(name, 8, required=required)
        return str(number) if number else ""

    def skip(self, *names: str) -> None:
        """Accept fields without validating them, such as `sku_data` (spec section 5.14)."""
        self._known.update(names)

    def skip_all(self) -> None:
        """Accept every field: the format of the body is unknown."""
        self.skip(*self._values)

    def require(self, name: str) -> None:
        """Add a field error if a conditionally required field is missing."""
        if name not in self:
            self.refuse(name, REQUIRED)

    def refuse(self, name: str, msg: str) -> str:
        """Add a field error, and return the empty text."""
        value = self._get(name)
        if not any(error.param == name for error in self._errors):
            self._errors.append(FieldError(name, msg, value))
        return ""

    def check(self) -> None:
        """
        Finish: refuse the request if there are field errors.

        Raises:
            RefusalError: 409 `wrong_inputs`, with all field errors.
        """
        if not self._settings.allow_unknown_fields:
            self._errors += [
                FieldError(name, INVALID, value)
                for name, value in _flat(self._values, self._known)
                if name not in self._known
            ]
        if self._errors:
            raise wrong_inputs(self._errors)

    def _read(self, name: str, *, required: bool) -> Json:
        self._known.add(name)
        value = self._get(name)
        if value in _EMPTY and required:
            self.refuse(name, REQUIRED)
        return value

    def _get(self, name: str) -> Json:
        value: Json | Mapping[str, Json] = self._values
        for step in name.split("."):
            value = value.get(step) if isinstance(value, Mapping) else None
        return value if not isinstance(value, Mapping) else dict(value)


@invents(
    EVERY,
    "A field or a query parameter that the specification does not name is `wrong_inputs`.",
    spec="1.6",
    setting="allow_unknown_fields",
)
@invents(
    EVERY,
    "ASCII(n) means at most n characters, also accented ones.",
    spec="4.1",
    setting="ascii_only",
)
def of_body(incoming: Incoming, settings: Settings, *, optional: bool = False) -> Fields:
    """Return the fields of a JSON body, which is optional for some endpoints."""
    values, errors = ({}, []) if optional and not incoming.body else json_object(incoming)
    query = _query_errors(incoming, settings)
    return Fields(
        settings, values, [*reference_id_errors(incoming), *query, *errors], _lang(incoming)
    )


def of_query(incoming: Incoming, settings: Settings) -> Fields:
    """Return the fields of a query."""
    values: dict[str, Json] = {name: value for name, value in incoming.query if name != "lang"}
    return Fields(
        settings,
        values,
        [*reference_id_errors(incoming), *_lang_errors(incoming)],
        _lang(incoming),
    )


def _flat(values: Mapping[str, Json], known: set[str], prefix: str = "") -> list[tuple[str, Json]]:
    """Return every value with its dotted name; an object without known members is one value."""
    flat: list[tuple[str, Json]] = []
    for name, value in values.items():
        inside = f"{prefix}{name}."
        if isinstance(value, dict) and any(each.startswith(inside) for each in known):
            flat += _flat(value, known, inside)
        else:
            flat.append((prefix + name, value))
    return flat


def _lang(incoming: Incoming) -> str:
    return next((value for name, value in incoming.query if name == "lang"), _LANGUAGES[0])


def _lang_errors(incoming: Incoming) -> list[FieldError]:
    return [
        FieldError(name, INVALID, value)
        for name, value in incoming.query
        if name == "lang" and value not in _LANGUAGES
    ]


def _query_errors(incoming: Incoming, settings: Settings) -> list[FieldError]:
    """Check the query of a request whose fields are in its body: only a language is allowed."""
    errors = _lang_errors(incoming)
    if not settings.allow_unknown_fields:
        errors += [
            FieldError(name, INVALID, value) for name, value in incoming.query if name != "lang"
        ]
    return errors
