"""Rules of request parameters: each check both ways, problems together, values never shown."""

from collections.abc import Iterable
from decimal import Decimal

import pytest
from attrs import field, frozen
from hypothesis import given
from hypothesis import strategies as st

from flexiti_async.api.common import Language
from flexiti_async.errors import FieldError, ValidationError
from flexiti_async.protocol.secret import Secret
from flexiti_async.protocol.validation import Rule, field_errors_of, nearest, takes, validated
from flexiti_async.protocol.validators import (
    INVALID,
    LENGTH,
    REQUIRED,
    WRONG_FORMAT,
    Check,
    date_check,
    digits_check,
    number_check,
    one_of_check,
    pattern_check,
    text_check,
    true_check,
)

from ..support.canaries import sightings

CANARY = "canary-4f1d0c"


@validated
@frozen(kw_only=True, slots=False)
class _Sample:
    """A request with one required, one optional, one renamed and one free parameter."""

    first: str = field(repr=False, metadata=takes(Rule(text_check(5), required=True)))
    second: str | None = field(default=None, repr=False, metadata=takes(Rule(text_check(5))))
    third: Secret | None = field(
        default=None, metadata=takes(Rule(digits_check(4), param="outer.third"))
    )
    free: object = field(default=None, repr=False)

    def cross_field_errors(self) -> Iterable[FieldError]:
        """Require the third if the second is given."""
        if self.second and not self.third:
            yield FieldError("outer.third", REQUIRED)


def test_a_model_takes_values_with_rules_and_nothing_else() -> None:
    """What attrs would do beyond that is refused when the class is created."""

    @frozen(kw_only=True, slots=False)
    class Factory:
        words: list[str] = field(factory=list[str])

    with pytest.raises(TypeError, match=r"Factory\.words: a request model takes values"):
        validated(Factory)


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
    """A text is not too long, not blank, and has no control characters."""
    assert expected == text_check(5).problem(value)


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
    assert expected == number_check(3).problem(value)


@pytest.mark.parametrize(
    ("value", "expected"), [(100, None), (999, None), (99, LENGTH), (1000, LENGTH), (0, INVALID)]
)
def test_exact_number_check(value: int, expected: str | None) -> None:
    """A number of an exact size has neither more nor fewer digits."""
    assert expected == number_check(3, exact=True).problem(value)


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
    assert expected == digits_check(4).problem(value)


@pytest.mark.parametrize(
    ("value", "expected"), [("en", None), ("EN", INVALID), (5, INVALID), ([], INVALID)]
)
def test_one_of_check(value: object, expected: str | None) -> None:
    """Only the listed texts are valid."""
    assert expected == one_of_check(["en", "fr"]).problem(value)


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
    """A date is a real day in the form YYYY-MM-DD."""
    assert expected == date_check.problem(value)


@given(st.dates())
def test_every_day_is_a_date(day: object) -> None:
    """Every day of the calendar is valid."""
    assert date_check.problem(str(day)) is None


@pytest.mark.parametrize(
    ("value", "expected"), [(True, None), (False, INVALID), (1, INVALID), ("true", INVALID)]
)
def test_true_check(value: object, expected: str | None) -> None:
    """Only True is valid."""
    assert expected == true_check.problem(value)


@pytest.mark.parametrize(
    ("check", "expected"),
    [
        (text_check(5), "must be text of 1 to 5 characters, no control or invisible characters"),
        (number_check(14), "must be 1 to 14 digits, greater than 0"),
        (
            number_check(10, exact=True, example="6135550100"),
            "must be 10 digits, greater than 0, such as 6135550100",
        ),
        (digits_check(16), "must be 1 to 16 digits"),
        (pattern_check("x", 1, "must be x"), "must be x"),
        (one_of_check(Language), "must be one of en, fr"),
        (
            date_check,
            (
                "must be a date (not a datetime with a time zone), or text in the form "
                "YYYY-MM-DD, such as 2001-12-31"
            ),
        ),
        (
            true_check,
            (
                "must be True, the bool: the text of a form, such as 'on', is not read as consent; "
                "compare it yourself"
            ),
        ),
    ],
    ids=map(str, range(8)),
)
def test_every_check_states_its_rule(check: Check, expected: str) -> None:
    """The rule says what is valid, with the numbers of the check."""
    assert expected == check.rule


def rejected(**fields: object) -> ValidationError:
    """Return the error of an invalid sample."""
    with pytest.raises(ValidationError) as caught:
        _Sample(**fields)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    return caught.value


def test_valid_data() -> None:
    """Valid data build an ordinary attrs object."""
    sample = _Sample(first="a", second="b", third=Secret("1"), free=7)

    assert ("a", "b", Secret("1"), 7) == (sample.first, sample.second, sample.third, sample.free)
    assert sample == _Sample(first="a", second="b", third=Secret("1"), free=7)


@pytest.mark.parametrize(
    ("fields", "shown"),
    [({}, None), ({"first": None}, None), ({"first": ""}, "0 characters")],
)
def test_required(fields: dict[str, object], shown: str | None) -> None:
    """A required field that is not given, None or empty is missing."""
    assert (FieldError("first", REQUIRED, shown),) == rejected(**fields).field_errors


@pytest.mark.parametrize("value", [None, ""])
def test_optional(value: str | None) -> None:
    """Optional fields accept None and an empty text."""
    assert [] == field_errors_of(_Sample(first="a", second=value))


def test_problems_are_reported_together() -> None:
    """All problems are reported in field order, by wire name, masked, with the rules."""
    error = rejected(first="a" * 6, second=7, third=Secret("canary"))

    assert (
        FieldError("first", LENGTH, "6 characters"),
        FieldError("second", WRONG_FORMAT, "number of 1 digit"),
        FieldError("outer.third", LENGTH, "secret"),
    ) == error.field_errors
    assert (
        "first: length (6 characters), must be text of 1 to 5 characters, no control or invisible "
        "characters; "
        "second: wrong format (number of 1 digit), "
        "must be text of 1 to 5 characters, no control or invisible "
        "characters; "
        "outer.third: length (secret), must be 1 to 4 digits"
    ) == str(error)


def test_cross_field_errors() -> None:
    """Errors between fields come after the errors of fields."""
    error = rejected(second="b")

    assert (FieldError("first", REQUIRED), FieldError("outer.third", REQUIRED)) == (
        error.field_errors
    )


def test_prefix() -> None:
    """A nested model prefixes the names of its parameters."""
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


def test_positional_data_are_rejected() -> None:
    """Fields are given by name only."""
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
def test_no_frame_holds_invalid_data(fields: dict[str, object]) -> None:
    """Neither the error nor the locals of any frame below the caller show the data."""
    assert [] == sightings(rejected(**fields), CANARY)


@pytest.mark.parametrize(
    ("name", "expected"),
    [("emial", "email"), ("EMAIL", ""), ("", ""), ("email", "email"), ("e-mail", "email")],
)
def test_nearest(name: str, expected: str) -> None:
    """The nearest name is the most similar one, if any is similar."""
    assert expected == nearest(name, ["email", "city", "province"])


def test_signature_is_kept() -> None:
    """The wrapped constructor keeps the description by attrs."""
    assert "__init__" == _Sample.__init__.__name__
    assert "_Sample" in _Sample.__init__.__qualname__


@pytest.mark.parametrize(
    "text", ["a\ud800b", "a\u202eb", "a\u200bb", "a\u00adb", "a\ufeff", "a\x9fb", "a\u2028b"]
)
def test_texts_that_cannot_be_sent_or_seen(text: str) -> None:
    """Half of a character, as browsers send it in JSON, and invisible ones are invalid."""
    assert "invalid" == text_check(5).problem(text)
    assert "wrong format" == pattern_check(r"a.+", 5, "").problem(text)


@pytest.mark.parametrize("text", ["Élodie", "a b", "a\u00a0b", "李"])
def test_letters_of_any_language_are_visible(text: str) -> None:
    """Names keep their accents, and a pasted blank of another width is a blank."""
    assert None is text_check(10).problem(text)
