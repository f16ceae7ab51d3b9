"""Errors as problem details: complete, in two languages, and without internals."""

import inspect
import json
import math
from typing import Any

import pytest

from flexiti_async import (
    ApplyWidget,
    FieldError,
    FlexitiError,
    Language,
    OutcomeUnknown,
    ValidationError,
    errors,
)
from flexiti_async.errors import (
    CheckoutExpired,
    CreditExceeded,
    Forbidden,
    IdempotencyKeyReused,
    JournalForgot,
    OperationError,
    OperationInProgress,
    StoreUnavailable,
    Throttled,
    TokenUnavailable,
    WrongInputs,
)
from flexiti_async.integrations.groups import answerable
from flexiti_async.integrations.problem_types import PROBLEM_TYPES
from flexiti_async.integrations.problems import InvalidField, language_of, problem_of

EVERY_ERROR = [
    error
    for _, error in inspect.getmembers(errors, inspect.isclass)
    if issubclass(error, FlexitiError)
]
CANARY = "canary-7f3a"


@pytest.mark.parametrize("language", Language)
def test_texts_of_errors_are_not_shown(language: Language) -> None:
    """A problem never contains the text of its error."""
    for error in EVERY_ERROR:
        problem = problem_of(error(CANARY), language)
        shown = problem.json().decode() + str(dict(problem.headers)) + repr(problem)

        assert CANARY not in shown, error
        assert 400 <= problem.status < 600, error
        assert language == problem.language, error
        assert problem.title, error
        assert problem.detail, error


def test_attributes_of_errors_are_not_shown() -> None:
    """Code, endpoint, reference id and texts of the API stay in the log."""
    error = WrongInputs(
        CANARY,
        status=409,
        code=CANARY,
        reference_id=CANARY,
        url=CANARY,
        endpoint=CANARY,
        field_errors=[
            FieldError("dob", CANARY, CANARY, CANARY),
            FieldError(f"{CANARY} ", "length"),
        ],
    )
    problem = problem_of(error)

    assert CANARY not in problem.json().decode()
    assert (InvalidField("dob", "invalid"), InvalidField("?", "length")) == problem.errors


def test_invalid_fields() -> None:
    """A problem names the fields that are not valid, without their values."""
    with pytest.raises(ValidationError) as refused:
        ApplyWidget(
            first_name=CANARY,
            last_name="",
            dob=CANARY,
            postal_code="K1A0B1",
            email=CANARY,
            phone_number="6135550100",
            address_1="1 Sample St",
            city="Ottawa",
            province="ON",
            tos_agreement=True,
        )
    problem = problem_of(refused.value)
    members = json.loads(problem.json())

    assert 422 == problem.status
    assert CANARY not in problem.json().decode()
    assert {"field": "email", "reason": "wrong format"} in members["errors"]
    assert {
        "field": "customer_identification.personal_information.last_name",
        "reason": "required",
    } in members["errors"]


def test_each_type_has_one_name_and_text() -> None:
    """A problem type has one name and one text in each language, and every name is used."""
    types = set(PROBLEM_TYPES.values())
    names = {one.name: one for one in types}

    assert types == set(names.values())
    assert len(names) == len({kind.en.title for kind in names.values()})
    assert len(names) == len({kind.fr.title for kind in names.values()})
    assert [] == [kind.name for kind in names.values() if kind.en == kind.fr]


def test_the_worst_of_a_group_decides() -> None:
    """Unknown outcomes come first, then other payments, then the shop's faults, then outages."""
    ranked: list[FlexitiError] = [
        OutcomeUnknown("x"),
        OperationInProgress("x"),
        IdempotencyKeyReused("x", phase="done", kind="authorize"),
        Forbidden("x", status=403),
        StoreUnavailable("x"),
        CreditExceeded("x", status=409),
    ]
    for place, worst in enumerate(ranked):
        rest = list(reversed(ranked[place:]))
        nested = ExceptionGroup("inner", [ZeroDivisionError(), *rest])

        assert problem_of(worst) == problem_of(ExceptionGroup("outer", [nested, KeyError()]))


def test_a_group_of_others_is_left_alone() -> None:
    """Only what may have moved money is answered in company of the shop's own errors."""
    ours, other = CreditExceeded("x", status=409), KeyError("x")

    assert answerable(ours)
    assert answerable(ExceptionGroup("x", [ours, ExceptionGroup("y", [ours])]))
    assert answerable(ExceptionGroup("x", [other, OutcomeUnknown("x")]))
    assert not answerable(ExceptionGroup("x", [other, ours]))
    assert not answerable(other)


@pytest.mark.parametrize("error", [None, 5, KeyError("x"), ExceptionGroup("x", [KeyError("x")])])
def test_no_error_of_the_library(error: Any) -> None:  # noqa: ANN401 - of any type
    """What has no problem details is refused by name."""
    with pytest.raises(ValidationError, match="error: wrong format"):
        problem_of(error)


def test_whether_money_has_moved() -> None:
    """An unknown outcome is a conflict, which clients do not retry, and asks not to pay again."""
    problem = problem_of(OutcomeUnknown("lost"), "fr-CA")

    assert 409 == problem.status
    assert "ne pas payer de nouveau" in problem.detail


@pytest.mark.parametrize(
    ("error", "status", "name", "words"),
    [
        (OperationInProgress("x"), 409, "payment-in-progress", "do not pay again"),
        (OutcomeUnknown("x"), 409, "payment-being-checked", "do not pay again"),
        (IdempotencyKeyReused("x", phase="pending"), 409, "payment-being-checked", "not pay again"),
        (IdempotencyKeyReused("x", phase="done", kind="authorize"), 409, "already-paid", "again"),
        (IdempotencyKeyReused("x", phase="done", kind="apply"), 409, "step-taken", "status"),
        (JournalForgot("x"), 503, "payments-paused", "Nothing was charged"),
        (StoreUnavailable("x"), 503, "unavailable", "try again"),
        (CheckoutExpired("x"), 404, "checkout-ended", ""),
        (OperationError("x"), 500, "shop-fault", "our side"),
    ],
)
def test_what_a_customer_reads_of_operations(
    error: FlexitiError, status: int, name: str, words: str
) -> None:
    """Customers that may have paid are asked not to pay again."""
    problem = problem_of(error)

    assert (status, f"urn:problem-type:flexiti:{name}") == (problem.status, problem.type)
    assert words in f"{problem.title} {problem.detail}"


def test_a_paid_order_in_french() -> None:
    """The text depends on what the journal has recorded."""
    paid = problem_of(IdempotencyKeyReused("x", phase="done", kind="authorize"), "fr")

    assert "Cette commande est déjà payée" == paid.title


def test_a_business_answer() -> None:
    """A business error has a type of its own, by what the customer can do."""
    problem = problem_of(CreditExceeded("…", status=409))

    assert "urn:problem-type:flexiti:credit-exceeded" == problem.type
    assert "no-store" == problem.headers["Cache-Control"]


@pytest.mark.parametrize(
    ("error", "retry_after"),
    [
        (Throttled("", status=429, retry_after=1.2), "2"),
        (TokenUnavailable("", retry_after=0.0), "0"),
        (TokenUnavailable(""), None),
        (TokenUnavailable("", retry_after=math.inf), None),
        (TokenUnavailable("", retry_after=-3.0), "0"),
        (OperationInProgress("", retry_after=21.4), "22"),
    ],
)
def test_retry_after(error: FlexitiError, retry_after: str | None) -> None:
    """The wait is a header in whole seconds, if it is known."""
    problem = problem_of(error)

    assert (409 if isinstance(error, OperationInProgress) else 503) == problem.status
    assert retry_after == problem.headers.get("Retry-After")


@pytest.mark.parametrize(
    ("header", "language"),
    [
        (None, "en"),
        ("", "en"),
        ("fr", "fr"),
        ("fr-CA,fr;q=0.9,en;q=0.8", "fr"),
        ("en-CA, fr;q=0.9", "en"),
        ("en;q=0.3 , FR-ca ; q=0.7", "fr"),
        ("de, fr;q=0.2", "fr"),
        ("*", "en"),
        ("fr;q=0, *", "en"),
        ("*;q=0.1, en;q=0", "fr"),
        ("fr;q=abc, ;;;, \N{SNOWMAN}", "en"),
        ("fr;q=0.5" + "," * 10_000, "fr"),
    ],
)
def test_language_of(header: str | None, language: str) -> None:
    """The language is the one that the header prefers; English if it cannot be parsed."""
    assert language == language_of(header)
