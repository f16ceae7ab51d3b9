"""Arguments whose type no model checks: callers without a type checker may pass anything."""

import contextlib
import enum
from collections.abc import Iterator, Mapping
from typing import Final, TypeVar, cast

from flexiti_async.errors import FieldError, ValidationError
from flexiti_async.protocol.json_codec import encode
from flexiti_async.protocol.validators import INVALID, REQUIRED, WRONG_FORMAT, is_visible

__all__ = ["json_body", "query_of", "word", "wrong_type"]

E = TypeVar("E", bound=enum.StrEnum)

_QUERY: Final = "must be a mapping of texts to texts, without control or invisible characters"
_BODY: Final = (
    "must be a mapping of JSON values: texts, whole numbers, Decimal, lists and mappings of them"
)


def wrong_type(param: str, value: object, *kinds: type) -> ValidationError | None:
    """
    Return the error if an argument is of none of some types.

    It is returned, so that a caller can first delete its arguments from a frame that the error's
    traceback will hold.
    """
    if isinstance(value, kinds):
        return None
    names = " or ".join(kind.__name__ for kind in kinds)
    return _error(param, value, f"must be an object of type {names}")


def word(kind: type[E], param: str, value: object) -> E:
    """
    Return the member of a vocabulary that a text names.

    Raises:
        ValidationError: It is no text, or names none.
    """
    if isinstance(value, kind):
        return value
    # A text first: equality with a foreign object may raise.
    if isinstance(value, str):
        with contextlib.suppress(ValueError):
            return kind(value)
    error = _error(param, value, f"must be one of {', '.join(kind)}", unknown=INVALID)
    del value
    raise error


def query_of(param: str, query: object) -> dict[str, str]:
    """
    Return further query parameters as a dict; None is none.

    Raises:
        ValidationError: Not a mapping of visible texts to visible texts.
    """
    given: dict[object, object] = {}
    try:
        given.update(cast("Mapping[object, object]", query or {}))
        if all(isinstance(text, str) and is_visible(text) for text in _texts_of(given)):
            return cast("dict[str, str]", given)
    except Exception:  # noqa: BLE001, S110 - a foreign mapping may raise anything
        pass
    error = _error(param, query, _QUERY)
    del query, given
    raise error


def _texts_of(given: Mapping[object, object]) -> Iterator[object]:
    for name, value in given.items():
        yield name
        yield value


def json_body(param: str, body: object) -> Mapping[str, object]:
    """
    Return a body that callers compose, if it can be sent.

    Raises:
        ValidationError: Not a mapping, or it has a value that is not JSON.
    """
    given = cast("Mapping[str, object]", body)
    try:
        if isinstance(given, Mapping):  # pyright: ignore[reportUnnecessaryIsInstance]
            encode(given)
            return given
    except Exception:  # noqa: BLE001, S110 - values of any type
        pass
    error = _error(param, given, _BODY)
    del body, given
    raise error


def _error(param: str, value: object, rule: str, *, unknown: str = WRONG_FORMAT) -> ValidationError:
    if value is None:
        return ValidationError(field_errors=[FieldError(param, REQUIRED, None, rule)])
    problem = unknown if isinstance(value, str) else WRONG_FORMAT
    return ValidationError(field_errors=[FieldError(param, problem, type(value).__name__, rule)])
