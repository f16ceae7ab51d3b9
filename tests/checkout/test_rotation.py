"""A rotation of the credentials loses no checkout: three deployments, workers before and after."""

from itertools import pairwise
from typing import Any

import pytest

from flexiti_async import CheckoutNotFound, FlexitiSession, PurchaseWidget
from flexiti_async.sandbox import Sandbox
from flexiti_async.testing import FaultyStore, ManualClock

from ..conftest import MakeSession
from ..support.keys import encryption_key

KEY = encryption_key("new").reveal()
BUY = PurchaseWidget(account_number=20009100)
SECRET = {"client_secret": "sandbox-client-secret"}
LOGIN = {
    "merchant_username": "sandbox-merchant",
    "merchant_password": "sandbox-merchant-password",
}
NEW_LOGIN = {"merchant_username": "sandbox-merchant", "merchant_password": "changed"}
OTHER_NONE = {"other_merchants_login": "never"}
NEVER = {**LOGIN, "merchants_login": "never"}
NO_LOGIN: dict[str, str] = {}


def other(credentials: dict[str, str]) -> dict[str, str]:
    """Return credentials as the options of the ones that only find."""
    return {f"other_{name}": value for name, value in credentials.items()}


def rotation(old: dict[str, str], new: dict[str, str]) -> list[dict[str, Any]]:
    """Return the options before and after each of the three deployments."""
    return [old, {**old, **other(new)}, {**new, **other(old)}, new]


ROTATIONS: dict[str, list[dict[str, Any]]] = {
    "client secret": rotation(SECRET, {"client_secret": "new, with a comma"}),
    "merchant password": rotation(LOGIN, NEW_LOGIN),
    "both": rotation({**SECRET, **LOGIN}, {"client_secret": "new", **NEW_LOGIN}),
    "merchant login is added": [NO_LOGIN, other(LOGIN), {**LOGIN, **OTHER_NONE}, LOGIN],
    "merchant login is removed": [LOGIN, {**LOGIN, **OTHER_NONE}, other(LOGIN), NO_LOGIN],
    "the store is encrypted": [
        {},
        {"token_keys": ["plain", KEY]},
        {"token_keys": [KEY, "plain"]},
        {"token_keys": KEY},
    ],
    "the store is decrypted": [
        {"token_keys": KEY},
        {"token_keys": [KEY, "plain"]},
        {"token_keys": ["plain", KEY]},
        {},
    ],
    "merchants_login is turned on": [
        NEVER,
        {**NEVER, **other(LOGIN)},
        {**LOGIN, **OTHER_NONE},
        LOGIN,
    ],
}


async def hand_over(first: FlexitiSession, second: FlexitiSession, order: str) -> None:
    """Take the steps of a checkout in two workers in turn."""
    begun = await first.checkout(order)
    continued = await second.resume(begun.reference_id)
    await continued.init_widget(BUY)
    back = await first.resume(begun.reference_id)
    await back.init_widget(BUY)

    assert begun.token.token_id == back.token.token_id
    assert back.session_id == (await second.resume(begun.reference_id)).session_id


@pytest.mark.parametrize("name", ROTATIONS)
async def test_no_checkout_is_lost(make_session: MakeSession, sandbox: Sandbox, name: str) -> None:
    """In each deployment a checkout passes between workers before and after it, either way."""
    stages = ROTATIONS[name]
    for number, (before, after) in enumerate(pairwise(stages)):
        workers: list[FlexitiSession] = []
        for options in (before, after):
            # The sandbox knows one secret at a time, and tokens that it has issued stay valid.
            sandbox.client_secret = options.get("client_secret", sandbox.client_secret)
            sandbox.merchant_password = options.get("merchant_password", sandbox.merchant_password)
            worker = make_session(**options)
            await worker.token(min_ttl=600)
            workers.append(worker)
        await hand_over(workers[0], workers[1], f"order-{number}")
        await hand_over(workers[1], workers[0], f"order-{number}-back")

    assert len(stages) * 4 - 4 == sandbox.count("widget/init", status=200)


async def test_a_checkout_stays_under_the_key_that_it_was_saved_under(
    make_session: MakeSession, sandbox: Sandbox, clock: ManualClock
) -> None:
    """Steps that are taken with the new secret are found with the old one, and not without it."""
    store = FaultyStore(clock.boot)
    old = make_session(store=store)
    begun = await old.checkout("order-1")
    sandbox.client_secret = "new"
    both = make_session(store=store, other_client_secret="sandbox-client-secret")
    continued = await both.resume(begun.reference_id)
    await continued.init_widget(BUY)

    assert continued.session_id == (await old.resume(begun.reference_id)).session_id
    with pytest.raises(CheckoutNotFound):
        await make_session(store=store).resume(begun.reference_id)


async def test_the_other_secret_requests_nothing(
    make_session: MakeSession, sandbox: Sandbox
) -> None:
    """A token is requested with the secret in use, and not adopted from the other one."""
    token = await make_session().token()
    sandbox.client_secret = "new"
    both = make_session(other_client_secret="sandbox-client-secret")

    assert token.token_id != (await both.token()).token_id
    assert 2 == sandbox.count("oauth/token")
