"""Rules of money, and functions that do not show what they refuse."""

from decimal import Decimal

import pytest
from attrs import field, frozen
from hypothesis import given
from hypothesis import strategies as st

from flexiti_async.api.common import money, to_money, to_number_text
from flexiti_async.errors import FieldError, ValidationError
from flexiti_async.protocol.validation import sensitive_arguments, takes, validated
from flexiti_async.protocol.validators import money_check

from ..support.canaries import sightings


@pytest.mark.parametrize(
    ("value", "digits", "signed", "expected"),
    [
        (Decimal("0.01"), 18, False, None),
        (Decimal("9999999999.99"), 12, False, None),
        (Decimal(10) ** 10, 12, False, "length"),
        (Decimal("9" * 16 + ".99"), 18, False, None),
        (Decimal(10) ** 16, 18, False, "length"),
        (Decimal(0), 18, False, "invalid"),
        (Decimal("-0.01"), 18, False, "invalid"),
        (Decimal("-0.01"), 18, True, None),
        (Decimal(0), 18, True, None),
        (-(Decimal(10) ** 16), 18, True, "length"),
        (Decimal("0.001"), 18, False, "wrong format"),
        (Decimal("NaN"), 18, True, "wrong format"),
        (Decimal("-Infinity"), 18, True, "wrong format"),
        (1, 18, False, "wrong format"),
        (1.0, 18, False, "wrong format"),
        ("1", 18, False, "wrong format"),
    ],
    ids=map(str, range(16)),
)
def test_money_check(value: object, digits: int, signed: bool, expected: str | None) -> None:
    """An amount is a Decimal of so many digits with two places, above 0 unless it is signed."""
    assert expected == money_check(digits, signed=signed)(value)


@given(st.one_of(st.decimals(), st.integers(), st.text(), st.floats(), st.none(), st.booleans()))
def test_converting_changes_no_value(value: Decimal | float | str | None) -> None:
    """Whatever is converted is worth what it was, and what is not understood stays as it is."""
    made = to_money(value)  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]

    if isinstance(made, Decimal) and made.is_finite():
        assert Decimal(str(value)) == made
    else:
        assert made is value


@validated
@frozen(kw_only=True)
class _Payment:
    """A request with an amount."""

    amount: Decimal = field(converter=to_money, metadata=takes(money(required=True, param="a.b")))


def test_hints() -> None:
    """A value of a wrong kind is told what a right one is; other faults speak for themselves."""
    said: list[str] = []
    for value in (1.5, "0", None):
        with pytest.raises(ValidationError) as caught:
            _Payment(amount=value)  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
        said.append(str(caught.value))

    assert "a.b: wrong format (float), money is a Decimal, a whole number or a text" in said[0]
    assert ["a.b: invalid (Decimal)", "a.b: required"] == said[1:]


def test_hints_do_not_tell_faults_apart() -> None:
    """Two faults of the same parameter, code and value are the same, whatever the hint."""
    assert FieldError("a", "invalid", hint="x") == FieldError("a", "invalid")


@pytest.mark.parametrize(
    ("given_", "expected"),
    [(12, "12"), ("0012", "0012"), (" 12 34 ", "1234"), ("1-2", "1-2"), (-1, -1), (None, None)],
    ids=repr,
)
def test_numbers_as_texts(given_: int | str | None, expected: object) -> None:
    """A number that names something keeps its zeros; what is no such number stays as it is."""
    assert expected == to_number_text(given_)


def test_booleans_are_no_numbers() -> None:
    """True names nothing."""
    assert to_number_text(value=True) is True


@sensitive_arguments
def _pay(amount: object, name: str) -> str:
    """Pay."""
    _Payment(amount=amount)  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
    return name


def test_quiet_functions_work() -> None:
    """A sensitive_arguments function gives what it gives, under its own name."""
    assert "x" == _pay(1, "x") == _pay(amount=1, name="x")
    assert ("_pay", "Pay.") == (_pay.__name__, _pay.__doc__)


def test_sensitive_arguments_are_not_shown() -> None:
    """A refused argument is in no frame of the error, and the field errors are the same."""
    with pytest.raises(ValidationError) as caught:
        _pay("canary-4f1d", name="canary-4f1d")

    assert (FieldError("a.b", "wrong format", "11 characters"),) == caught.value.field_errors
    assert [] == sightings(caught.value, "canary-4f1d")
