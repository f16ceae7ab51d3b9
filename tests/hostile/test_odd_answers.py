"""Answers in which something is odd: through a session, what can be read is read."""

import json
from typing import Any, Final

import pytest

from flexiti_async import Scope
from flexiti_async.api.endpoints import RETURN
from flexiti_async.events import Event, OddField
from flexiti_async.sandbox import Sandbox

from ..conftest import MakeSession

CANARY: Final = "canary0123456789"
PLANS: Final[dict[str, Any]] = {
    "account_number": 10000001.0,
    "customer": [],
    "regular_purchase": {"verify": 1, "air": CANARY},
    "promotional_purchase": [None, {"plan_id": 101.0, "terms": ""}],
}
ODD: Final = [
    "list instead of an object at Plans.customer",
    "invalid value at RegularPurchase.air",
    "int instead of bool at RegularPurchase.verify",
]


async def test_an_odd_field_is_reported_once(
    make_session: MakeSession, sandbox: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    """By an event and a warning for each field, without its value; the plans are read each time."""
    session, events = make_session(), list[Event]()
    session.events.add(events.append)
    sandbox.fail("calculate-interest", status=200, body=json.dumps(PLANS).encode(), times=2)
    first = await session.accounts.plans(10000001, 300)
    again = await session.accounts.plans(10000001, 300)
    odd = [event for event in events if isinstance(event, OddField)]

    assert first == again
    assert ("10000001", 101) == (first.account_number, first.promotional_purchase[0].plan_id)
    assert ODD == [event.problem for event in odd]
    assert {"calculate-interest"} == {event.endpoint for event in odd}
    assert 3 == caplog.text.count("a field of the answer cannot be read")
    assert CANARY not in f"{caplog.text} {odd}"


async def test_an_odd_refresh_token_is_none(make_session: MakeSession, sandbox: Sandbox) -> None:
    """The access token is used; the field is reported once, for the token endpoint."""
    session, events = make_session(), list[Event]()
    session.events.add(events.append)
    answer = {"token_type": "bearer", "access_token": "a" * 40, "refresh_token": [CANARY]}
    sandbox.fail("oauth/token", status=200, body=json.dumps(answer).encode(), times=2)
    first = await session.refresher(Scope.CUSTOMER).dedicated(60)
    await session.refresher(Scope.CUSTOMER).dedicated(60)
    odd = [event for event in events if isinstance(event, OddField)]

    assert "a" * 40 == first.access_token.reveal()
    assert [("oauth/token", "list instead of str at TokenAnswer.refresh_token")] == [
        (event.endpoint, event.problem) for event in odd
    ]


async def test_an_odd_field_of_a_login_is_reported(
    make_session: MakeSession, sandbox: Sandbox
) -> None:
    """merchants/login with a new token is an answer like others."""
    session, events = make_session(merchants_login="always"), list[Event]()
    session.events.add(events.append)
    sandbox.fail("merchants/login", status=200, body=b'{"merchant_id": []}')
    await session.token()

    assert ["list instead of str at MerchantLogin.merchant_id"] == [
        event.problem for event in events if isinstance(event, OddField)
    ]


async def test_an_odd_field_makes_no_outcome_unknown(
    make_session: MakeSession, sandbox: Sandbox
) -> None:
    """A return that ran is done, also if a field of its answer cannot be read."""
    session = make_session()
    answer = {"return_id": 7, "amount": {"value": 1}, "date": "", "capture_id": 3.0}
    sandbox.fail(RETURN, status=200, body=json.dumps(answer).encode())
    done = await session.authorizations.return_(1, 3, idempotency_key="return-1", amount="1.00")
    again = await session.authorizations.return_(1, 3, idempotency_key="return-1", amount="1.00")

    assert ("7", "3", None, None) == (done.return_id, done.capture_id, done.amount, done.date)
    assert {"amount": {"value": 1}} == done.extra
    assert (True, "7") == (again.replayed, again.return_id)
