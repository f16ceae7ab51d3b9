"""Idempotency keys as shops write them, and ids that no rotation changes."""

import enum
import uuid

import pytest

from flexiti_async.errors import ValidationError
from flexiti_async.operations.keys import (
    default_account,
    idempotency_key_of,
    operation_id,
    store_key,
)
from flexiti_async.protocol.call import OperationKind

from .acts import Anything


class Markup(str):
    """A text that speaks for itself."""

    __slots__ = ()

    def __str__(self) -> str:
        return "something else"


class Order(enum.IntEnum):
    """Numbers of orders."""

    FIRST = 1


class Loud(int):
    """A number that speaks for itself."""

    def __str__(self) -> str:
        return "loud"


ORDER = uuid.UUID("12345678123456781234567812345678")


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ("order-9", "order-9"),
        ("a b", "a b"),
        ("x" * 255, "x" * 255),
        (17, "17"),
        (0, "0"),
        (-5, "-5"),
        (10**254, str(10**254)),
        (Order.FIRST, "1"),
        (Loud(7), "7"),
        (Markup("order-10"), "order-10"),
        (ORDER, "12345678-1234-5678-1234-567812345678"),
    ],
)
def test_a_key_is_its_text(given: Anything, text: str) -> None:
    """Texts, ints and UUIDs are keys; a subclass is what it contains."""
    key = idempotency_key_of(given)

    assert (text, str) == (key, type(key))


@pytest.mark.parametrize(
    "given",
    [
        "",
        " ",
        " order-9",
        "order-9\n",
        "commande-é",
        "order\t9",
        "\ud83d",
        "x" * 256,
        10**255,
        10**5000,
        True,
        None,
        1.0,
        b"order-9",
        ["order-9"],
        object(),
    ],
    ids=[
        "empty",
        "blank",
        "a blank before",
        "a line feed",
        "an accent",
        "a tab",
        "half a surrogate",
        "256 characters",
        "256 digits",
        "5,001 digits",
        "True",
        "None",
        "a float",
        "bytes",
        "a list",
        "an object",
    ],
)
def test_anything_else_is_a_validation_error(given: Anything) -> None:
    """Callers without a type checker get one error of this library's, for the right field."""
    with pytest.raises(ValidationError) as caught:
        idempotency_key_of(given)

    assert ["idempotency_key"] == [error.param for error in caught.value.field_errors]


def test_an_id_names_account_kind_and_key() -> None:
    """Kinds have keys of their own; an endpoint counts for calls that are built by hand."""
    kinds = [operation_id("shop", kind, "x", "order-9") for kind in OperationKind]

    assert len(OperationKind) == len(set(kinds))
    assert kinds[0] == operation_id("shop", OperationKind.AUTHORIZE, "renamed", "order-9")
    assert kinds[0] != operation_id("shop-2", OperationKind.AUTHORIZE, "x", "order-9")
    assert kinds[0] != operation_id("shop", OperationKind.AUTHORIZE, "x", "order-10")
    assert kinds[-1] != operation_id("shop", OperationKind.OTHER, "y", "order-9")
    assert 32 == len(kinds[0])
    assert store_key(kinds[0]).endswith(kinds[0])


def test_an_id_is_the_same_for_ever() -> None:
    """Changing how ids are computed would forget every operation of every shop."""
    one = operation_id("production shop-1", OperationKind.CAPTURE, "authorization/capture", "9")

    assert "0ddd84" == one[:6]


def test_the_account_has_no_path_and_no_secret() -> None:
    """The environment names it, or else the origin."""
    assert "production shop" == default_account("production", "https://a/b", "shop")
    assert "https://a:8443 shop" == default_account(None, "https://a:8443/flexiti/b", "shop")
