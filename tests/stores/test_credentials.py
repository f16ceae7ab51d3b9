"""Only the credentials that obtained a token, or saved a checkout, find it in a shared store."""

from pathlib import Path
from typing import Any

import pytest

from flexiti_async import CheckoutNotFound, FlexitiSession, PurchaseWidget
from flexiti_async.errors import TokenMisconfigured
from flexiti_async.protocol.token import Scope
from flexiti_async.sandbox import Sandbox

from ..conftest import MakeSession
from ..support.patience import PATIENCE

BUY = PurchaseWidget(account_number=20009100)
WRONG: list[dict[str, Any]] = [
    {"client_secret": "mistyped"},
    {"merchant_username": "sandbox-merchant", "merchant_password": "mistyped"},
]


@pytest.fixture(params=["memory", "file", "redis"])
def make(request: pytest.FixtureRequest, make_session: MakeSession, tmp_path: Path) -> MakeSession:
    """Return `make_session` over one store, of each kind in turn."""
    store: dict[str, Any] = {}
    if request.param == "file":
        store = {"store": f"file://{tmp_path}/store?timeout={PATIENCE}"}
    elif request.param == "redis":
        store = {"store": request.getfixturevalue("valkey").url}

    def make(**options: Any) -> FlexitiSession:
        return make_session(**store, **options)

    return make


@pytest.mark.parametrize("wrong", WRONG)
async def test_wrong_credentials_find_nothing_of_the_right_ones(
    make: MakeSession, sandbox: Sandbox, wrong: dict[str, Any]
) -> None:
    """They get no token, resume no checkout and move no money, whatever the store holds."""
    shop, other = make(), make(**wrong)
    checkout = await shop.checkout("order-1")
    await checkout.init_widget(BUY)
    await shop.token(Scope.MERCHANT)

    with pytest.raises(CheckoutNotFound):
        await other.resume(checkout.reference_id)
    for scope in Scope:
        with pytest.raises(TokenMisconfigured):
            await other.token(scope)
    with pytest.raises(TokenMisconfigured):
        await other.authorizations.capture(1, amount="200.00", idempotency_key="shipment-1")

    assert 0 == sandbox.count("captures")
    assert checkout.reference_id == (await shop.resume(checkout.reference_id)).reference_id


async def test_a_token_that_was_not_logged_in_is_not_adopted(
    make: MakeSession, sandbox: Sandbox
) -> None:
    """A session with a merchant login shares with sessions that have the same one only."""
    sandbox.require_merchant_login = True
    login = {
        "merchant_username": sandbox.merchant_username,
        "merchant_password": sandbox.merchant_password,
    }
    without = await make().token()
    first, second = make(**login), make(**login)
    await first.init_widget(BUY)

    assert (await first.token()).token_id == (await second.token()).token_id != without.token_id
    assert 1 == sandbox.count("merchants/login")
