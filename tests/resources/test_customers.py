"""The groups for customers, with a real session and a real server."""

from collections.abc import AsyncIterator, Awaitable, Callable
from decimal import Decimal
from typing import Any

import pytest

from flexiti_async import FlexitiSession
from flexiti_async.api.accounts import ClosedAccount, Verification
from flexiti_async.api.customers import CustomerAccount, FoundAccount
from flexiti_async.api.driverslicense import DriversLicense
from flexiti_async.api.plans import Plans
from flexiti_async.api.reference import ReferenceData
from flexiti_async.errors import (
    AccountNotUsable,
    OutcomeUnknown,
    TriesExceeded,
    ValidationError,
)
from flexiti_async.resources import Accounts, Customers, Reference
from flexiti_async.resources.reference_cache import ReferenceCache
from flexiti_async.testing import ManualClock

from ..api.test_accounts import QUESTION
from ..api.test_driverslicense import SCAN
from ..api.wire import sample
from ..conftest import MakeSession
from ..support.api_server import Api, serving
from ..support.canaries import sightings

REFERENCE_ID = "0123456789abcdef0123456789abcdef"
ZOE: dict[str, Any] = {
    "first_name": "Zoé",
    "last_name": "O'Neil",
    "dob": "1990-01-31",
    "postal_code": "K1A 0B1",
}
Use = Callable[[FlexitiSession], Awaitable[object]]
METHODS: dict[str, tuple[Use, str, object, object]] = {
    "customers_search": (
        lambda f: Customers(f.send).search(**ZOE, reference_id=REFERENCE_ID),
        "merchant",
        [{"account_number": "007"}],
        [FoundAccount(account_number="007")],  # type: ignore[arg-type]
    ),
    "customers_lookup": (
        lambda f: Customers(f.send).lookup(
            account_number="00010000001", lang="fr", reference_id=REFERENCE_ID
        ),
        "merchant",
        {"city": "Ottawa"},
        CustomerAccount(city="Ottawa"),
    ),
    "driverslicense": (
        lambda f: Customers(f.send).read_driverslicense(SCAN, reference_id=REFERENCE_ID),
        "customer",
        {"city": "Ottawa"},
        DriversLicense(city="Ottawa"),
    ),
    "calculate_interest": (
        lambda f: Accounts(f.send).plans(10000001, "300.50", lang="fr", reference_id=REFERENCE_ID),
        "customer",
        {"amount": "300.50"},
        Plans(amount=Decimal("300.50")),
    ),
    "verify": (
        lambda f: Accounts(f.send).verify(
            **QUESTION, vcc_number="1070015210367982", reference_id=REFERENCE_ID
        ),
        "merchant",
        {"verification_code": "0042"},
        Verification("0042"),  # type: ignore[arg-type]
    ),
    "close": (
        lambda f: Accounts(f.send).close(10000001, reference_id=REFERENCE_ID),
        "customer",
        {},
        ClosedAccount(),
    ),
}


@pytest.fixture
async def api() -> AsyncIterator[Api]:
    """Yield a running server."""
    async with serving() as api:
        yield api


@pytest.fixture
def flexiti(api: Api, make_session: MakeSession) -> FlexitiSession:
    """Yield a session with that server."""
    return make_session(base_url=api.url, client_id="shop", client_secret="s")


@pytest.mark.parametrize("name", METHODS)
async def test_methods(api: Api, flexiti: FlexitiSession, name: str) -> None:
    """Each method sends the sample of its endpoint with a token of its scope, in its flow."""
    use, scope, answer, expected = METHODS[name]
    api.then(answer)
    result = await use(flexiti)

    assert [sample(name)] == api.asked
    assert ([scope], [REFERENCE_ID]) == (api.scopes, api.reference_ids)
    assert expected == result


async def test_errors(api: Api, flexiti: FlexitiSession) -> None:
    """An API code is its typed error, with no personal data in its frames."""
    api.then({"error": "user_not_active", "message": "No!"}, status=409)
    with pytest.raises(AccountNotUsable) as caught:
        await Customers(flexiti.send).lookup(customer_id="9876543-21098")

    assert ("user_not_active", "customers/lookup") == (caught.value.code, caught.value.endpoint)
    assert [] == sightings(caught.value, "9876543-21098")


async def test_a_verification_is_not_repeated(api: Api, flexiti: FlexitiSession) -> None:
    """A verification whose outcome is unknown is not repeated."""
    api.then_break()
    with pytest.raises(OutcomeUnknown):
        await Accounts(flexiti.send).verify(1, request_id="r")

    assert 1 == len(api.asked)


async def test_wrong_answers_are_counted(api: Api, flexiti: FlexitiSession) -> None:
    """Too many wrong answers are TriesExceeded."""
    api.then({"error": "tries_exceed"}, status=409)
    with pytest.raises(TriesExceeded):
        await Accounts(flexiti.send).verify(**QUESTION)


async def test_invalid_data_are_not_sent(api: Api, flexiti: FlexitiSession) -> None:
    """Invalid data are rejected before anything is sent, and are in no frame."""
    canary = "canary-4f1d"
    customers, accounts = Customers(flexiti.send), Accounts(flexiti.send)
    rejected: list[Callable[[], object]] = [
        lambda: customers.search(first_name="", last_name=canary, dob=canary),
        lambda: customers.lookup(account_number=canary),
        lambda: customers.read_driverslicense(f"{canary}\ud800"),
        lambda: accounts.plans(canary, 1),
        lambda: accounts.verify(canary, request_id=canary),
        lambda: accounts.close(canary),
    ]
    for attempt in rejected:
        with pytest.raises(ValidationError) as caught:
            attempt()
        assert [] == sightings(caught.value, canary)

    assert [] == api.asked


async def test_form_values(api: Api, flexiti: FlexitiSession, clock: ManualClock) -> None:
    """Form values are requested once per language, and served stale while the API is down."""
    cache = ReferenceCache(place="shop", ttl=600, clock=clock)
    reference = Reference(flexiti.send, cache)
    api.then({"province": ["ON"]})
    api.then({"province": ["QC"]})
    english = [await reference.form_values(), await reference.form_values()]
    french = await reference.form_values(lang="fr")
    clock.advance(600)
    for _ in range(3):
        api.then({}, status=503)
    old = await reference.form_values(lang="fr")

    assert [ReferenceData({"province": ["ON"]})] * 2 == english
    assert ReferenceData({"province": ["QC"]}) == french == old
    assert sample("i18n") == api.asked[0]
    assert ["en", "fr", "fr"] == [asked["query"]["lang"] for asked in api.asked[:3]]
