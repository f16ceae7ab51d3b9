"""What errors are made of, and those of using the library itself."""

from collections.abc import Sequence

from attrs import field, frozen

__all__ = [
    "CheckoutConflict",
    "CheckoutError",
    "CheckoutExpired",
    "CheckoutNotFound",
    "CheckoutTokenRejected",
    "CheckoutUnsettled",
    "ConfigError",
    "EventRefused",
    "FieldError",
    "FlexitiError",
    "MalformedEvent",
    "SessionClosed",
    "SessionEntered",
    "ValidationError",
    "WrongLoop",
]


@frozen
class FieldError:
    """
    One fault of one parameter, in the words of the API (spec section 6.1).

    Attributes:
        param: Name of the parameter; dots mean nesting, as in the API's own tables.
        msg: `required`, `length`, `wrong format` or `invalid`, or what the API said.
        value: The value that was refused, masked; None where there was none.
        hint: What a developer should know of it; empty where `msg` says it all.
    """

    param: str
    msg: str
    value: str | None = None
    hint: str = field(default="", eq=False)

    def __str__(self) -> str:
        shown = "" if self.value is None else f" ({self.value})"
        return f"{self.param}: {self.msg}{shown}{self.hint and f', {self.hint}'}"


class FlexitiError(Exception):
    """Base of every error that this library raises on purpose."""


class ConfigError(FlexitiError, ValueError):
    """
    The configuration is wrong; nothing was sent.

    Attributes:
        option: Name of the option, None if it is not about one.
        suggestion: The nearest valid name, None if nothing is near.
    """

    def __init__(
        self, message: str = "", *, option: str | None = None, suggestion: str | None = None
    ) -> None:
        super().__init__(message)
        self.option = option
        self.suggestion = suggestion


class ValidationError(FlexitiError, ValueError):
    """
    The data of a call are wrong; nothing was sent. All faults are told at once.

    Attributes:
        field_errors: The faults, in the order of the model's fields.
    """

    def __init__(self, message: str = "", *, field_errors: Sequence[FieldError] = ()) -> None:
        super().__init__(message or "; ".join(str(fault) for fault in field_errors))
        self.field_errors = tuple(field_errors)


class MalformedEvent(ValidationError):
    """What a browser posted is no event of the widget; `field_errors` have no values."""


class CheckoutError(FlexitiError):
    """
    The checkout cannot take this step.

    Attributes:
        reference_id: The `x-reference-id` of the flow.
    """

    def __init__(self, message: str = "", *, reference_id: str | None = None) -> None:
        super().__init__(message)
        self.reference_id = reference_id


class CheckoutNotFound(CheckoutError, LookupError):
    """Nothing is known under this reference id, or not any more: a checkout ends with its token."""


class CheckoutConflict(CheckoutError):
    """Another process took this step of the checkout; `resume()` shows where it stands."""


class CheckoutExpired(CheckoutError):
    """
    The token of this checkout has ended, and the checkout with it; nothing was sent.

    Start a new one. What was authorized can be captured and returned all the same, by
    `flexiti.authorizations`.
    """


class CheckoutUnsettled(CheckoutError):
    """
    A call of this checkout that must not run twice is under way, or its outcome is unknown.

    It may be this process, another one, or one that has died. Once it is certain that nobody is
    at it any more, find out at Flexiti whether it ran, and say so by `Checkout.settle()`.
    """


class EventRefused(CheckoutError):
    """An event of another widget session or of another account: a mistake, or a forgery."""


class CheckoutTokenRejected(CheckoutError):
    """
    The API refused the token that is pinned to a running flow.

    It is not replaced behind the flow's back, because Flexiti ties the flow to that token (spec
    section 2.6). Start a new checkout.
    """


class SessionClosed(FlexitiError, RuntimeError):
    """The session, or the `aiohttp.ClientSession` that it borrowed, was closed."""


class SessionEntered(FlexitiError, RuntimeError):
    """
    `async with` on a session that another block has entered.

    The first block to end would close it for all others. One session serves a whole process: enter
    it once, where the process starts, and share it.
    """


class WrongLoop(SessionClosed):
    """
    The `aiohttp.ClientSession` that was borrowed belongs to another event loop.

    It serves one loop only, and none in a forked child. Without a borrowed one the library opens
    connections of its own in every loop and every process.
    """
