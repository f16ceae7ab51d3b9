"""The groups for payments, with a real session and a real server."""

from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from flexiti_async import FlexitiSession
from flexiti_async.api.applications import Application
from flexiti_async.api.authorization_lists import AuthorizationSearch
from flexiti_async.api.authorizations import Authorization
from flexiti_async.api.captures import Capture, Release
from flexiti_async.api.purchases import InStorePurchase, OnlinePurchase
from flexiti_async.api.refunds import Refund
from flexiti_async.api.returns import Return
from flexiti_async.api.transactions import Transaction, TransactionRequest
from flexiti_async.errors import (
    AmountExceeded,
    MalformedAnswer,
    NotFound,
    OutcomeUnknown,
    ValidationError,
)

from ..api.test_applications import BODY
from ..api.test_authorizations import IN_STORE, ONLINE
from ..api.test_captures import CAPTURE, CARD, RELEASE, RETURN
from ..api.test_refunds import REFUND
from ..api.test_transactions import PAYMENT
from ..api.wire import sample
from ..conftest import MakeSession
from ..support.api_server import BASE, OWN_HEADERS, Api, serving
from ..support.canaries import sightings

REFERENCE_ID = "0123456789abcdef0123456789abcdef"
KEY = "order-1"
LONG_KEY = "k" * 41
"""It does not fit into `reference`, which then is not sent."""


@pytest.fixture
async def api() -> AsyncIterator[Api]:
    """Yield a running server."""
    async with serving() as api:
        yield api


@pytest.fixture
def flexiti(api: Api, make_session: MakeSession) -> FlexitiSession:
    """Yield a session with that server."""
    return make_session(base_url=api.url, client_id="shop", client_secret="s")


Use = Callable[[FlexitiSession], Awaitable[object]]
METHODS: dict[str, tuple[Use, str, object]] = {
    "authorization_online": (
        lambda f: f.authorizations.authorize(
            OnlinePurchase(**ONLINE), idempotency_key=KEY, reference_id=REFERENCE_ID
        ),
        "customer",
        Authorization(),
    ),
    "authorization_in_store": (
        lambda f: f.authorizations.authorize(
            InStorePurchase(**IN_STORE),
            lang="fr",
            idempotency_key=LONG_KEY,
            reference_id=REFERENCE_ID,
        ),
        "merchant",
        Authorization(),
    ),
    "authorization_by_id": (
        lambda f: f.authorizations.get(12343, reference_id=REFERENCE_ID),
        "merchant",
        Authorization(),
    ),
    "capture": (
        lambda f: f.authorizations.capture(
            **CAPTURE, idempotency_key=KEY, reference_id=REFERENCE_ID
        ),
        "merchant",
        Capture(),
    ),
    "release": (
        lambda f: f.authorizations.release(
            **RELEASE, idempotency_key=KEY, reference_id=REFERENCE_ID
        ),
        "merchant",
        Release(),
    ),
    "return": (
        lambda f: f.authorizations.return_(
            **RETURN, idempotency_key=KEY, reference_id=REFERENCE_ID
        ),
        "merchant",
        Return(),
    ),
    "refund": (
        lambda f: f.authorizations.refund(**REFUND, idempotency_key=KEY, reference_id=REFERENCE_ID),
        "merchant",
        Refund(),
    ),
    "transactions": (
        lambda f: f.transactions.make(
            TransactionRequest(**PAYMENT), idempotency_key=KEY, reference_id=REFERENCE_ID
        ),
        "merchant",
        Transaction(),
    ),
    "application": (
        lambda f: f.applications.apply(BODY, idempotency_key=KEY, reference_id=REFERENCE_ID),
        "customer",
        Application(),
    ),
}
MONEY = [name for name in METHODS if name not in {"authorization_by_id", "transactions"}]


@pytest.mark.parametrize("name", METHODS)
async def test_method(name: str, api: Api, flexiti: FlexitiSession) -> None:
    """A method sends its call once, with a token of its scope, in the given flow."""
    use, scope, expected = METHODS[name]
    result = await use(flexiti)
    (request,) = api.asked
    request["headers"].pop("x-context-hash", None)

    assert expected == result
    assert sample(name) == request
    assert ([scope], [REFERENCE_ID]) == (api.scopes, api.reference_ids)


@pytest.mark.parametrize("name", MONEY)
async def test_money_is_not_moved_twice(name: str, api: Api, flexiti: FlexitiSession) -> None:
    """A call that was sent and not answered is not repeated: its outcome is unknown."""
    api.then_break()
    with pytest.raises(OutcomeUnknown) as caught:
        await METHODS[name][0](flexiti)

    assert 1 == len(api.asked)
    assert REFERENCE_ID == caught.value.reference_id


@pytest.mark.parametrize("name", MONEY)
async def test_a_server_error_is_not_repeated(name: str, api: Api, flexiti: FlexitiSession) -> None:
    """After a 5xx, possibly from a gateway, the outcome is unknown and nothing is repeated."""
    api.then({}, 503)
    with pytest.raises(OutcomeUnknown) as caught:
        await METHODS[name][0](flexiti)

    assert (503, 1) == (caught.value.status, len(api.asked))


@pytest.mark.parametrize("name", MONEY)
async def test_a_second_call_with_the_key(name: str, api: Api, flexiti: FlexitiSession) -> None:
    """The same key returns the recorded answer, marked, and sends nothing."""
    first = await METHODS[name][0](flexiti)
    second = await METHODS[name][0](flexiti)

    assert first == second
    assert (False, True) == (getattr(first, "replayed", 0), getattr(second, "replayed", 0))
    assert 1 == len(api.asked)


async def test_a_transaction_is_repeated(api: Api, flexiti: FlexitiSession) -> None:
    """Its key is the API's as well, so it is repeated, with key and hash, until the answer."""
    api.then_break()
    api.then({}, 500)
    api.then({"transaction_id": 5})
    result = await METHODS["transactions"][0](flexiti)
    first, second, third = api.asked

    assert Transaction({"transaction_id": 5}) == result
    assert first == second == third
    assert set(OWN_HEADERS) == first["headers"].keys()


async def test_a_lookup_is_repeated(api: Api, flexiti: FlexitiSession) -> None:
    """A lookup is safe to repeat."""
    api.then_break()
    api.then({"authorization_id": 12343})
    result = await flexiti.authorizations.get(12343)

    assert "12343" == result.authorization_id
    assert 2 == len(api.asked)


async def test_invalid_data_are_not_sent(api: Api, flexiti: FlexitiSession) -> None:
    """Invalid data are rejected before anything is awaited."""
    authorizations = flexiti.authorizations
    with pytest.raises(ValidationError):
        _ = authorizations.capture("x", 1, idempotency_key=KEY)
    with pytest.raises(ValidationError):
        _ = authorizations.release(1, amount=0, idempotency_key=KEY)
    with pytest.raises(ValidationError):
        _ = authorizations.all(page_size=0)
    with pytest.raises(ValidationError):
        _ = authorizations.captures(page_size=0)
    with pytest.raises(ValidationError):
        _ = flexiti.applications.apply({"tos_agreement": False}, idempotency_key=KEY)

    assert [] == api.asked


async def test_errors_show_no_card(api: Api, flexiti: FlexitiSession) -> None:
    """No error, from the library or the API, shows a card number, not even in its frames."""
    use = flexiti.authorizations
    api.then({"error": "refunds_limit_exceeded_amount", "message": "No!"}, 409)
    with pytest.raises(AmountExceeded) as theirs:
        await use.refund("10000001", 5, vcc_number=CARD, idempotency_key=KEY)
    with pytest.raises(ValidationError) as ours:
        _ = use.return_(1, 2, amount=-5, vcc_number=CARD, idempotency_key=KEY)

    assert [] == sightings(theirs.value, CARD, "10000001")
    assert [] == sightings(ours.value, CARD)


async def test_all(api: Api, flexiti: FlexitiSession) -> None:
    """Pages are requested in order, with the search, until one is empty."""
    api.then([{"authorization_id": 1}, {"authorization_id": 2}])
    api.then({"whatever": [{"authorization_id": 3}], "total": 3})
    api.then([])
    search = AuthorizationSearch(authorization_status="opened")
    listed = flexiti.authorizations.all(search, page_size=2, lang="fr", reference_id=REFERENCE_ID)

    assert ["1", "2", "3"] == [one.authorization_id async for one in listed]
    expected = {"lang": "fr", "authorization_status": "opened", "page_size": "2"}
    assert [{**expected, "page_number": n} for n in "123"] == [a["query"] for a in api.asked]
    assert [REFERENCE_ID] * 3 == api.reference_ids


async def test_captures(api: Api, flexiti: FlexitiSession) -> None:
    """Captures are listed the same way."""
    api.then([{"capture_id": 1}])
    api.then([])
    listed = flexiti.authorizations.captures({"a": "b"})

    assert ["1"] == [one.capture_id async for one in listed]
    assert [{"a": "b", "page_number": "1"}, {"a": "b", "page_number": "2"}] == [
        asked["query"] for asked in api.asked
    ]
    assert f"{BASE}/v2.5.1/client-id/shop/captures" == api.asked[0]["url"]


async def test_pages_are_requested_as_needed(api: Api, flexiti: FlexitiSession) -> None:
    """A loop that ends early has requested only the pages that it has used."""
    api.then([{"authorization_id": 1}, {"authorization_id": 2}])
    listed = flexiti.authorizations.all()
    first = await anext(listed)
    second = await anext(listed)
    await listed.aclose()

    assert ("1", "2") == (first.authorization_id, second.authorization_id)
    assert 1 == len(api.asked)


async def test_no_such_page(api: Api, flexiti: FlexitiSession) -> None:
    """A 404 for a later page is the end of the list; for the first one it is an error."""
    api.then([{"authorization_id": 1}])
    api.then({"error": "not_found"}, 404)
    listed = flexiti.authorizations.all()

    assert ["1"] == [one.authorization_id async for one in listed]
    api.then({"error": "not_found"}, 404)
    with pytest.raises(NotFound):
        await anext(flexiti.authorizations.all())


async def test_a_list_without_end(api: Api, flexiti: FlexitiSession) -> None:
    """A list without end yields its items up to `most_pages`, and then an error."""
    for number in range(9):
        api.then([{"authorization_id": number}])
    found: list[str | None] = []
    with pytest.raises(MalformedAnswer, match="not ended after page 3"):
        found.extend(
            [one.authorization_id async for one in flexiti.authorizations.all(most_pages=3)]
        )

    assert 3 == len(api.asked)


async def test_a_server_that_ignores_the_number(api: Api, flexiti: FlexitiSession) -> None:
    """A server that answers every number alike gets three requests, and no item repeats."""
    for _ in range(9):
        api.then([{"authorization_id": 1}])
    listed = flexiti.authorizations.all()

    assert ["1"] == [one.authorization_id async for one in listed]
    assert 3 == len(api.asked)


async def test_a_list_that_shifts_while_it_is_read(api: Api, flexiti: FlexitiSession) -> None:
    """No authorization and no capture comes twice, also if its status has changed meanwhile."""
    api.then({"authorizations": [{"authorization_id": 3}, {"authorization_id": 2}], "warnings": []})
    api.then({"authorizations": [{"authorization_id": 2.0, "status": "closed"}, {"id": "1"}]})
    api.then({"authorizations": None, "total": 3})
    listed = [one.authorization_id async for one in flexiti.authorizations.all()]
    for page in ([{"amount": 1}, {"amount": 2}], [{"amount": 2}, {"capture_id": 9}], []):
        api.then(page)
    captures = [one async for one in flexiti.authorizations.captures()]

    assert ["3", "2", "1"] == listed
    assert [{"amount": 1}, {"amount": 2}, {"capture_id": 9}] == [one.extra for one in captures]
