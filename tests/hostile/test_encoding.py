"""A value that cannot be encoded is refused before any token, from frames without secrets."""

from collections.abc import Awaitable, Callable
from typing import Any, Final

import pytest
from attrs import evolve

from flexiti_async import (
    ConfigError,
    FlexitiConfig,
    FlexitiSession,
    PurchaseWidget,
    Scope,
    ValidationError,
)
from flexiti_async.api.accounts import close
from flexiti_async.api.reference import information
from flexiti_async.api.widget import init_widget
from flexiti_async.operations.keys import IdempotencyKey
from flexiti_async.sandbox import Sandbox

from ..support.canaries import sightings

NAME: Final = "Canarina"
HALF: Final = f"{NAME}\ud800"
Refused = Callable[[FlexitiSession], Awaitable[object]]
KEY: Final[IdempotencyKey] = "order-1"


async def checkout(session: FlexitiSession) -> object:
    """Apply with half of a character in the data that the shop adds."""
    begun = await session.checkout(KEY)
    return await begun.send(close(1).with_body({"first_name": HALF}))


REFUSED: Final[dict[str, Refused]] = {
    "a name": lambda session: session.customers.search(
        first_name=HALF, last_name=NAME, dob="1990-01-31"
    ),
    "a body": lambda session: session.send(close(1).with_body({"first_name": HALF})),
    "NaN": lambda session: session.send(close(1).with_body({NAME: float("nan")})),
    "a list as body": lambda session: session.reference.information([NAME]),  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    "a query": lambda session: session.reference.terms(query={NAME: HALF}),
    "a key of form values": lambda session: session.reference.form_values(".."),
    "a value in the path": lambda session: session.send(
        evolve(close(1), path_values={"account_number": ".."})
    ),
    "an operation": lambda session: session.applications.apply(
        {"first_name": HALF}, idempotency_key=KEY
    ),
}


@pytest.mark.parametrize("case", REFUSED)
async def test_what_cannot_be_sent_is_refused_before_a_token_is_requested(
    session: FlexitiSession, sandbox: Sandbox, case: str
) -> None:
    """A surrogate in JSON is a field error, not a 500 that shows the shared token."""
    with pytest.raises(ValidationError) as caught:
        await REFUSED[case](session)

    assert [] == sightings(caught.value, NAME)
    assert 0 == sandbox.count("oauth/token")


async def test_a_checkout_refuses_it_with_its_token_unseen(
    session: FlexitiSession, sandbox: Sandbox
) -> None:
    """A checkout has its token already; no frame shows it."""
    with pytest.raises(ValidationError) as caught:
        await checkout(session)

    assert [] == sightings(caught.value, NAME, *(one.access_token for one in sandbox.tokens))


def test_a_name_of_half_a_character() -> None:
    """The widget refuses it at the field."""
    with pytest.raises(ValidationError, match="first_name: invalid") as caught:
        PurchaseWidget(account_number=1, first_name=HALF)

    assert [] == sightings(caught.value, NAME)


@pytest.mark.parametrize("client_id", ["..", ".", "caf\u00e9", "a" * 101, "a\ud800", "a\u200b"])
def test_a_client_id_that_no_url_can_hold(client_id: str) -> None:
    """The configuration checks it: it is a segment of every URL."""
    with pytest.raises(ConfigError, match="client_id: must be"):
        FlexitiConfig(client_id=client_id, client_secret="s", environment="training")


def test_information_takes_a_json_object() -> None:
    """Anything else is refused where the call is built."""
    body: Any = [NAME]
    with pytest.raises(ValidationError, match="body: wrong format"):
        information(body)


def at_the_counter(session: FlexitiSession) -> Awaitable[Any]:
    """Start a checkout in store: its token is a merchant's."""
    return session.in_store_checkout(KEY)


async def test_only_customer_tokens_open_a_widget(session: FlexitiSession) -> None:
    """Its URL holds the token: a call of another scope or name, or by another way, is refused."""
    call = init_widget(PurchaseWidget(account_number=10000001))
    renamed = evolve(call, endpoint="anything", scope=Scope.MERCHANT)
    in_store = await at_the_counter(session)
    ways: list[Refused] = [
        lambda session: session.send(evolve(call, scope=Scope.MERCHANT)),
        lambda session: session.send(renamed),
        lambda _: in_store.send(renamed),
        lambda _: in_store._flow.send_pinned(call),
    ]
    for way in ways:
        with pytest.raises(ConfigError, match="customer scope only"):
            await way(session)

    assert "#/widget/" in (await in_store.send(call)).redirection_url


def test_an_applicant_of_another_type_is_not_shown() -> None:
    """A dict in place of the model is refused without the person in a frame."""
    person: Any = {"first_name": NAME}
    with pytest.raises(ValidationError, match="widget: wrong format") as caught:
        init_widget(person)

    assert [] == sightings(caught.value, NAME)
