"""Edges of widget/init that were once fallen over."""

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
    """An empty card number is a missing one."""
    assert 1 == PurchaseWidget(account_number=1, vcc_number="").account_number


def test_secret_card_number_with_spaces() -> None:
    """A card number may have spaces also as a Secret."""
    widget = PurchaseWidget(vcc_number=Secret("1070 0152 1036 7982"))

    assert Secret("1070015210367982") == widget.vcc_number


@pytest.mark.parametrize(
    ("given", "fault"),
    [
        (0, FieldError(ACCOUNT, "invalid", "number of 1 digits")),
        (10**5000, FieldError(ACCOUNT, "length", "number of more than 300 digits")),
    ],
    ids=["zero", "huge"],
)
def test_account_number_is_one_fault(given: int, fault: FieldError) -> None:
    """A refused account number is not also a missing one."""
    with pytest.raises(ValidationError) as caught:
        PurchaseWidget(account_number=given)

    assert (fault,) == caught.value.field_errors


@pytest.mark.parametrize("name", ["lang", "account_type", "tos_agreement"])
def test_mixed_up_fields_are_not_shown(name: str) -> None:
    """Also what is refused in a field that is not personal shows in no frame."""
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
def test_urls_that_are_none(url: str) -> None:
    """A URL without a host, or one that would split a header, is no place to send anybody."""
    with pytest.raises(UnfitError):
        structure({"redirection_url": url}, Widget)


def test_urls_of_odd_case_and_length() -> None:
    """The scheme has no case, and a URL with many parameters can be shown."""
    query = "&".join(f"a{number}=1" for number in range(99))
    widget = structure({"redirection_url": f"HTTPS://h/#/widget/c/t?{query}&lang=fr"}, Widget)

    assert "language='fr'" in repr(widget)
