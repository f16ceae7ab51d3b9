"""Regressions of widget/init."""

from typing import Any

import pytest

from flexiti_async.api.widget import ApplyWidget, PurchaseWidget, Widget
from flexiti_async.errors import FieldError, ValidationError
from flexiti_async.protocol.json_codec import UnfitError
from flexiti_async.protocol.secret import Secret
from flexiti_async.protocol.structuring import structure

from ..support.canaries import sightings
from .test_widget_body import APPLICANT

ACCOUNT = "customer_identification.account_number"


def test_empty_card_number() -> None:
    """An empty card number counts as missing."""
    assert 1 == PurchaseWidget(account_number=1, vcc_number="").account_number


def test_secret_card_number_with_spaces() -> None:
    """A card number in a Secret may have spaces."""
    widget = PurchaseWidget(vcc_number=Secret("1070 0152 1036 7982"))

    assert Secret("1070015210367982") == widget.vcc_number


@pytest.mark.parametrize(
    ("given", "error"),
    [
        (0, FieldError(ACCOUNT, "invalid", "number of 1 digit")),
        (10**5000, FieldError(ACCOUNT, "length", "number of more than 300 digits")),
    ],
    ids=["zero", "huge"],
)
def test_account_number_is_one_error(given: int, error: FieldError) -> None:
    """An invalid account number is not reported as missing as well."""
    with pytest.raises(ValidationError) as caught:
        PurchaseWidget(account_number=given)

    assert (error,) == caught.value.field_errors


@pytest.mark.parametrize("name", ["lang", "account_type", "tos_agreement"])
def test_mixed_up_fields_are_not_shown(name: str) -> None:
    """An invalid value of a field that is not personal is in no frame either."""
    fields: dict[str, Any] = {**APPLICANT, name: "canary"}
    with pytest.raises(ValidationError) as caught:
        ApplyWidget(**fields)

    assert [] == sightings(caught.value, "canary")


def test_no_control_characters_in_an_address() -> None:
    """An e-mail address has no control characters."""
    fields: dict[str, Any] = {**APPLICANT, "email": "a\x00@b.ca"}
    with pytest.raises(ValidationError) as caught:
        ApplyWidget(**fields)

    assert (FieldError("email", "wrong format", "7 characters"),) == caught.value.field_errors


@pytest.mark.parametrize(
    "url", ["https://h/\r\nSet-Cookie: a=b", "https://", "https:///x", "https://h/ x"], ids=ascii
)
def test_invalid_urls(url: str) -> None:
    """A URL without a host, or one that would split a header, is rejected."""
    with pytest.raises(UnfitError):
        structure({"redirection_url": url}, Widget)


def test_urls_of_odd_case_and_length() -> None:
    """The scheme may be in capitals, and a URL may have many parameters."""
    query = "&".join(f"a{number}=1" for number in range(99))
    widget = structure({"redirection_url": f"HTTPS://h/#/widget/c/t?{query}&lang=fr"}, Widget)

    assert "language='fr'" in repr(widget)
