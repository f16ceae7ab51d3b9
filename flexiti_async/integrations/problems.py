"""
Errors of this library as problem details (RFC 9457) for the shop's own front end.

```python
from flexiti_async import FlexitiError, FlexitiSession
from flexiti_async.integrations.problems import Problem, language_of, problem_of


async def pay(flexiti: FlexitiSession, accept_language: str | None) -> Problem | None:
    try:
        await flexiti.checkout("order-9")
    except FlexitiError as error:  # answer with its status, headers and json()
        return problem_of(error, language_of(accept_language))
    return None
```

A problem says what the customer can do, in English or French. It contains no text of an error, no
endpoint, no code of the API and no reference id: those are in the log, under the problem's support
id. It is random, so a customer may read it out, and the log is searched for it. Many errors share
a problem type, because they leave the customer the same choice. Of several errors, in the group
that an `asyncio.TaskGroup` raises, the worst one decides. The other modules of this package do this
for each framework.
"""

import json
import logging
import math
import re
import secrets
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from attrs import field, frozen

from flexiti_async.api.common import Language
from flexiti_async.api.converters import language_of_tag
from flexiti_async.errors import (
    ApiError,
    FieldError,
    FlexitiError,
    OperationInProgress,
    TokenError,
    ValidationError,
)
from flexiti_async.errors.base import facts_of
from flexiti_async.events.log import attributes
from flexiti_async.integrations.groups import leaves_of, worst_of
from flexiti_async.integrations.problem_types import problem_type_of
from flexiti_async.protocol.arguments import word, wrong_type
from flexiti_async.protocol.validators import (
    INVALID,
    LENGTH,
    NOT_OF_AGE,
    REQUIRED,
    WRONG_FORMAT,
)

__all__ = [
    "INSTANCE_PREFIX",
    "MEDIA_TYPE",
    "TYPE_PREFIX",
    "InvalidField",
    "Problem",
    "language_of",
    "problem_of",
]

MEDIA_TYPE: Final = "application/problem+json"
"""Content type of a problem (RFC 9457 section 3)."""

TYPE_PREFIX: Final = "urn:problem-type:flexiti:"
"""Prefix of every problem's `type`, a URN: it names the type, and cannot be fetched."""

INSTANCE_PREFIX: Final = "urn:problem-instance:flexiti:"
"""Prefix of every problem's `instance` (RFC 9457 section 3.1.5); the support id follows."""

_log: Final = logging.getLogger("flexiti_async.integrations")

_ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base 32: without I, L, O and U, so that an id can be read out."""
_LENGTH: Final = 10
_INTERNAL_ERROR: Final = 500
_UNAVAILABLE: Final = 503

_NO_ERROR: Final = "must be a FlexitiError, or an ExceptionGroup with one"
_WORDS: Final = frozenset({REQUIRED, LENGTH, WRONG_FORMAT, INVALID, NOT_OF_AGE})
_NAME: Final = re.compile(r"[\w.\[\]-]{1,100}", re.ASCII)
_RANGE: Final = re.compile(
    r"\s*([a-z]{1,8}|\*)(?:-[a-z0-9-]*)?\s*(?:;\s*q=([01](?:\.\d{0,3})?))?\s*"
)


@frozen
class InvalidField:
    """
    One field that is not valid.

    Attributes:
        field: Its name in the API; dots mean nesting.
        reason: `required`, `length`, `wrong format`, `invalid` or `not of age`.
    """

    field: str
    reason: str


def _new_support_id() -> str:
    return "".join(secrets.choice(_ALPHABET) for _ in range(_LENGTH))


@frozen
class Problem:
    """
    Problem details for the customer, and for the script in their browser.

    Attributes:
        type: Problem type to match on: `TYPE_PREFIX` and a name, such as `credit-exceeded`.
        status: HTTP status of the shop's response.
        title: Summary for the customer.
        detail: Advice for the customer.
        language: Language of title and detail.
        errors: The fields that are not valid, never with their values.
        retry_after: Seconds after which another attempt makes sense, if known.
        support_id: Id of this occurrence, by which it is found in the log: ten letters and digits.
    """

    type: str
    status: int
    title: str
    detail: str
    language: Language
    errors: tuple[InvalidField, ...] = ()
    retry_after: int | None = None
    support_id: str = field(factory=_new_support_id, eq=False)

    @property
    def instance(self) -> str:
        """URI of this occurrence (RFC 9457 section 3.1.5), which cannot be fetched."""
        return INSTANCE_PREFIX + self.support_id

    @property
    def headers(self) -> Mapping[str, str]:
        """Headers of the response, including its content type."""
        headers = {
            "Content-Type": MEDIA_TYPE,
            "Content-Language": self.language.value,
            "Cache-Control": "no-store",
        }
        if self.retry_after is not None:
            headers["Retry-After"] = str(self.retry_after)
        return MappingProxyType(headers)

    def members(self) -> dict[str, object]:
        """Return the members of the JSON object; `errors` (RFC 9457 section 3) if not empty."""
        members: dict[str, object] = {
            "type": self.type,
            "status": self.status,
            "title": self.title,
            "detail": self.detail,
            "instance": self.instance,
        }
        if self.errors:
            members["errors"] = [{"field": one.field, "reason": one.reason} for one in self.errors]
        return members

    def json(self) -> bytes:
        """Return the body of the response."""
        return json.dumps(self.members(), ensure_ascii=False).encode()


def problem_of(error: Exception, language: Language | str = Language.ENGLISH) -> Problem:
    """
    Return the problem details that a customer gets for an error, and log the error with their id.

    The line has the level error for a fault of the shop, info while Flexiti is unavailable, because
    the outage itself is a warning already, and warning otherwise.

    Args:
        error: A `FlexitiError`, or a group with at least one: the worst of them decides, an unknown
            outcome before all others. Errors of others in the group do not count.
        language: Language of the texts, also as a tag such as `fr-CA`.

    Raises:
        ValidationError: There is no error of this library, or no such language.
    """
    worst = worst_of(error)
    if worst is None:
        raise ValidationError(
            field_errors=[FieldError("error", WRONG_FORMAT, type(error).__name__, _NO_ERROR)]
        )
    found, chosen = problem_type_of(worst), word(Language, "language", language_of_tag(language))
    text = found.fr if chosen is Language.FRENCH else found.en
    wait: float | None = None
    if isinstance(worst, ApiError | TokenError | OperationInProgress):
        wait = worst.retry_after
    problem = Problem(
        type=TYPE_PREFIX + found.name,
        status=found.status,
        title=text.title,
        detail=text.detail,
        language=chosen,
        errors=_invalid_fields(worst),
        retry_after=_whole(wait),
    )
    _log_problem(problem, error)
    return problem


def _log_problem(problem: Problem, error: Exception) -> None:
    """Log an error, each one of a group, with the support id of its problem."""
    level = {_INTERNAL_ERROR: logging.ERROR, _UNAVAILABLE: logging.INFO}.get(
        problem.status, logging.WARNING
    )
    for leaf in leaves_of(error):
        ours = isinstance(leaf, FlexitiError)
        _log.log(
            level if ours else logging.ERROR,
            "support id %s: answered %d %s: %s: %s",
            problem.support_id,
            problem.status,
            problem.type,
            type(leaf).__name__,
            leaf,
            exc_info=None if ours else leaf,  # no other handler sees it
            extra=attributes(
                **(facts_of(leaf) if isinstance(leaf, FlexitiError) else {}),
                support_id=problem.support_id,
                problem=problem.type,
            ),
        )


def language_of(accept_language: str | None) -> Language:
    """
    Return the language that an `Accept-Language` header prefers (RFC 9110 section 12.5.4).

    A header that cannot be parsed means English.

    Raises:
        ValidationError: It is neither a text nor None.
    """
    problem = wrong_type("accept_language", accept_language, str, type(None))
    if problem is not None:
        raise problem
    weights: dict[str, float] = {}
    for part in (accept_language or "")[:1000].lower().split(","):
        found = _RANGE.fullmatch(part)
        if found is not None:
            weight = float(found[2]) if found[2] else 1.0
            weights[found[1]] = max(weight, weights.get(found[1], 0.0))
    rest = weights.get("*", 0.0)
    french, english = weights.get("fr", rest), weights.get("en", rest)
    return Language.FRENCH if french > english else Language.ENGLISH


def _invalid_fields(error: FlexitiError) -> tuple[InvalidField, ...]:
    if not isinstance(error, ValidationError | ApiError):
        return ()
    return tuple(_invalid_field(one) for one in error.field_errors)


def _invalid_field(error: FieldError) -> InvalidField:
    """Keep of a field error a plain name and a word of ours: the API's texts quote its input."""
    name = error.param if _NAME.fullmatch(error.param) else "?"
    return InvalidField(name, error.msg if error.msg in _WORDS else INVALID)


def _whole(seconds: float | None) -> int | None:
    return None if seconds is None or not math.isfinite(seconds) else max(math.ceil(seconds), 0)
