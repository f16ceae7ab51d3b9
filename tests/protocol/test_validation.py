"""Rules of request parameters: each check both ways, all faults at once, nothing told."""

from collections.abc import Iterable
from decimal import Decimal

import pytest
from attrs import field, frozen
from hypothesis import given
from hypothesis import strategies as st

from flexiti_async.errors import FieldError, ValidationError
from flexiti_async.protocol.secret import Secret
from flexiti_async.protocol.validation import Rule, field_errors_of, nearest, takes, validated
from flexiti_async.protocol.validators import (
    INVALID,
    LENGTH,
    REQUIRED,
    WRONG_FORMAT,
    date_check,
    number_check,
    one_of_check,
    pattern_check,
    text_check,
    true_check,
)

from ..support.canaries import sightings

CANARY = "canary-4f1d0c"


@validated
@frozen(kw_only=True)
class _Sample:
    """A request with one required, one optional, one renamed and one free parameter."""

    first: str = field(repr=False, metadata=takes(Rule(text_check(5), required=True)))
    second: str | None = field(default=None, repr=False, metadata=takes(Rule(text_check(5))))
    third: Secret | None = field(
        default=None, metadata=takes(Rule(pattern_check(r"\d+", 4), param="outer.third"))
    )
    free: object = field(default=None, repr=False)

    def cross_field_errors(self) -> Iterable[FieldError]:
        """Ask for the third where there is a second."""
        if self.second and not self.third:
            yield FieldError("outer.third", REQUIRED)


@validated
@frozen(kw_only=True)
class _Made:
    """A request whose default is made for each, and says nothing before."""

    word: str = field(factory=lambda: "word", metadata=takes(Rule(text_check(5), required=True)))


def test_a_default_that_is_made_is_looked_at_when_it_is_there() -> None:
    """What stands for it in the class is no word, but what it makes is."""
    assert "word" == _Made().word
    with pytest.raises(ValidationError):
        _Made(word="longer")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("a", None),
        ("abcde", None),
        ("Zoé", None),
        ("abcdef", LENGTH),
        ("      ", LENGTH),
        ("  ", REQUIRED),
        ("a\nb", INVALID),
        ("a\x00", INVALID),
        ("a\x7f", INVALID),
        (5, WRONG_FORMAT),
        (None, WRONG_FORMAT),
        (b"a", WRONG_FORMAT),
        (Secret("a"), WRONG_FORMAT),
    ],
)
def test_text_check(value: object, expected: str | None) -> None:
    """A text is one, no longer than allowed, not blank, and without control characters."""
    assert expected == text_check(5)(value)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (1, None),
        (999, None),
        (1000, LENGTH),
        (0, INVALID),
        (-1, INVALID),
        (True, WRONG_FORMAT),
        ("1", WRONG_FORMAT),
        (1.0, WRONG_FORMAT),
        (Decimal(1), WRONG_FORMAT),
    ],
)
def test_number_check(value: object, expected: str | None) -> None:
    """A number is whole, positive, and has no more digits than allowed."""
    assert expected == number_check(3)(value)


@pytest.mark.parametrize(
    ("value", "expected"), [(100, None), (999, None), (99, LENGTH), (1000, LENGTH), (0, INVALID)]
)
def test_exact_number_check(value: int, expected: str | None) -> None:
    """A number of an exact size has neither more nor fewer digits."""
    assert expected == number_check(3, exact=True)(value)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("1", None),
        ("1234", None),
        (Secret("1234"), None),
        ("12345", LENGTH),
        (Secret("12345"), LENGTH),
        ("12a", WRONG_FORMAT),
        ("12\n", WRONG_FORMAT),
        ("٣", WRONG_FORMAT),
        (12, WRONG_FORMAT),
        (Secret("x"), WRONG_FORMAT),
    ],
)
def test_pattern_check(value: object, expected: str | None) -> None:
    """A text matches as a whole, in ASCII, and may be a secret."""
    assert expected == pattern_check(r"\d+", 4)(value)


@pytest.mark.parametrize(
    ("value", "expected"), [("en", None), ("EN", INVALID), (5, INVALID), ([], INVALID)]
)
def test_one_of_check(value: object, expected: str | None) -> None:
    """Only the listed texts will do."""
    assert expected == one_of_check(["en", "fr"])(value)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("1988-07-24", None),
        ("2000-02-29", None),
        ("1900-02-29", INVALID),
        ("1988-13-01", INVALID),
        ("0000-01-01", INVALID),
        ("88-07-24", WRONG_FORMAT),
        ("19880724", WRONG_FORMAT),
        ("1988-W30-7", WRONG_FORMAT),
        ("1988-07-24T00:00", WRONG_FORMAT),
        ("١٩٨٨-07-24", WRONG_FORMAT),
        (1988, WRONG_FORMAT),
    ],
)
def test_date_check(value: object, expected: str | None) -> None:
    """A date is a day that there was, written YYYY-MM-DD."""
    assert expected == date_check(value)


@given(st.dates())
def test_every_day_is_a_date(day: object) -> None:
    """Every day of the calendar passes."""
    assert date_check(str(day)) is None


@pytest.mark.parametrize(
    ("value", "expected"), [(True, None), (False, INVALID), (1, INVALID), ("true", INVALID)]
)
def test_true_check(value: object, expected: str | None) -> None:
    """Only True is true."""
    assert expected == true_check(value)


def refused(**fields: object) -> ValidationError:
    """Fail to make a sample, and give the error."""
    with pytest.raises(ValidationError) as caught:
        _Sample(**fields)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    return caught.value


def test_good_data() -> None:
    """What keeps the rules is made as any attrs class is."""
    sample = _Sample(first="a", second="b", third=Secret("1"), free=7)

    assert ("a", "b", Secret("1"), 7) == (sample.first, sample.second, sample.third, sample.free)
    assert sample == _Sample(first="a", second="b", third=Secret("1"), free=7)


@pytest.mark.parametrize(
    ("fields", "shown"),
    [({}, None), ({"first": None}, None), ({"first": ""}, "0 characters")],
)
def test_required(fields: dict[str, object], shown: str | None) -> None:
    """What is not given, None or empty is missing."""
    assert (FieldError("first", REQUIRED, shown),) == refused(**fields).field_errors


@pytest.mark.parametrize("value", [None, ""])
def test_optional(value: str | None) -> None:
    """What is not required may be missing."""
    assert [] == field_errors_of(_Sample(first="a", second=value))


def test_all_faults_at_once() -> None:
    """Every fault is told, in the fields' order, by the names of the takes, values masked."""
    error = refused(first="a" * 6, second=7, third=Secret("canary"))

    assert (
        FieldError("first", LENGTH, "6 characters"),
        FieldError("second", WRONG_FORMAT, "number of 1 digits"),
        FieldError("outer.third", LENGTH, "secret"),
    ) == error.field_errors
    assert (
        "first: length (6 characters); second: wrong format (number of 1 digits); "
        "outer.third: length (secret)"
    ) == str(error)


def test_faults_between_fields() -> None:
    """After the fields' own faults come those that a model finds between them."""
    error = refused(second="b")

    assert (FieldError("first", REQUIRED), FieldError("outer.third", REQUIRED)) == (
        error.field_errors
    )


def test_prefix() -> None:
    """A model inside another one names its parameters below it."""
    sample = object.__new__(_Sample)
    for name in ("first", "second", "third", "free"):
        object.__setattr__(sample, name, None)

    assert [FieldError("inner.first", REQUIRED)] == field_errors_of(sample, "inner.")


@pytest.mark.parametrize(
    ("name", "hint"), [("frist", "; did you mean 'first'?"), ("zzz", ""), ("secnd", "'second'")]
)
def test_unknown_fields(name: str, hint: str) -> None:
    """An unknown field is named with the nearest known one, and its value is not shown."""
    with pytest.raises(TypeError) as caught:
        _Sample(first="a", **{name: CANARY})  # type: ignore[arg-type]

    assert f"_Sample has no field {name!r}" in str(caught.value)
    assert hint in str(caught.value)
    assert ("did you mean" in str(caught.value)) is bool(hint)
    assert [] == sightings(caught.value, CANARY)


def test_positional_data_are_refused() -> None:
    """Data have names."""
    with pytest.raises(TypeError):
        _Sample("a")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]


@pytest.mark.parametrize(
    "fields",
    [
        {"first": CANARY},
        {"first": "a", "second": CANARY},
        {"first": "a\n", "free": CANARY},
        {"first": [CANARY]},
        {"third": Secret(CANARY)},
    ],
)
def test_no_frame_holds_what_was_refused(fields: dict[str, object]) -> None:
    """Neither the error nor the locals of any frame below the caller show the data."""
    assert [] == sightings(refused(**fields), CANARY)


@pytest.mark.parametrize(
    ("name", "expected"),
    [("emial", "email"), ("EMAIL", ""), ("", ""), ("email", "email"), ("e-mail", "email")],
)
def test_nearest(name: str, expected: str) -> None:
    """The nearest name is the one that looks most alike, if any does."""
    assert expected == nearest(name, ["email", "city", "province"])


def test_signature_is_kept() -> None:
    """The wrapped constructor is still described as attrs made it."""
    assert "__init__" == _Sample.__init__.__name__
    assert "_Sample" in _Sample.__init__.__qualname__
