"""The base of all errors, and errors of configuration, validation, checkouts and sessions."""

from collections.abc import Mapping, Sequence
from typing import Final, TypedDict

from attrs import field, frozen

__all__ = [
    "CheckoutConflict",
    "CheckoutError",
    "CheckoutExpired",
    "CheckoutFacts",
    "CheckoutNotFound",
    "CheckoutTokenRejected",
    "ConfigError",
    "EventRefused",
    "FieldError",
    "FlexitiError",
    "MalformedEvent",
    "SessionClosed",
    "SessionEntered",
    "ValidationError",
    "WrongLoop",
    "add_facts",
    "facts_of",
    "message_of",
]


@frozen
class FieldError:
    """
    One problem of one parameter, in the API's words (spec section 6.1).

    Attributes:
        param: Name of the parameter; dots mean nesting, as in the API's own tables.
        msg: `required`, `length`, `wrong format` or `invalid`, or the API's text; `not of age` for
            the valid date of birth of an applicant who is too young.
        value: The invalid value, masked; None if it is missing.
        hint: The rule and an example for the developer, `must be 1 to 14 digits, such as 20009100`;
            empty for errors from the API. `customer_text` has the text for the customer.
    """

    param: str
    msg: str
    value: str | None = None
    hint: str = field(default="", eq=False)

    def __str__(self) -> str:
        shown = "" if self.value is None else f" ({self.value})"
        return f"{self.param}: {self.msg}{shown}{self.hint and f', {self.hint}'}"


_FACTS: Final = (
    ("kind", "{}"),
    ("operation_id", "operation {}"),
    ("endpoint", "{}"),
    ("step", "step {}"),
    ("status", "HTTP {}"),
    ("attempts", "attempts: {}"),
    ("reference_id", "reference id {}"),
    ("reference", "reference {}"),
)
"""The attributes that say what an error is about, and how its text shows them."""


class FlexitiError(Exception):
    """
    Base of every error that this library raises on purpose.

    Its text ends with what it is about, as far as that is known: operation, endpoint, step, status,
    attempts, `x-reference-id` and the shop's reference.

    Attributes:
        attempts: Number of attempts of the call that has failed; None before the call has ended.
        reference_id: The `x-reference-id` of what it is about; None if it is about no call,
            checkout or token request.
    """

    attempts: int | None = None
    reference_id: str | None = None

    def __str__(self) -> str:
        """Return the message, and what it is about."""
        text = self._message()
        shown = [
            form.format(value)
            for (name, form), value in zip(_FACTS, _values(self), strict=True)
            if value not in {None, ""} and form.format(value) not in text
            if not (name == "attempts" and value == 1)
        ]
        return f"{text} ({', '.join(shown)})" if shown else text

    def _message(self) -> str:
        return super().__str__()


def _values(error: FlexitiError) -> list[object]:
    values: list[object] = [getattr(error, name, None) for name, _ in _FACTS]
    key: object = getattr(error, "idempotency_key", None)
    values[0] = None if key is None else f"{values[0]}:{key}"  # errors of tokens have other kinds
    return values


def add_facts(error: FlexitiError, facts: Mapping[str, object]) -> None:
    """Add what an error is about, as far as it does not say so itself; nobody else may have it."""
    for name, value in facts.items():
        if getattr(error, name, None) is None:
            setattr(error, name, value)


def message_of(error: FlexitiError) -> str:
    """Return the text of an error without what it is about, for a line that says so itself."""
    return error._message()  # noqa: SLF001 - its class is in this module # pyright: ignore[reportPrivateUsage]


def facts_of(error: FlexitiError) -> dict[str, object]:
    """Return the attributes that say what an error is about, and its class as `error`."""
    names = [*(name for name, _ in _FACTS), "code", "idempotency_key"]
    found = {name: getattr(error, name, None) for name in names}
    if found["idempotency_key"] is None:
        del found["kind"]
    return {
        "error": type(error).__name__,
        **{name: value for name, value in found.items() if value is not None},
    }


class ConfigError(FlexitiError, ValueError):
    """
    The configuration is wrong; nothing was sent.

    Attributes:
        option: Name of the option, None if the error is not about one.
        suggestion: The nearest valid name, None if no name is similar.
        source: Where that option was set, such as `set by FLEXITI_RETRIES`; None if it was not set,
            or is not an option of `FlexitiConfig`.
    """

    def __init__(
        self,
        message: str = "",
        *,
        option: str | None = None,
        suggestion: str | None = None,
        source: str | None = None,
    ) -> None:
        super().__init__(message)
        self.option = option
        self.suggestion = suggestion
        self.source = source


class ValidationError(FlexitiError, ValueError):
    """
    The data of a call are invalid; nothing was sent. All problems are reported together.

    Attributes:
        field_errors: The problems, in the order of the model's fields.
    """

    def __init__(self, message: str = "", *, field_errors: Sequence[FieldError] = ()) -> None:
        super().__init__(message or "; ".join(str(error) for error in field_errors))
        self.field_errors = tuple(field_errors)


class MalformedEvent(ValidationError):
    """The browser's data are not an event of the widget; `field_errors` have no values."""


class CheckoutFacts(TypedDict):
    """The attributes of the errors of a checkout that is loaded."""

    reference_id: str
    step: str


class CheckoutError(FlexitiError):
    """
    The checkout cannot take this step.

    Attributes:
        reference_id: The `x-reference-id` of the flow.
        step: The step that the checkout has reached, such as `widget`; None if it is not loaded.
    """

    def __init__(
        self, message: str = "", *, reference_id: str | None = None, step: str | None = None
    ) -> None:
        super().__init__(message)
        self.reference_id = reference_id
        self.step = step


class CheckoutNotFound(CheckoutError, LookupError):
    """
    No checkout of this kind is saved under this reference id; one ends with its token.

    Whether its operation ran is in the journal: `flexiti.operations.get(kind=…, key=…)`.
    """


class CheckoutConflict(CheckoutError):
    """Another process took this step of the checkout; `resume()` loads its current state."""


class CheckoutExpired(CheckoutError):
    """
    The flow has ended with its token; nothing was sent.

    Its operation did not run: otherwise its outcome would be raised or returned.
    """


class EventRefused(CheckoutError):
    """An event of another widget session or account: a mistake, or a forgery."""


class CheckoutTokenRejected(CheckoutError):
    """
    The API rejected the token pinned to this checkout.

    It cannot be replaced, because Flexiti ties the flow to that token (spec section 2.6): the flow
    has ended with it.
    """


class SessionClosed(FlexitiError, RuntimeError):
    """The session, or the `aiohttp.ClientSession` that it has borrowed, is closed."""


class SessionEntered(FlexitiError, RuntimeError):
    """
    `async with` on a session that another block has entered.

    The first block to end would close it for all others. One session serves a whole process: enter
    it once, where the process starts, and share it.
    """


class WrongLoop(SessionClosed):
    """
    The borrowed `aiohttp.ClientSession` belongs to another event loop.

    A client session works in one loop only, and not in a forked child. Without a borrowed one the
    library opens its own connections in every loop and process.
    """
