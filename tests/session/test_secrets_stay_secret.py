"""Secrets and personal data show in no log, repr, error, traceback, pickle or copy."""

import asyncio
import copy
import logging
import pickle
from collections.abc import Callable
from typing import Any, cast

import attrs
import pytest

from flexiti_async import (
    ApplyWidget,
    FlexitiConfig,
    FlexitiError,
    FlexitiSession,
    PurchaseWidget,
    ValidationError,
    api,
)
from flexiti_async.api.widget import init_widget
from flexiti_async.protocol.structuring import structure
from flexiti_async.sandbox import Sandbox
from flexiti_async.testing import FaultyStore, ManualClock

from ..conftest import MakeSession
from ..support.canaries import sightings
from ..support.patience import PATIENT

pytestmark = pytest.mark.usefixtures("both_engines")
VCC = "1070015210367982"
DOB = "1988-07-24"
EMAIL = "canary.customer@example.com"
NAME = "Canarina"
PASSWORD = "merchant-canary-password"
PERSONAL = (VCC, DOB, EMAIL, NAME, "6135550199")
APPLICANT: dict[str, Any] = {
    "first_name": NAME,
    "last_name": NAME,
    "dob": DOB,
    "postal_code": "k1a0b1",
    "email": EMAIL,
    "phone_number": 6135550199,
    "address_1": f"1 {NAME} St",
    "city": NAME,
    "province": "ON",
    "tos_agreement": True,
}
INVALID_APPLICANT: dict[str, Any] = {**APPLICANT, "email": EMAIL + " ", "dob": DOB + "0"}


def secrets_of(sandbox: Sandbox) -> tuple[str, ...]:
    """Return every secret that the sandbox knows or has issued."""
    tokens = [token.access_token for token in sandbox.tokens]
    refresh = [token.refresh_token for token in sandbox.tokens]
    return (sandbox.client_secret, sandbox.merchant_password, *tokens, *refresh)


FAULTS: dict[str, dict[str, Any]] = {
    "400": {"status": 400, "body": b'{"error": "invalid_client", "message": "%s"}'},
    "401": {"status": 401},
    "403": {"status": 403, "body": b'{"message": "Insufficient scope: %s"}'},
    "409": {
        "status": 409,
        "body": b'{"error": "wrong_inputs", "message": "%s", "url": "/x/%s", '
        b'"field_errors": [{"param": "email", "msg": "%s", "value": "%s"}]}',
    },
    "500": {"status": 500, "body": b"<html>%s</html>"},
    "307": {"status": 307, "headers": {"Location": "http://127.0.0.1:1/%s"}},
    "malformed": {"status": 200, "body": b'["%s", {"%s": 1}]'},
    "html": {"status": 200, "body": b"<html>%s"},
}


@pytest.mark.parametrize("endpoint", ["oauth/token", "widget/init", "merchants/login"])
@pytest.mark.parametrize("fault", FAULTS)
async def test_no_error_shows_a_secret_or_a_person(
    make_session: MakeSession,
    sandbox: Sandbox,
    caplog: pytest.LogCaptureFixture,
    endpoint: str,
    fault: str,
) -> None:
    """
    Secrets that the server echoes show neither in text, attributes, chain, frames and pickles of an
    error, nor in logs.
    """
    caplog.set_level(logging.DEBUG)
    logging.getLogger("asyncio").setLevel(logging.INFO)
    session = make_session(
        merchant_username=sandbox.merchant_username,
        merchant_password=sandbox.merchant_password,
        retries=0,
    )
    answer = dict(FAULTS[fault])
    # The server echoes data that can be recognized by their form: numbers, addresses, dates.
    answer["body"] = answer.get("body", b"").replace(b"%s", f"{VCC} {EMAIL} {DOB}".encode())
    sandbox.fail(endpoint, times=None, **answer)
    errors: list[BaseException] = []
    for widget in (PurchaseWidget(vcc_number=VCC), ApplyWidget(**APPLICANT)):
        result = (await asyncio.gather(session.init_widget(widget), return_exceptions=True))[0]
        assert isinstance(result, FlexitiError), result
        errors.append(result)

    canaries = (*PERSONAL, *secrets_of(sandbox))
    for error in errors:
        assert [] == sightings(error, *canaries)
        revived = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own
        assert (type(error), str(error), vars(error)) == (
            type(revived),
            str(revived),
            vars(revived),
        )
        assert not [c for c in canaries if c.encode() in pickle.dumps(error)]
        assert str(error) == str(copy.copy(error))
    assert not [canary for canary in canaries if canary in caplog.text]


async def test_no_error_of_a_broken_connection_shows_a_secret(
    clock: ManualClock, caplog: pytest.LogCaptureFixture
) -> None:
    """The exceptions of aiohttp, which hold the request's headers, are not in the chain."""
    caplog.set_level(logging.DEBUG)
    running = await asyncio.start_server(lambda _r, writer: writer.close(), "127.0.0.1", 0)
    port = running.sockets[0].getsockname()[1]
    config = FlexitiConfig(
        client_id="shop",
        client_secret=PASSWORD,
        base_url=f"http://127.0.0.1:{port}/x",
        **PATIENT,
    )
    async with FlexitiSession(config, clock=clock) as session:
        result = (await asyncio.gather(session.token(), return_exceptions=True))[0]
    running.close()

    assert isinstance(result, FlexitiError)
    assert [] == sightings(result, PASSWORD)
    assert PASSWORD not in caplog.text


async def test_no_public_value_shows_a_secret(
    make_session: MakeSession, sandbox: Sandbox, clock: ManualClock
) -> None:
    """No public value shows a secret by repr, str, format or attrs.asdict."""
    session = make_session(merchant_username="m", merchant_password=PASSWORD, retries=0)
    plain = make_session()
    checkout = await plain.checkout("order-1")
    buy, apply = PurchaseWidget(vcc_number=VCC, dob=DOB, first_name=NAME), ApplyWidget(**APPLICANT)
    widget = await checkout.init_widget(buy)
    token = await plain.token()
    store = FaultyStore(clock.boot)
    entry = await plain.store.load(plain.refresher(token.scope)._context.key.store_key)

    texts: tuple[Callable[[object], str], ...] = (repr, str, lambda v: f"{v}", as_dict)
    shown = [
        face(value)
        for value in (
            session.config,
            session,
            plain,
            checkout,
            buy,
            apply,
            widget,
            token,
            store,
            entry,
            init_widget(buy),
            init_widget(apply),
            sandbox,
            sandbox.tokens,
            sandbox.requests,
        )
        for face in texts
    ]

    canaries = (*PERSONAL, PASSWORD, *secrets_of(sandbox))
    assert entry is not None
    assert not [(c, text) for c in canaries for text in shown if c in text]


def as_dict(value: object) -> str:
    """Return the text of `attrs.asdict`, without the fields that the repr hides."""
    kind = type(value)
    if not attrs.has(kind) or isinstance(value, PurchaseWidget | ApplyWidget | Sandbox):
        return ""
    hidden = {a.name for a in attrs.fields(kind) if a.repr is False}
    found = attrs.asdict(cast("attrs.AttrsInstance", value), recurse=False)
    return repr({name: item for name, item in found.items() if name not in hidden})


async def test_values_with_a_token_cannot_be_pickled(session: FlexitiSession) -> None:
    """A token or a widget cannot end up in a web framework's session file by accident."""
    widget = await session.init_widget(PurchaseWidget(account_number=20009100))
    token = await session.token()

    for value in (widget, token, token.access_token):
        with pytest.raises(TypeError, match="cannot be pickled"):
            pickle.dumps(value)


@pytest.mark.parametrize(
    "bad",
    [
        pytest.param(lambda: PurchaseWidget(vcc_number=VCC + "99"), id="card"),
        pytest.param(lambda: ApplyWidget(**INVALID_APPLICANT), id="person"),
        pytest.param(lambda: ApplyWidget(**APPLICANT, emial=EMAIL), id="unknown field"),  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
        pytest.param(
            lambda: FlexitiConfig(
                client_id="a", client_secret=PASSWORD, base_url="http://x.invalid"
            ),
            id="config",
        ),
        pytest.param(
            lambda: FlexitiConfig(client_id="a", client_secrt=PASSWORD),  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
            id="unknown option",
        ),
        pytest.param(
            lambda: FlexitiConfig.load(client_id="a", client_secrt=PASSWORD),  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
            id="load",
        ),
    ],
)
def test_invalid_data_show_in_no_frame_of_the_traceback(bad: Callable[[], object]) -> None:
    """A traceback logged with its locals shows no personal data and no secret."""
    with pytest.raises((ValidationError, TypeError, ValueError)) as caught:
        bad()

    assert [] == sightings(caught.value, *PERSONAL, PASSWORD)


PEOPLE: dict[str, Callable[[], object]] = {
    "ApplyWidget": lambda: ApplyWidget(**APPLICANT),
    "PurchaseWidget": lambda: PurchaseWidget(vcc_number=VCC, first_name=NAME),
    "OnlinePurchase": lambda: api.OnlinePurchase(
        account_number=VCC[:14],
        amount=1,
        transaction_type="regular_purchase",
        auto_capture=False,
        widget_session_id="1",
    ),
    "TransactionRequest": lambda: api.TransactionRequest(
        transaction_type="deposit", amount=1, verification_code=1, account_number=VCC[:14]
    ),
    "AuthorizationSearch": lambda: api.AuthorizationSearch(account_number=VCC[:14]),
    "a call": lambda: init_widget(ApplyWidget(**APPLICANT)),
    "an operation": lambda: api.apply({"first_name": NAME}),
    "CustomerAccount": lambda: structure({"email": EMAIL}, api.CustomerAccount),
    "FoundAccount": lambda: structure({"first_name": NAME}, api.FoundAccount),
    "DriversLicense": lambda: structure({"first_name": NAME}, api.DriversLicense),
    "Plans": lambda: structure({"customer": {"first_name": NAME}}, api.Plans),
    "Verification": lambda: structure({"verification_code": VCC}, api.Verification),
    "WidgetEvent": lambda: api.parse_event(
        {"eventType": "flx-success", "eventData": {"accountNumber": VCC[:14]}}
    ),
}


@pytest.mark.parametrize("kind", PEOPLE)
def test_models_with_personal_data_refuse_to_be_pickled(kind: str) -> None:
    """A session file or a task queue would hold the person; copies and `evolve` work."""
    model = PEOPLE[kind]()
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        with pytest.raises(TypeError, match="personal data and cannot be pickled"):
            pickle.dumps(model, protocol)
    with pytest.raises(TypeError, match="cannot be pickled"):
        cast("Any", model).__getstate__()

    assert model == copy.copy(model) == copy.deepcopy(model)
    assert model == attrs.evolve(cast("Any", model))
