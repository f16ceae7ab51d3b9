"""
Errors of this library as what a shop tells its own front end: RFC 9457 problem details.

```python
try:
    await checkout.authorize(...)
except FlexitiError as error:
    problem = problem_of(error, language_of(request.headers.get("accept-language")))
    return Response(problem.json(), status=problem.status, headers=problem.headers)
```

A problem says what the customer can do, in English or French, and nothing of ours: no text of an
error, no endpoint, no code of the API, no reference id. Those are for the shop's log. Many errors
are one problem, because the customer has one choice after them. The modules of this package beside
this one do it for each framework.
"""

import json
import math
import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from attrs import frozen

from flexiti_async.api.common import Language
from flexiti_async.errors import (
    ApiError,
    FieldError,
    FlexitiError,
    TokenError,
    ValidationError,
)
from flexiti_async.integrations.problem_kinds import kind_of
from flexiti_async.protocol.validators import INVALID, LENGTH, REQUIRED, WRONG_FORMAT

__all__ = ["MEDIA_TYPE", "TYPES", "Fault", "Problem", "language_of", "problem_of"]

MEDIA_TYPE: Final = "application/problem+json"
"""Content type of a problem (RFC 9457 section 3)."""

TYPES: Final = "urn:problem-type:flexiti:"
"""What the `type` of every problem begins with. Nothing is to be found there: it is a name."""

_WORDS: Final = frozenset({REQUIRED, LENGTH, WRONG_FORMAT, INVALID})
_NAME: Final = re.compile(r"[\w.\[\]-]{1,100}", re.ASCII)
_RANGE: Final = re.compile(
    r"\s*([a-z]{1,8}|\*)(?:-[a-z0-9-]*)?\s*(?:;\s*q=([01](?:\.\d{0,3})?))?\s*"
)


@frozen
class Fault:
    """
    One field that is not right.

    Attributes:
        field: Its name in the API's words; dots mean nesting.
        fault: `required`, `length`, `wrong format` or `invalid`.
    """

    field: str
    fault: str


@frozen
class Problem:
    """
    What went wrong, for the customer and for the script in their browser.

    Attributes:
        type: Which kind, to be matched on: `TYPES` and a name, such as `credit-exceeded`.
        status: HTTP status of the shop's answer.
        title: The kind, for people.
        detail: What to do now, for people.
        language: Language of title and detail.
        faults: The fields that are not right; never with what stood in them.
        retry_after: Seconds after which another try can make sense, if that is known.
    """

    type: str
    status: int
    title: str
    detail: str
    language: Language
    faults: tuple[Fault, ...] = ()
    retry_after: int | None = None

    @property
    def headers(self) -> Mapping[str, str]:
        """Headers of the answer, its content type included."""
        headers = {
            "Content-Type": MEDIA_TYPE,
            "Content-Language": self.language.value,
            "Cache-Control": "no-store",
        }
        if self.retry_after is not None:
            headers["Retry-After"] = str(self.retry_after)
        return MappingProxyType(headers)

    def members(self) -> dict[str, object]:
        """Give the members of the JSON object; `errors` (section 3 of the RFC) if there are any."""
        members: dict[str, object] = {
            "type": self.type,
            "status": self.status,
            "title": self.title,
            "detail": self.detail,
        }
        if self.faults:
            members["errors"] = [{"field": one.field, "fault": one.fault} for one in self.faults]
        return members

    def json(self) -> bytes:
        """Give the body of the answer."""
        return json.dumps(self.members(), ensure_ascii=False).encode()


def problem_of(error: FlexitiError, language: Language | str = Language.ENGLISH) -> Problem:
    """
    Say what an error is to the customer.

    Args:
        error: Anything that the library has raised on purpose.
        language: Language of the texts.
    """
    kind, chosen = kind_of(error), Language(language)
    text = kind.fr if chosen is Language.FRENCH else kind.en
    wait = error.retry_after if isinstance(error, ApiError | TokenError) else None
    return Problem(
        type=TYPES + kind.name,
        status=kind.status,
        title=text.title,
        detail=text.detail,
        language=chosen,
        faults=_faults(error),
        retry_after=_whole(wait),
    )


def language_of(accept_language: str | None) -> Language:
    """
    Choose the language of the texts by an `Accept-Language` header (RFC 9110 section 12.5.4).

    Anything that is not understood is English.
    """
    weights: dict[str, float] = {}
    for part in (accept_language or "")[:1000].lower().split(","):
        found = _RANGE.fullmatch(part)
        if found is not None:
            weight = float(found[2]) if found[2] else 1.0
            weights[found[1]] = max(weight, weights.get(found[1], 0.0))
    rest = weights.get("*", 0.0)
    french, english = weights.get("fr", rest), weights.get("en", rest)
    return Language.FRENCH if french > english else Language.ENGLISH


def _faults(error: FlexitiError) -> tuple[Fault, ...]:
    if not isinstance(error, ValidationError | ApiError):
        return ()
    return tuple(_fault(fault) for fault in error.field_errors)


def _fault(fault: FieldError) -> Fault:
    """Take of a fault what is a name and a word of ours: the API's own texts quote what it got."""
    name = fault.param if _NAME.fullmatch(fault.param) else "?"
    return Fault(name, fault.msg if fault.msg in _WORDS else INVALID)


def _whole(seconds: float | None) -> int | None:
    return None if seconds is None or not math.isfinite(seconds) else max(math.ceil(seconds), 0)
