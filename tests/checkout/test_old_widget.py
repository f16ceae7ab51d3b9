"""Widgets of page version 8: no answer and no event has a `widget_session_id`."""

from collections.abc import AsyncIterator
from typing import Any, Final

import pytest

from flexiti_async import Reaction, Sharing, Step
from flexiti_async.errors import EventRefused, ValidationError

from ..conftest import MakeSession
from ..support.api_server import Api, serving
from .customers import ACCOUNT, APPLICANT, BUY, PLAN

SESSION: Final = "widget_session_id"


@pytest.fixture
async def api() -> AsyncIterator[Api]:
    """Yield a server with the answers of page version 8."""
    async with serving() as api:
        api.then({"redirection_url": f"{api.url}/#/widget/shop/token"})
        yield api


def success(action: str, account: int | None) -> dict[str, Any]:
    """Return an event as page version 8 has it."""
    data = {"accountNumber": account, "verified": True, "action": action}
    return {"eventType": "flx-success", "eventData": data}


async def test_an_old_widget_carries_a_whole_purchase(api: Api, make_session: MakeSession) -> None:
    """From widget/init to the authorization no session id is known, nor sent."""
    session = make_session(base_url=api.url, client_id="shop", client_secret="s")
    api.then({"account_number": ACCOUNT, "promotional_purchase": [{"plan_id": 101}]})
    api.then({"authorization_id": 77, "message": "ok"})
    checkout = await session.checkout("order-1", sharing=Sharing.DEDICATED)
    widget = await checkout.init_widget(BUY)
    with pytest.raises(EventRefused, match="old_widget"):
        await checkout.handle_event(success("purchase", ACCOUNT))
    reaction = await checkout.handle_event(success("purchase", ACCOUNT), old_widget=True)
    steps, plans = checkout.next_steps, await checkout.plans("300.00")
    done = await checkout.authorize("300.00", **PLAN)
    again = await checkout.authorize("300.00", **PLAN)

    assert (None, None) == (widget.session_id, checkout.session_id)
    assert (Reaction.AUTHORIZE, Step.AUTHORIZED) == (reaction, checkout.step)
    assert {"init_widget", "plans", "authorize"} == steps
    assert 101 == plans.promotional_purchase[0].plan_id
    assert [("77", False), ("77", True)] == [
        (one.authorization_id, one.replayed) for one in (done, again)
    ]
    assert 3 == len(api.asked)
    assert (ACCOUNT, False) == (
        api.asked[2]["body"]["account_number"],
        SESSION in api.asked[2]["body"],
    )


async def test_another_process_resumes_a_checkout_of_an_old_widget(
    api: Api, make_session: MakeSession
) -> None:
    """The checkout remembers that its widget is an old one."""
    options: dict[str, Any] = {"base_url": api.url, "client_id": "shop", "client_secret": "s"}
    checkout = await make_session(**options).checkout("order-1")
    await checkout.init_widget(BUY)
    await checkout.handle_event(success("purchase", ACCOUNT), old_widget=True)
    resumed = await make_session(**options).resume(checkout.reference_id)
    await resumed.authorize("300.00", **PLAN, account_number=ACCOUNT)

    assert Step.AUTHORIZED is resumed.step
    assert SESSION not in api.asked[1]["body"]


async def test_an_old_widget_carries_an_application(api: Api, make_session: MakeSession) -> None:
    """`apply` goes without the session id as well, and a body must not name one."""
    session = make_session(base_url=api.url, client_id="shop", client_secret="s")
    checkout = await session.checkout("order-1")
    await checkout.init_widget(APPLICANT)
    await checkout.handle_event(success("apply", None), old_widget=True)
    with pytest.raises(ValidationError):
        await checkout.apply({"first_name": "Grace", SESSION: "x"})
    await checkout.apply(APPLICANT)

    assert Step.APPLIED is checkout.step
    assert 2 == len(api.asked)
    assert SESSION not in api.asked[1]["body"]
    assert "old widget" not in str(api.asked[1]["body"])
