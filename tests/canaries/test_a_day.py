"""A day of a shop, with everything that is secret and everybody who is a person in it."""

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable
from typing import Any, Final

import pytest

from flexiti_async import (
    ApplyWidget,
    FlexitiConfig,
    FlexitiError,
    FlexitiSession,
    PurchaseWidget,
    Reaction,
)
from flexiti_async.cli import main
from flexiti_async.sandbox import Sandbox
from flexiti_async.testing import ManualClock

from ..support.keys import encryption_key
from ..support.patience import PATIENT, PATIENT_VARIABLES
from .harness import ACCOUNT, ANSWER, PERSON, STORE_PASSWORD, VCC, Places

PLACES: Final = {
    "objects",
    "errors",
    "pickles",
    "problems",
    "events",
    "log",
    "spans",
    "metrics",
    "sandbox",
    "command line",
}


def options(sandbox: Sandbox) -> dict[str, Any]:
    """Return a configuration with every secret that there is."""
    return {
        "client_id": sandbox.client_id,
        "client_secret": sandbox.client_secret,
        "merchant_username": sandbox.merchant_username,
        "merchant_password": sandbox.merchant_password,
        "base_url": sandbox.base_url,
        "store": f"memory://shop:{STORE_PASSWORD}@canaries-{sandbox.port}",
        "token_keys": [encryption_key("canaries")],
        "retries": 0,
        **PATIENT,
    }


async def sell(session: FlexitiSession, sandbox: Sandbox, places: Places) -> None:
    """Serve customers: online, at the counter, and in the back office."""
    applicant = ApplyWidget(**PERSON)
    buyer = PurchaseWidget(account_number=ACCOUNT)
    checkout = await session.checkout("order-1")
    widget = await checkout.init_widget(buyer)
    places.sessions.append(widget.session_id or "")
    places.add("objects", widget.masked_url)
    assert Reaction.AUTHORIZE is await checkout.handle_event(
        json.dumps(sandbox.play(widget.redirection_url))
    )
    plans = await checkout.plans("300.00")
    paid = await checkout.authorize("300.00", transaction_type="regular_purchase")
    captured = await session.authorizations.capture(
        checkout.authorization_id or "", "300.00", idempotency_key="order-1"
    )
    counter = await session.in_store_checkout("order-2")
    account = await counter.lookup(account_number=ACCOUNT)
    verified = await counter.verify("merchant_override")
    operations = [one async for one in session.operations.pending()]
    known = await session.operations.get(kind="authorize", key="order-1")
    places.add_objects(
        *(session, session.config, session.store, session.operations, session.events),
        *(applicant, buyer, widget, checkout, counter, await session.token()),
        *(plans, paid, captured, account, verified, operations, known),
    )
    places.add("sandbox", repr(sandbox), repr(sandbox.tokens))


async def fail(session: FlexitiSession, sandbox: Sandbox, places: Places) -> None:
    """Let each endpoint echo what it has been sent, and refuse what cannot be sent."""
    person = {name: PERSON[name] for name in ("first_name", "last_name", "dob", "postal_code")}
    sent: dict[str, tuple[list[object], Callable[[], Awaitable[object]]]] = {
        "widget/init": (
            list(PERSON.values()),
            lambda: session.init_widget(ApplyWidget(**PERSON)),
        ),
        "customers/search": (
            list(person.values()),
            lambda: session.customers.search(**person),
        ),
        "customers/lookup": ([VCC], lambda: session.customers.lookup(vcc_number=VCC)),
        "verify": (
            [ACCOUNT, ANSWER],
            lambda: session.accounts.verify(
                ACCOUNT,
                request_id="r-1",
                format="security_question",
                security_qid=1,
                security_answer=ANSWER,
            ),
        ),
        "nothing": (
            [],
            lambda: session.customers.search(**{**person, "last_name": "Serin-Tarin\ud800"}),
        ),
        "nothing at all": (
            [],
            lambda: session.applications.apply(
                {**PERSON, "dob": float("nan")}, idempotency_key="order-3"
            ),
        ),
    }
    for endpoint, (values, call) in sent.items():
        if values:
            echo = " / ".join(map(str, [*values, *(one.access_token for one in sandbox.tokens)]))
            body = {"message": echo, "field_errors": [{"param": echo, "msg": echo}]}
            sandbox.fail(endpoint, status=409, body=json.dumps(body).encode())
        with pytest.raises(FlexitiError) as caught:
            await call()
        places.add_errors(caught.value)


async def test_no_place_shows_a_secret_or_a_person(
    sandbox: Sandbox,
    clock: ManualClock,
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Objects, errors, logs of every level, pickles, spans, metrics and commands are clean."""
    caplog.set_level(logging.DEBUG)
    logging.getLogger("asyncio").setLevel(logging.INFO)
    places = Places(sandbox, clock)
    async with FlexitiSession(FlexitiConfig(**options(sandbox)), clock=clock) as session:
        session.events.add(places.telemetry)
        session.events.add(lambda event: places.add("events", repr(event), f"{event}"))
        await sell(session, sandbox, places)
        await fail(session, sandbox, places)
    places.add("log", *(f"{record.getMessage()} {vars(record)}" for record in caplog.records))
    for name, value in {
        **PATIENT_VARIABLES,
        "FLEXITI_BASE_URL": sandbox.base_url,
        "FLEXITI_CLIENT_ID": sandbox.client_id,
        "FLEXITI_CLIENT_SECRET": sandbox.client_secret,
        "FLEXITI_STORE": f"memory://shop:{STORE_PASSWORD}@canaries-{sandbox.port}",
    }.items():
        monkeypatch.setenv(name, value)
    for command in (
        ["doctor"],
        ["token", "status", "--debug"],
        ["init-widget", "--vcc-number", VCC],
    ):
        await asyncio.to_thread(main, command)
        places.add("command line", *capsys.readouterr())
    places.close()

    assert PLACES == {place for place, shown in places.shown.items() if any(shown)}
    assert [] == places.sightings()


async def test_the_harness_finds_what_is_shown(sandbox: Sandbox, clock: ManualClock) -> None:
    """A name in a span, a secret in a frame or a card in a pickle would be found."""
    places = Places(sandbox, clock)
    places.add("spans", f"lookup of {VCC}")
    places.add_objects({"name": PERSON["last_name"]})
    places.add_errors(LookupError(sandbox.client_secret))
    places.close()

    found = places.sightings()

    assert {"spans", "objects", "pickles"} <= {one.partition(":")[0] for one in found}
    assert any(one.startswith("str(LookupError)") for one in found)
