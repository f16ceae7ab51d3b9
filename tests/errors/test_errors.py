"""The tree of errors: drawn, described, exported, pickled and copied."""

import copy
import functools
import inspect
import pickle
import re
from collections.abc import Callable

import pytest

from flexiti_async import errors
from flexiti_async.errors import (
    ApiError,
    CheckoutError,
    ConfigError,
    FieldError,
    FlexitiError,
    LifetimeTooShort,
    StoreError,
    TokenError,
    TransportError,
    ValidationError,
)
from flexiti_async.errors.base import add_facts

LINE = re.compile(r"^(?P<indent>[│├└─ ]*)(?P<name>[A-Z]\w+)( {2,}(?P<words>.*))?$")
CLASSES: dict[str, type[FlexitiError]] = {
    name: value
    for name, value in vars(errors).items()
    if inspect.isclass(value) and issubclass(value, FlexitiError)
}


def drawn() -> dict[str, str | None]:
    """Read the drawing in the docstring: each error and its parent."""
    assert errors.__doc__ is not None
    parents: dict[str, str | None] = {}
    path: list[str] = []
    for line in errors.__doc__.split("```")[1].strip().splitlines():
        match = LINE.match(line)
        assert match is not None, line
        depth = len(match["indent"]) // 4
        del path[depth:]
        parents[match["name"]] = path[-1] if path else None
        path.append(match["name"])
    return parents


def test_the_drawing_is_the_tree() -> None:
    """Every class is drawn below its parent, and nothing else is drawn."""
    classes = {
        name: next((base.__name__ for base in kind.__bases__ if base.__name__ in CLASSES), None)
        for name, kind in CLASSES.items()
    }

    assert classes == drawn()


def test_each_error_has_one_parent_of_ours() -> None:
    """No class descends from two classes of the tree."""
    assert [] == [
        name
        for name, kind in CLASSES.items()
        if name != "FlexitiError"
        and 1 != sum(issubclass(base, FlexitiError) for base in kind.__bases__)
    ]


def test_described_and_exported() -> None:
    """Every error has a docstring of its own and is a part of the public surface."""
    assert [] == [name for name, kind in CLASSES.items() if not vars(kind).get("__doc__")]
    assert CLASSES.keys() == set(errors.__all__) & CLASSES.keys()


@pytest.mark.parametrize(
    ("name", "builtin"),
    [
        ("ConfigError", ValueError),
        ("ValidationError", ValueError),
        ("CheckoutNotFound", LookupError),
        ("SessionClosed", RuntimeError),
        ("ConnectError", ConnectionError),
        ("ConnectionLost", ConnectionError),
        ("RequestTimeout", TimeoutError),
    ],
)
def test_builtin_kin(name: str, builtin: type[Exception]) -> None:
    """Errors with a builtin counterpart are caught by `except` with the builtin."""
    assert issubclass(CLASSES[name], builtin)


FIELDS = (FieldError("email", "invalid", "18 characters"), FieldError("city", "required"))


def full(kind: type[FlexitiError]) -> FlexitiError:
    """Build an error with all its attributes set."""
    makers: list[tuple[type[FlexitiError], Callable[[], FlexitiError]]] = [
        (LifetimeTooShort, lambda: LifetimeTooShort("Text!", min_ttl=1300.0, lifetime=1200.0)),
        (ConfigError, lambda: ConfigError("Text!", option="leeway", suggestion="near")),
        (ValidationError, lambda: ValidationError("Text!", field_errors=FIELDS)),
    ]
    for known, make in makers:
        if kind is known:
            return make()
    if issubclass(kind, CheckoutError):
        return kind("Text!", reference_id="ref-1")
    if issubclass(kind, TransportError):
        return kind("Text!", reference_id="ref-1", endpoint="widget/init")
    if issubclass(kind, TokenError):
        return kind("Text!", status=503, code="c", retry_after=1.5, reference_id="ref-1")
    if issubclass(kind, ApiError):
        return kind(
            "Text!",
            status=409,
            code="c",
            field_errors=FIELDS,
            reference_id="ref-1",
            url="/url",
            endpoint="widget/init",
            retry_after=1.5,
        )
    return kind("Text!")


def _pickled(protocol: int, error: FlexitiError) -> FlexitiError:
    other = pickle.loads(pickle.dumps(error, protocol))  # noqa: S301 - our own
    assert isinstance(other, FlexitiError)
    return other


# A copy and all protocols of pickle go through `__reduce_ex__`, which has two forms: up to 1 and
# from 2 on.
PACKINGS: dict[str, Callable[[FlexitiError], FlexitiError]] = {
    "deepcopy": copy.deepcopy,
    "first pickle": functools.partial(_pickled, 0),
    "last pickle": functools.partial(_pickled, pickle.HIGHEST_PROTOCOL),
}


@pytest.mark.parametrize("way", PACKINGS)
@pytest.mark.parametrize("name", CLASSES)
def test_errors_travel(name: str, way: str) -> None:
    """A copied or pickled error is the same: class, text, attributes, none or all."""
    for error in (CLASSES[name](), full(CLASSES[name])):
        other = PACKINGS[way](error)

        assert type(error) is type(other)
        assert (str(error), vars(error), error.args) == (str(other), vars(other), other.args)


def test_texts() -> None:
    """Every error shows its text, and has one even if none was given."""
    for name, kind in CLASSES.items():
        assert "Text!" in str(full(kind)), name
        assert "Text!" in repr(full(kind)), name
        assert name in repr(kind())


def test_attributes_are_described() -> None:
    """Every attribute is in the docstring of its class or of a parent."""
    missing = [
        f"{kind.__name__}.{known}"
        for kind in CLASSES.values()
        for known in vars(full(kind))
        if f"\n    {known}: " not in _docs_of(kind)
    ]

    assert [] == missing


def _docs_of(kind: type[FlexitiError]) -> str:
    # getdoc: Python 3.13 takes the indentation away itself.
    return "\n".join(
        inspect.getdoc(base) or "" for base in kind.__mro__ if base.__name__ in CLASSES
    )


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (ApiError(), "HTTP 0"),
        (ApiError(status=404), "HTTP 404"),
        (ApiError("No!", status=409), "HTTP 409: No!"),
        (ApiError(status=409, code="c"), "HTTP 409 c"),
        (ApiError("No!", status=409, code="c"), "HTTP 409 c: No!"),
        (
            ApiError(status=409, field_errors=FIELDS),
            "HTTP 409 [email: invalid (18 characters); city: required]",
        ),
        (ApiError(status=404, endpoint="widget/init"), "HTTP 404 (widget/init)"),
        (ApiError(status=404, reference_id="r"), "HTTP 404 (reference id r)"),
        (
            ApiError("No!", status=404, endpoint="widget/init", reference_id="r", url="/u"),
            "HTTP 404: No! (widget/init, reference id r)",
        ),
        (ValidationError(field_errors=FIELDS), "email: invalid (18 characters); city: required"),
        (ValidationError("Text!", field_errors=FIELDS), "Text!"),
    ],
    ids=map(str, range(11)),
)
def test_texts_are_made_of_attributes(error: FlexitiError, expected: str) -> None:
    """The text is built from the attributes that are set."""
    assert expected == str(error)


@pytest.mark.parametrize("others", ["b" * 32, None])
def test_facts_are_added_only_where_an_error_has_none(others: str | None) -> None:
    """A token request of another flow keeps its reference id, by which Flexiti finds it."""
    error = TokenError("no token", reference_id="a" * 32)
    add_facts(error, {"reference_id": others, "step": "open"})

    assert ("a" * 32, "open") == (error.reference_id, getattr(error, "step", None))
    assert str(error) == f"no token (step open, reference id {'a' * 32})"


def test_field_errors_are_kept_as_they_were() -> None:
    """Changing the list afterwards does not change the error."""
    given = [*FIELDS]
    errors_of = ValidationError(field_errors=given), ApiError(field_errors=given)
    given.clear()

    assert [FIELDS, FIELDS] == [error.field_errors for error in errors_of]


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("TokenError", "transient"),
        ("TokenUnavailable", "transient"),
        ("TokenThrottled", "throttled"),
        ("TokenRejected", "rejected"),
        ("TokenMisconfigured", "misconfigured"),
        ("LifetimeTooShort", "lifetime"),
        ("ClockError", "clock"),
    ],
)
def test_kinds_of_token_errors(kind: str, expected: str) -> None:
    """Every class of token error has a kind, which processes share."""
    error = CLASSES[kind]()
    assert isinstance(error, TokenError)

    assert expected == error.kind


def test_lifetime_too_short() -> None:
    """LifetimeTooShort has both durations, and no status."""
    error = full(LifetimeTooShort)
    assert isinstance(error, LifetimeTooShort)

    assert (1300.0, 1200.0) == (error.min_ttl, error.lifetime)
    assert (None, None, None, None) == (
        error.status,
        error.code,
        error.retry_after,
        error.reference_id,
    )


def test_store_errors_are_told_apart() -> None:
    """StoreUnavailable and RecordUnreadable are different, and both are StoreErrors."""
    assert {"StoreUnavailable", "RecordUnreadable"} == {
        kind.__name__ for kind in StoreError.__subclasses__()
    }
