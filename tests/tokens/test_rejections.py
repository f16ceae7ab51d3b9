"""A 401 on a call: it is about that call first, and stops nobody else's (design, section 3)."""

import asyncio
from pathlib import Path
from typing import Final

import pytest

from flexiti_async import FlexitiSession, PurchaseWidget
from flexiti_async.api.reference import i18n
from flexiti_async.errors import FlexitiError, Unauthorized
from flexiti_async.protocol.rejection import Rejections, SentCall, Verdict
from flexiti_async.sandbox import Sandbox
from flexiti_async.testing import ManualClock

from ..checkout.customers import APPLICANT
from ..models import claim_rejected

BUY: Final = PurchaseWidget(account_number=20009100)
TOKEN: Final = "oauth/token"
BODY: Final = b'{"error": "invalid_token", "message": "The token is not known"}'


async def outcome(session: FlexitiSession) -> FlexitiError | None:
    """Call i18n, and return its error."""
    try:
        await session.send(i18n(), reference_id="0" * 32)
    except FlexitiError as error:
        return error
    return None


async def test_an_endpoint_that_rejects_every_token_stops_no_checkout(
    session: FlexitiSession, sandbox: Sandbox, clock: ManualClock
) -> None:
    """
    Beside 156 checkouts, i18n is asked twice a second: all of them succeed, at most one token is
    requested a minute, and i18n's callers get the API's own error.
    """
    await session.token()
    clock.advance(100)
    sandbox.fail("i18n", status=401, times=None, body=BODY)
    before = sandbox.count(TOKEN)

    for second in range(156):
        error, checkout = await asyncio.gather(
            outcome(session), session.checkout(f"order-{second}")
        )
        assert isinstance(error, Unauthorized)
        assert (401, "invalid_token", "i18n", "0" * 32) == (
            error.status,
            error.code,
            error.endpoint,
            error.reference_id,
        )
        await checkout.init_widget(BUY)
        clock.advance(0.5)

    minutes = 156 * 0.5 / 60
    assert sandbox.count(TOKEN) - before <= minutes + 1
    assert 0 == sandbox.count("widget/init", status=401)


async def test_two_endpoints_that_reject_cause_one_token_request_a_minute(
    session: FlexitiSession, sandbox: Sandbox, clock: ManualClock
) -> None:
    """An endpoint is remembered also when another one has had the token replaced."""
    await session.token()
    clock.advance(100)
    for endpoint in ("i18n", "terms-and-conditions"):
        sandbox.fail(endpoint, status=401, times=None)
    before = sandbox.count(TOKEN)

    for _ in range(240):
        await outcome(session)
        with pytest.raises(Unauthorized):
            await session.reference.terms()
        await session.init_widget(BUY)
        clock.advance(0.5)

    assert sandbox.count(TOKEN) - before <= 2 * 2
    assert 0 == sandbox.count("widget/init", status=401)


async def test_when_all_endpoints_reject_each_call_is_repeated_once(
    session: FlexitiSession, sandbox: Sandbox, clock: ManualClock
) -> None:
    """A server that rejects everything gets two attempts of the first call, and one after that."""
    await session.token()
    clock.advance(100)
    for endpoint in ("i18n", "widget/init"):
        sandbox.fail(endpoint, status=401, times=None)

    for _ in range(5):
        assert isinstance(await outcome(session), Unauthorized)
        with pytest.raises(Unauthorized):
            await session.init_widget(BUY)

    assert (6, 5) == (sandbox.count("i18n"), sandbox.count("widget/init"))
    assert 2 == sandbox.count(TOKEN)


async def test_a_revoked_token_is_replaced_after_an_endpoint_was_remembered(
    session: FlexitiSession, sandbox: Sandbox, clock: ManualClock
) -> None:
    """An endpoint that is remembered keeps no other one from replacing the token."""
    await session.token()
    clock.advance(100)
    sandbox.fail("i18n", status=401, times=2)
    assert isinstance(await outcome(session), Unauthorized)
    await session.init_widget(BUY)
    clock.advance(2)
    sandbox.revoke_all()

    await session.init_widget(BUY)
    assert await outcome(session) is None
    assert 3 == sandbox.count(TOKEN)


async def test_a_pinned_checkouts_401_stops_no_other(
    session: FlexitiSession, sandbox: Sandbox, clock: ManualClock
) -> None:
    """A checkout whose call is rejected while others succeed goes on, and so do the others."""
    checkout, other = [await session.checkout(f"order-{n}") for n in range(2)]
    await checkout.init_widget(BUY)
    await other.init_widget(BUY)
    clock.advance(100)
    sandbox.latency = {"i18n": 0.3}
    sandbox.fail("i18n", status=401, times=2, body=BODY)

    calling = asyncio.create_task(checkout.send(i18n()))
    while not calling.done():
        await other.init_widget(BUY)

    assert isinstance(calling.exception(), Unauthorized)
    assert 1 == sandbox.count(TOKEN)
    await checkout.init_widget(BUY)


async def test_a_new_token_is_not_rejected_for_one_call(
    session: FlexitiSession, sandbox: Sandbox
) -> None:
    """The call fails; the token, minted just now, stays in use."""
    token = await session.token()
    sandbox.fail("i18n", status=401, times=1)

    assert isinstance(await outcome(session), Unauthorized)
    assert token is await session.token()
    assert await outcome(session) is None


async def test_the_dedicated_token_of_a_widget_is_no_reason_for_requests(
    session: FlexitiSession, sandbox: Sandbox
) -> None:
    """A widget/init that rejects every dedicated token causes one request a widget."""
    sandbox.fail("widget/init", status=401, times=None)

    for _ in range(3):
        with pytest.raises(Unauthorized):
            await session.init_widget(APPLICANT)

    assert 3 == sandbox.count(TOKEN)


# -- the decision, alone


def sent(rejections: Rejections, endpoint: str) -> SentCall:
    """Return a call that is sent now."""
    call = SentCall(endpoint)
    call.order = rejections.sent()
    return call


def decide(
    rejections: Rejections,
    call: SentCall,
    *,
    token: str = "t",
    in_use: str | None = "t",
    age: float = 100.0,
    lifetime: float = 1200.0,
    now: float = 0.0,
) -> Verdict:
    """Decide what follows from a 401."""
    return rejections.decide(call, token, in_use=in_use, age=age, lifetime=lifetime, now=now)


def test_a_success_that_was_sent_later_proves_a_call() -> None:
    """A proven call is repeated once with the same token, and raises if it is proven again."""
    rejections = Rejections()
    call, later = sent(rejections, "B"), sent(rejections, "H")
    rejections.succeeded("t", later)

    assert Verdict.LOOK is decide(rejections, call)
    call.looked, call.order = True, rejections.sent()
    assert Verdict.REJECT is decide(rejections, call)
    rejections.succeeded("t", sent(rejections, "H"))
    assert Verdict.RAISE is decide(rejections, call)


def test_a_success_that_was_sent_before_or_with_another_token_proves_nothing() -> None:
    """The token may have been revoked between the two."""
    rejections = Rejections()
    before, call, other = (sent(rejections, end) for end in "HBH")
    rejections.succeeded("t", before)
    rejections.succeeded("another", other)

    assert Verdict.REJECT is decide(rejections, call)


@pytest.mark.parametrize(
    ("in_use", "age"), [("new", 100.0), (None, 100.0), ("t", 1200.0)], ids=["new", "none", "ended"]
)
def test_an_old_token_rejects_nothing(in_use: str | None, age: float) -> None:
    """A 401 for a token that is replaced, being replaced or has ended is repeated with another."""
    rejections = Rejections()

    assert Verdict.USE_CURRENT is decide(rejections, sent(rejections, "B"), in_use=in_use, age=age)


def test_a_token_minted_less_than_a_back_off_ago_is_not_rejected() -> None:
    """It counts by the token's own age."""
    rejections = Rejections()

    assert Verdict.RAISE is decide(rejections, sent(rejections, "B"), age=0.9)
    assert Verdict.REJECT is decide(rejections, sent(rejections, "B"), age=1.1)


def test_a_back_off_is_at_most_a_quarter_of_a_lifetime() -> None:
    """A token of two seconds can be rejected, too."""
    rejections = Rejections()

    for age, verdict in ((0.4, Verdict.RAISE), (0.6, Verdict.REJECT)):
        assert verdict is decide(rejections, sent(rejections, "B"), age=age, lifetime=2.0)


def rejected_successor(rejections: Rejections, *, now: float) -> None:
    """Let B reject a successor."""
    call = sent(rejections, "B")
    call.repeated = True
    assert Verdict.RAISE is decide(rejections, call, now=now)


def test_an_endpoint_is_remembered_for_a_back_off_that_doubles() -> None:
    """Together with the token's id, until the endpoint succeeds; calls in flight count once."""
    rejections = Rejections()
    rejected_successor(rejections, now=0.0)
    rejected_successor(rejections, now=0.0)
    call = sent(rejections, "B")

    assert Verdict.RAISE is decide(rejections, call, now=0.9)
    assert Verdict.REJECT is decide(rejections, call, token="u", in_use="u", now=0.9)
    assert Verdict.REJECT is decide(rejections, call, now=1.1)
    rejected_successor(rejections, now=1.1)
    assert Verdict.RAISE is decide(rejections, call, now=3.0)
    assert Verdict.REJECT is decide(rejections, call, now=3.2)
    rejected_successor(rejections, now=3.2)
    rejections.succeeded("t", sent(rejections, "B"))
    assert Verdict.REJECT is decide(rejections, sent(rejections, "B"), now=3.3)


def test_while_other_calls_succeed_an_endpoint_is_remembered_for_a_minute() -> None:
    """They show that the endpoint was at fault, whichever token it rejects now."""
    rejections = Rejections()
    rejected_successor(rejections, now=0.0)
    rejections.succeeded("u", sent(rejections, "H"))
    call = sent(rejections, "B")

    assert Verdict.RAISE is decide(rejections, call, token="u", in_use="u", now=59.0)
    assert Verdict.REJECT is decide(rejections, call, token="t", in_use="t", now=59.0)
    assert Verdict.REJECT is decide(rejections, call, token="u", in_use="u", now=61.0)


def test_the_memory_is_bounded() -> None:
    """Of many tokens and endpoints only the last ones are kept."""
    rejections = Rejections()
    for number in range(1000):
        call = SentCall(f"end-{number}")
        call.order = rejections.sent()
        rejections.succeeded(f"t-{number}", call)
        call.repeated = True
        decide(rejections, call, token=f"t-{number}")

    first, last = SentCall("end-0"), SentCall("end-999")
    assert Verdict.REJECT is decide(rejections, first, token="t-0", in_use="t-0")
    assert Verdict.RAISE is decide(rejections, last, token="t-999", in_use="t-999")


def test_the_model_names_each_verdict() -> None:
    """The verdicts are the steps of the model, by its words."""
    source = Path(claim_rejected.__file__).read_text(encoding="utf-8")

    assert all(verdict.value in source for verdict in Verdict)
