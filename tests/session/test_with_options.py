"""Options of single calls: time-outs, retries, and the status and headers of answers."""

import asyncio
import gc
import weakref
from collections.abc import Callable, Coroutine
from datetime import timedelta
from typing import Any, Final

import pytest

from flexiti_async import (
    ApiError,
    ConfigError,
    FlexitiSession,
    OutcomeUnknown,
    PurchaseWidget,
    Scope,
)
from flexiti_async.api import lookup
from flexiti_async.api.applications import apply
from flexiti_async.errors import NotFound, RequestTimeout, SessionClosed
from flexiti_async.events import AnswerReceived, Event
from flexiti_async.events.types import CallFinished
from flexiti_async.sandbox import Sandbox
from flexiti_async.sandbox.faults import Delay, Hang

from ..conftest import MakeSession
from ..operations.customers import ACCOUNT, purchase
from ..support.patience import PATIENCE
from .test_session import BUY

SHORT: Final = 0.1
QUICK: Final = {"request_timeout": SHORT, "connect_timeout": SHORT, "store_timeout": SHORT}


async def first(session: FlexitiSession) -> object:
    """Return the first authorization of a list."""
    return await anext(aiter(session.authorizations.all()))


async def in_store(session: FlexitiSession) -> object:
    """Look up an account at a counter."""
    return await (await session.in_store_checkout("order-2")).lookup(account_number=ACCOUNT)


async def online(session: FlexitiSession) -> object:
    """Open the widget of a checkout."""
    return await (await session.checkout("order-1")).init_widget(BUY)


async def resumed(session: FlexitiSession) -> object:
    """Open the widget of a checkout that was resumed."""
    started = await session.checkout("order-3")
    return await (await session.resume(started.reference_id)).init_widget(BUY)


Act = Callable[[FlexitiSession], Coroutine[Any, Any, object]]
EVERYTHING: Final[dict[str, Act]] = {
    "accounts": lambda session: session.accounts.plans(ACCOUNT, 100),
    "customers": lambda session: session.customers.lookup(account_number=ACCOUNT),
    "authorizations": lambda session: session.authorizations.get(1),
    "a list": first,
    "reference": lambda session: session.reference.terms(),
    "send": lambda session: session.send(lookup(account_number=ACCOUNT)),
    "init_widget": lambda session: session.init_widget(BUY),
    "checkout": online,
    "in_store_checkout": in_store,
    "resume": resumed,
    "applications": lambda session: session.applications.apply({}, idempotency_key="a"),
    "operations": lambda session: session.operations.run(apply({}), idempotency_key="b"),
}


def hang(sandbox: Sandbox) -> None:
    """Leave every request but those for tokens without an answer."""
    for endpoint in (
        *("calculate-interest", "customers/lookup", "authorization/by-id", "authorizations"),
        *("terms-and-conditions", "widget/init", "apply", "authorization"),
    ):
        sandbox.inject(Hang(), endpoint=endpoint, times=None)


async def test_everything_that_a_view_makes_has_its_time_out(
    session: FlexitiSession, sandbox: Sandbox
) -> None:
    """Groups, calls and checkouts of a view end after its time-out, not after the session's."""
    hang(sandbox)
    quick = session.with_options(timeout=SHORT, retries=0)
    ended = await asyncio.gather(
        *(act(quick) for act in EVERYTHING.values()), return_exceptions=True
    )
    by_name = dict(zip(EVERYTHING, ended, strict=True))
    unknown = {name for name, error in by_name.items() if isinstance(error, OutcomeUnknown)}

    assert {"applications", "operations"} == unknown
    assert {} == {
        name: error
        for name, error in by_name.items()
        if name not in unknown and not isinstance(error, RequestTimeout)
    }


@pytest.mark.parametrize("retries", [0, 1])
async def test_retries(session: FlexitiSession, sandbox: Sandbox, retries: int) -> None:
    """A view retries as often as it says."""
    sandbox.fail("customers/lookup", status=503, times=None)
    with pytest.raises(ApiError):
        await session.with_options(retries=retries).customers.lookup(account_number=ACCOUNT)

    assert 1 + retries == sandbox.count("customers/lookup")


async def test_a_longer_time_out(make_session: MakeSession, sandbox: Sandbox) -> None:
    """A view may wait longer than its session, for money as well."""
    session = make_session(**QUICK, retries=0)
    bought = await purchase(session.with_options(timeout=PATIENCE), sandbox)
    patient = session.with_options(timeout=PATIENCE)
    sandbox.inject(Hang(), endpoint="customers/lookup")
    sandbox.inject(Delay(4 * SHORT), endpoint="customers/lookup")
    sandbox.inject(Delay(4 * SHORT), endpoint="authorization")
    with pytest.raises(RequestTimeout):
        await session.customers.lookup(account_number=ACCOUNT)
    found = await patient.customers.lookup(account_number=ACCOUNT)
    made = await patient.authorizations.authorize(bought, idempotency_key="order-1")

    assert (str(ACCOUNT), str(sandbox.authorizations[0].authorization_id)) == (
        found.account_number,
        made.authorization_id,
    )


async def test_an_outcome_is_unknown_and_never_retried(
    session: FlexitiSession, sandbox: Sandbox
) -> None:
    """With any options, an attempt that may have run is the last one, in the one journal."""
    bought = await purchase(session, sandbox)
    sandbox.inject(Hang(commit=True), endpoint="authorization", times=None)
    view = session.with_options(timeout=SHORT, retries=9)
    with pytest.raises(OutcomeUnknown):
        await view.authorizations.authorize(bought, idempotency_key="order-1")
    pending = [operation async for operation in session.operations.pending()]
    for other in (session, view, session.with_options(retries=3)):
        with pytest.raises(OutcomeUnknown):
            await other.operations.refuse_known([pending[0].kind], "order-1")

    assert (1, ["order-1"]) == (
        sandbox.count("authorization"),
        [operation.idempotency_key for operation in pending],
    )


async def test_closing_waits_for_the_operations_of_views(
    make_session: MakeSession, sandbox: Sandbox
) -> None:
    """An operation with a longer time-out ends before its session is closed."""
    session = make_session(**QUICK)
    bought = await purchase(session.with_options(timeout=PATIENCE), sandbox)
    sandbox.inject(Delay(8 * SHORT), endpoint="authorization")
    patient = session.with_options(timeout=PATIENCE)
    making = asyncio.create_task(
        patient.authorizations.authorize(bought, idempotency_key="order-1")
    )
    while not sandbox.count("authorization"):
        await asyncio.sleep(0)
    await session.aclose()

    assert (await making).authorization_id


async def test_all_else_is_in_common(session: FlexitiSession, sandbox: Sandbox) -> None:
    """Tokens, listeners and checkouts are those of the session."""
    heard: list[Event] = []
    session.events.add(heard.append)
    view = session.with_options(timeout=PATIENCE)
    await session.customers.lookup(account_number=ACCOUNT)
    await view.customers.lookup(account_number=ACCOUNT)
    started = await view.checkout("order-1")
    resumed = await session.resume(started.reference_id)
    finished = [event for event in heard if isinstance(event, CallFinished)]

    assert 2 == sandbox.count("oauth/token")  # a merchant's and a customer's
    assert 2 == len(finished)
    assert (started.reference_id, session.store, session.config) == (
        resumed.reference_id,
        view.store,
        view.config,
    )
    assert view.events is session.events


async def test_views_of_views(session: FlexitiSession, sandbox: Sandbox) -> None:
    """Options that are not given stay as they are."""
    hang(sandbox)
    sandbox.heal("terms-and-conditions")
    sandbox.fail("terms-and-conditions", status=503, times=None)
    view = session.with_options(timeout=SHORT).with_options(retries=0).with_options()
    with pytest.raises(RequestTimeout):
        await view.customers.lookup(account_number=ACCOUNT)
    with pytest.raises(ApiError):
        await view.reference.terms()

    assert (1, 1) == (sandbox.count("customers/lookup"), sandbox.count("terms-and-conditions"))


async def test_status_and_headers(session: FlexitiSession, sandbox: Sandbox) -> None:
    """Each answer is reported, retried ones and errors too, and shows no secret."""
    token = (await session.token(Scope.MERCHANT)).access_token.reveal()
    secret = {"Set-Cookie": "id=1", "Location": f"/?{token}", "X-Echo": f"Bearer {token}"}
    sandbox.fail("customers/lookup", status=503, headers={**secret, "X-Request-Id": "r-1"})
    answers: list[AnswerReceived] = []
    view = session.with_options(on_answer=answers.append)
    await view.customers.lookup(account_number=ACCOUNT, reference_id="0" * 32)
    with pytest.raises(NotFound):
        await view.customers.lookup(account_number=99_999_999)
    await session.customers.lookup(account_number=ACCOUNT)
    masked = {name: value for name, value in answers[0].headers.items() if value == "****"}

    assert [(503, 1), (200, 2), (404, 1)] == [(one.status, one.attempt) for one in answers]
    assert ("customers/lookup", "0" * 32) == (answers[0].endpoint, answers[0].reference_id)
    assert ("r-1", {"set-cookie", "location", "x-echo"}) == (
        answers[0].headers["x-request-id"],
        set(masked),
    )
    assert not any(token in f"{one!r}{one.headers}" for one in answers)


async def test_answers_of_money_and_of_checkouts(session: FlexitiSession, sandbox: Sandbox) -> None:
    """They are reported, and a replayed answer is none."""
    bought = await purchase(session, sandbox)
    answers: list[AnswerReceived] = []
    view = session.with_options(on_answer=answers.append)
    for _ in range(2):
        await view.authorizations.authorize(bought, idempotency_key="order-1")
    checkout = await view.checkout("order-2")
    await checkout.init_widget(PurchaseWidget(account_number=ACCOUNT))

    assert ["authorization", "widget/init"] == [answer.endpoint for answer in answers]


async def test_a_function_that_raises_breaks_no_call(session: FlexitiSession) -> None:
    """Its error is logged, as a listener's."""

    def fail(_: AnswerReceived) -> None:
        msg = "broken"
        raise RuntimeError(msg)

    view = session.with_options(on_answer=fail)

    assert str(ACCOUNT) == (await view.customers.lookup(account_number=ACCOUNT)).account_number


async def _coroutine(_: AnswerReceived) -> None:
    """Nobody awaits it."""


WRONG: Final[list[tuple[str, object]]] = [
    *(("timeout", value) for value in (0, -1, float("nan"), float("inf"), "soon", True, [1])),
    ("timeout", timedelta(0)),
    *(("retries", value) for value in (-1, 1.5, "many", True, [1])),
    *(("on_answer", value) for value in (5, "print", _coroutine)),
]


async def test_wrong_options(session: FlexitiSession, sandbox: Sandbox) -> None:
    """Each is a ConfigError that names it, before anything is sent."""
    for option, value in WRONG:
        wrong: dict[str, Any] = {option: value}
        with pytest.raises(ConfigError) as caught:
            session.with_options(**wrong)

        assert option == caught.value.option, value
    assert () == sandbox.requests


async def test_the_life_of_a_view(session: FlexitiSession) -> None:
    """A view neither opens nor closes its session, and ends with it."""
    view = session.with_options(retries=0)
    for opened in (view.__aenter__, view.aclose):
        with pytest.raises(ConfigError, match="enter and close the session itself"):
            await opened()
    view.reload(session.config)
    assert str(ACCOUNT) == (await view.customers.lookup(account_number=ACCOUNT)).account_number
    await session.aclose()
    for act in EVERYTHING.values():
        with pytest.raises(SessionClosed):
            await act(view)


async def test_a_session_keeps_no_view(session: FlexitiSession) -> None:
    """One view for each request of a shop costs no memory."""
    view = weakref.ref(session.with_options(retries=0))
    gc.collect()

    assert view() is None
