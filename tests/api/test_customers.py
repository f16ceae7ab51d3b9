"""customers: requests, rejected data and answers of search and lookup."""

import datetime
import json
from decimal import Decimal
from typing import Any

import pytest

from flexiti_async.api.common import AccountType, Province
from flexiti_async.api.customers import (
    AccountStatus,
    CustomerAccount,
    FoundAccount,
    OfferType,
    SecurityQuestion,
    lookup,
    search,
)
from flexiti_async.errors import FieldError, MalformedAnswer
from flexiti_async.protocol.call import Call, Replay
from flexiti_async.protocol.secret import Secret
from flexiti_async.protocol.token import Scope

from ..support.canaries import sightings
from .wire import SAMPLES, answered, codes, error_kind, read, rejected, sample, sent

ADA: dict[str, Any] = {"first_name": "Ada", "last_name": "Test", "dob": "1990-01-31"}
IDENTIFIERS = ("account_number", "vcc_number", "customer_id")


def answer(name: str) -> object:
    """Read an answer that was written from the specification."""
    return json.loads((SAMPLES / f"answer_{name}.json").read_text())


def test_search_on_the_wire() -> None:
    """A search is the portal's request, with the postal code as six capitals."""
    call = search(first_name="Zoé", last_name="O'Neil", dob="1990-01-31", postal_code="k1a 0b1")

    assert sample("customers_search") == sent(call)
    assert (Scope.MERCHANT, Replay.SAFE) == (call.scope, call.replay)


def test_search_without_postal_code() -> None:
    """The postal code is optional, and the date of birth may be a `date`."""
    fields: dict[str, Any] = {**ADA, "dob": datetime.date(1990, 1, 31), "postal_code": ""}
    call = search(**fields)

    assert ADA == sent(call)["query"]


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("first_name", "x" * 35),
        ("last_name", "x" * 50),
        ("dob", "1900-01-01"),
        ("postal_code", "H2X1Y4"),
    ],
)
def test_search_accepts(name: str, given: str) -> None:
    """The longest values that the table allows are sent."""
    person: dict[str, Any] = {**ADA, name: given}

    assert given == sent(search(**person))["query"][name]


@pytest.mark.parametrize(
    ("name", "given", "msg", "shown"),
    [
        ("first_name", "x" * 36, "length", "36 characters"),
        ("first_name", None, "required", None),
        ("first_name", 5, "wrong format", "number of 1 digit"),
        ("last_name", "x" * 51, "length", "51 characters"),
        ("last_name", "a\nb", "invalid", "3 characters"),
        ("last_name", "", "required", "0 characters"),
        ("dob", None, "required", None),
        ("dob", "31-01-1990", "wrong format", "10 characters"),
        ("dob", "1899-12-31", "invalid", "10 characters"),
        ("dob", "1990-02-30", "invalid", "10 characters"),
        ("postal_code", "K1A0B", "length", "5 characters"),
        ("postal_code", "Z1A0B1", "invalid", "6 characters"),
        ("postal_code", 613555, "wrong format", "number of 6 digits"),
    ],
)
def test_search_rejects(name: str, given: object, msg: str, shown: str | None) -> None:
    """Each invalid value is exactly one field error."""
    assert (FieldError(name, msg, shown),) == rejected(search, {**ADA, name: given})


def test_search_reports_problems_together() -> None:
    """All problems are reported together."""
    field_errors = rejected(search, {"first_name": "", "last_name": None, "dob": "x"})

    assert ["first_name", "last_name", "dob"] == [error.param for error in field_errors]


def test_search_answer() -> None:
    """Each field has its type, leading zeros are kept, money is exact."""
    expected = FoundAccount(
        customer_id="1234567-12345",  # type: ignore[arg-type]
        account_number="00010000001",  # type: ignore[arg-type]
        account_status=AccountStatus.NORMAL,
        account_status_reason_code="NNOR",
        account_type=AccountType.CONSUMER,
        tos_agreement=True,
        risk_rating="L",
        credit_limit=Decimal("5000.00"),
        available_credit=Decimal("4200.50"),
        originating_merchant_id="100200",  # type: ignore[arg-type]
        originating_merchant_name="Sample store",
        creation_date="31/01/2022 12:00",
        first_name="Ada",
        last_name="Test",
        card_ending_in="0042",  # type: ignore[arg-type]
        preferred_language="fr-CA",
    )

    assert [expected] == answered(search(**ADA), answer("customers_search"))


def test_search_without_a_match() -> None:
    """An empty array is an empty list."""
    assert [] == answered(search(**ADA), [])


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"account_status": "Q"}, FoundAccount(account_status="Q")),
        ({"account_type": "trust"}, FoundAccount(account_type="trust")),
        (
            {"creation_date": "2022-01-31"},
            FoundAccount(creation_date=datetime.date(2022, 1, 31)),
        ),
        ({"risk_rating": "NEW"}, FoundAccount(risk_rating="NEW")),
        ({"shoe_size": 42}, FoundAccount(extra={"shoe_size": 42})),
        ({"account_number": 7, "extra": 1}, FoundAccount(account_number="7", extra={"extra": 1})),  # type: ignore[arg-type]
        ({"first_name": None, "account_status": None}, FoundAccount()),
    ],
    ids=map(str, range(7)),
)
def test_search_answers_are_open(given: dict[str, object], expected: FoundAccount) -> None:
    """Unknown words and fields are kept, and no field is required."""
    assert [expected] == answered(search(**ADA), [given])


@pytest.mark.parametrize("given", [{}, [1], "x"], ids=str)
def test_search_malformed(given: object) -> None:
    """Anything but accounts is a malformed answer."""
    assert isinstance(read(search(**ADA), given), MalformedAnswer)


@pytest.mark.parametrize(
    ("status", "expected"), [("N", True), ("A", False), ("F", False), ("Z", False), ("C", False)]
)
def test_only_normal_accounts_purchase(status: str, expected: bool) -> None:
    """Of the five documented statuses only N can purchase."""
    (found,) = answered(search(**ADA), [{"account_status": status}])

    assert expected is found.can_purchase
    assert isinstance(found.account_status, AccountStatus)


def test_lookup_on_the_wire() -> None:
    """A lookup is the portal's request; leading zeros are kept."""
    call = lookup(account_number="00010000001", lang="fr")

    assert sample("customers_lookup") == sent(call)
    assert (Scope.MERCHANT, Replay.SAFE) == (call.scope, call.replay)


@pytest.mark.parametrize(
    ("name", "given", "expected"),
    [
        ("account_number", 10000001, "10000001"),
        ("account_number", "9" * 14, "9" * 14),
        ("vcc_number", "1070 0152 1036 7982", "1070015210367982"),
        ("vcc_number", Secret("1070015210367982"), "1070015210367982"),
        ("customer_id", "1234567-12345", "1234567-12345"),
        ("customer_id", 123456789012, "123456789012"),
        ("customer_id", " 123 ", "123"),
    ],
    ids=map(str, range(7)),
)
def test_lookup_by(name: str, given: object, expected: str) -> None:
    """Each of the three identifiers is sent alone, with the language."""
    fields: dict[str, Any] = {name: given}

    assert {"lang": "en", name: expected} == sent(lookup(**fields))["query"]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, [("account_number", "required")]),
        ({"account_number": ""}, [("account_number", "required")]),
        ({"account_number": 1, "customer_id": "1"}, [("customer_id", "invalid")]),
        (
            {"account_number": 1, "vcc_number": "1", "customer_id": "1"},
            [("vcc_number", "invalid"), ("customer_id", "invalid")],
        ),
        ({"account_number": "1" * 15}, [("account_number", "length")]),
        ({"account_number": "12a"}, [("account_number", "wrong format")]),
        ({"account_number": -1}, [("account_number", "wrong format")]),
        ({"account_number": 1.5}, [("account_number", "wrong format")]),
        ({"vcc_number": "1" * 17}, [("vcc_number", "length")]),
        ({"vcc_number": "x"}, [("vcc_number", "wrong format")]),
        ({"customer_id": "1" * 21}, [("customer_id", "length")]),
        ({"customer_id": "1-2-3"}, [("customer_id", "wrong format")]),
        ({"customer_id": True}, [("customer_id", "wrong format")]),
        ({"account_number": 1, "lang": "de"}, [("lang", "invalid")]),
    ],
    ids=map(str, range(14)),
)
def test_lookup_rejects(given: dict[str, Any], expected: list[tuple[str, str]]) -> None:
    """Exactly one valid identifier is required."""
    assert expected == [(error.param, error.msg) for error in rejected(lookup, given)]


def test_lookup_answer() -> None:
    """Each field has its type in either spelling; contact data may be masked."""
    expected = CustomerAccount(
        available_credit=Decimal("4200.50"),
        account_number="10000001",  # type: ignore[arg-type]
        customer_id="123456789012",  # type: ignore[arg-type]
        security_qid=SecurityQuestion(id=12345, text="Name of the first pet?"),  # type: ignore[arg-type]
        email="a***@example.com",
        phone_number="******0100",  # type: ignore[arg-type]
        address_1="1 Sample St",
        city="Ottawa",
        postal_code="K1A0B1",
        province=Province.ONTARIO,
        payment_protection=False,
        risk_rating="M",
        offer_types=[OfferType("Sample plan", 101, "equal_billing", [6, 12])],  # type: ignore[arg-type]
    )

    assert expected == answered(lookup(account_number=1), answer("customers_lookup"))


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, CustomerAccount()),
        ({"province": "XX"}, CustomerAccount(province="XX")),
        ({"offer_types": None}, CustomerAccount()),
        ({"pet": "cat"}, CustomerAccount(extra={"pet": "cat"})),
        (
            {"offer_types": [{"term_options": 12, "x": 1}]},
            CustomerAccount(offer_types=[OfferType(term_options=12, extra={"x": 1})]),
        ),
        ({"phone_number": 6135550100}, CustomerAccount(phone_number="6135550100")),  # type: ignore[arg-type]
    ],
    ids=map(str, range(6)),
)
def test_lookup_answers_are_open(given: object, expected: CustomerAccount) -> None:
    """Unknown words and fields are kept, and no field is required."""
    assert expected == answered(lookup(account_number=1), given)


@pytest.mark.parametrize(
    ("status", "code", "expected"),
    codes("""
        403 forbidden Forbidden
        404 not_found NotFound
        404 brand_new NotFound
    """),
)
def test_search_errors(status: int, code: str, expected: str) -> None:
    """Each documented error of search has its class, and an unknown code is kept."""
    assert expected == error_kind(search(**ADA), status, code)


@pytest.mark.parametrize(
    ("status", "code", "expected"),
    codes("""
        403 forbidden Forbidden
        404 not_found NotFound
        409 invalid_role InvalidRole
        409 user_not_able_to_purchase AccountNotUsable
        409 user_not_active AccountNotUsable
        409 merchant_not_support_nonprime_regularpurchase NotPermitted
        409 brand_new Conflict
    """),
)
def test_lookup_errors(status: int, code: str, expected: str) -> None:
    """Each documented error of lookup has its class, and an unknown code is kept."""
    assert expected == error_kind(lookup(account_number=1), status, code)


@pytest.mark.parametrize("call", [search(**ADA), lookup(account_number=1)], ids=["search", "look"])
def test_version(call: Call[object]) -> None:
    """The version is v2.5, and `at_version` changes it."""
    assert "/v2.5/" in sent(call)["url"]
    assert "/v3/" in sent(call.at_version("v3"))["url"]


def test_nothing_personal_shows() -> None:
    """No call, answer or error shows personal data."""
    canary = "canary-4f1d"
    found = FoundAccount(first_name=canary, last_name=canary, account_number=canary)  # type: ignore[arg-type]
    account = CustomerAccount(email=canary, address_1=canary, customer_id=canary)  # type: ignore[arg-type]
    person: dict[str, Any] = {**ADA, "last_name": canary}
    call = search(**person)

    assert canary not in f"{found} {account} {call}"
    for attempt in (
        lambda: search(first_name=canary, last_name="x" * 51, dob=canary),
        lambda: lookup(account_number=canary, customer_id=canary),
    ):
        with pytest.raises(ValueError, match=r"length|wrong format") as caught:
            attempt()
        assert [] == sightings(caught.value, canary)
