"""Rules of money, and functions whose errors do not show their arguments."""

import asyncio
from decimal import Decimal
from inspect import iscoroutinefunction

import pytest
from attrs import field, frozen
from hypothesis import given
from hypothesis import strategies as st

from flexiti_async.api.common import money
from flexiti_async.api.converters import to_money, to_number_text
from flexiti_async.errors import FieldError, MalformedEvent, ValidationError
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
    """An amount is a Decimal with two decimal places, above 0 unless it is signed."""
    assert expected == money_check(digits, signed=signed).problem(value)


@given(st.one_of(st.decimals(), st.integers(), st.text(), st.floats(), st.none(), st.booleans()))
def test_converting_changes_no_value(value: Decimal | float | str | None) -> None:
    """A converted amount has the same value, and others are returned as they are, or trimmed."""
    made: object = to_money(value)  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]

    if isinstance(made, Decimal) and made.is_finite():
        assert Decimal(str(value)) == made
    elif isinstance(value, str):
        assert str(made) in value
    else:
        assert made is value


@validated
@frozen(kw_only=True, slots=False)
class _Payment:
    """A request with an amount."""

    amount: Decimal = field(converter=to_money, metadata=takes(money(required=True, param="a.b")))


def test_hints() -> None:
    """An invalid amount comes with the rule, and so does a missing one."""
    texts: list[str] = []
    for value in (1.5, "0", None):
        with pytest.raises(ValidationError) as caught:
            _Payment(amount=value)  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
        texts.append(str(caught.value))

    rule = (
        "must be dollars greater than 0 as a Decimal, an int or text such as '12.50', "
        "at most 16 digits before the point and two after it; a float is not exact"
    )
    assert [
        f"a.b: wrong format (float), {rule}",
        f"a.b: invalid (Decimal), {rule}",
        f"a.b: required, {rule}",
    ] == texts


def test_hints_do_not_count_for_equality() -> None:
    """Field errors with the same parameter, code and value are equal, with any hint."""
    assert FieldError("a", "invalid", hint="x") == FieldError("a", "invalid")


@pytest.mark.parametrize(
    ("given_", "expected"),
    [(12, "12"), ("0012", "0012"), (" 12 34 ", "1234"), ("1-2", "1-2"), (-1, -1), (None, None)],
    ids=repr,
)
def test_numbers_as_texts(given_: int | str | None, expected: object) -> None:
    """An identifying number keeps its zeros; other values are returned unchanged."""
    assert expected == to_number_text(given_)


def test_booleans_are_not_numbers() -> None:
    """True is returned unchanged."""
    assert to_number_text(value=True) is True


@sensitive_arguments
async def _pay_later(amount: object, name: str) -> str:
    """Pay later."""
    await asyncio.sleep(0)
    return _pay(amount, name)


@sensitive_arguments
async def _fail(name: str) -> str:
    """Fail with a subclass and a text of its own."""
    raise MalformedEvent("Text!", field_errors=[FieldError("a", "invalid", f"{len(name)}")])


@sensitive_arguments
def _pay(amount: object, name: str) -> str:
    """Pay."""
    _Payment(amount=amount)  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
    return name


def test_sensitive_arguments_keeps_the_function() -> None:
    """A decorated function returns its result, under its own name."""
    assert "x" == _pay(1, "x") == _pay(amount=1, name="x")
    assert ("_pay", "Pay.") == (_pay.__name__, _pay.__doc__)


async def test_sensitive_arguments_keeps_the_coroutine_function() -> None:
    """A decorated coroutine function is one, and returns its result."""
    assert "x" == await _pay_later(1, name="x")
    assert ("_pay_later", True) == (_pay_later.__name__, iscoroutinefunction(_pay_later))


def test_sensitive_arguments_are_not_shown() -> None:
    """An invalid argument is in no frame of the error, and the field errors are the same."""
    with pytest.raises(ValidationError) as caught:
        _pay("canary-4f1d", name="canary-4f1d")

    assert (FieldError("a.b", "wrong format", "11 characters"),) == caught.value.field_errors
    assert [] == sightings(caught.value, "canary-4f1d")


async def test_sensitive_arguments_of_a_coroutine_are_not_shown() -> None:
    """The same holds for a coroutine function."""
    with pytest.raises(ValidationError) as caught:
        await _pay_later("canary-4f1d", name="canary-4f1d")

    assert (FieldError("a.b", "wrong format", "11 characters"),) == caught.value.field_errors
    assert [] == sightings(caught.value, "canary-4f1d")


async def test_sensitive_arguments_keeps_class_and_text() -> None:
    """A subclass of ValidationError stays one, with its text."""
    with pytest.raises(MalformedEvent, match="Text!") as caught:
        await _fail("canary-4f1d")

    assert (FieldError("a", "invalid", "11"),) == caught.value.field_errors
    assert [] == sightings(caught.value, "canary-4f1d")
