"""`flexiti.operations.look_up`: what Flexiti's lists show of an operation, and what they cannot."""

import json
import secrets
import uuid
from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import Any

import pytest

from flexiti_async import FlexitiSession
from flexiti_async.api.transactions import TransactionRequest
from flexiti_async.errors import OperationError, OutcomeUnknown, ServerError, ValidationError
from flexiti_async.operations import CannotTell, Evidence, NotFoundAtFlexiti, Phase
from flexiti_async.operations.matching import Match, Wanted, compare, why_not_told
from flexiti_async.protocol.call import OperationKind
from flexiti_async.sandbox import Sandbox
from flexiti_async.sandbox.faults.kinds import Drop
from flexiti_async.store.encryption import KEY_BYTES, key_from_bytes
from flexiti_async.testing import ManualClock

from ..conftest import MakeSession
from .customers import ACCOUNT, purchase

NOT_RUN = Drop(commit=False)
"""The request arrives, is not processed, and has no answer."""


async def lost_authorization(
    flexiti: FlexitiSession, sandbox: Sandbox, fault: Drop, key: str = "order-9"
) -> str:
    """Authorize a purchase whose answer is lost; return the operation's id."""
    wanted = await purchase(flexiti, sandbox)
    sandbox.inject(fault, endpoint="authorization")
    with pytest.raises(OutcomeUnknown) as lost:
        await flexiti.authorizations.authorize(wanted, idempotency_key=key)
    return str(lost.value.operation_id)


async def authorized(flexiti: FlexitiSession, sandbox: Sandbox, key: str = "order-9") -> str:
    """Authorize a purchase; return the authorization's number."""
    done = await flexiti.authorizations.authorize(
        await purchase(flexiti, sandbox), idempotency_key=key
    )
    assert done.authorization_id is not None
    return done.authorization_id


async def lost_capture(
    flexiti: FlexitiSession, sandbox: Sandbox, fault: Drop, number: str, key: str = "shipment-1"
) -> None:
    """Capture 120 dollars; the answer is lost."""
    sandbox.inject(fault, endpoint="authorization/capture")
    with pytest.raises(OutcomeUnknown):
        await flexiti.authorizations.capture(number, "120.00", idempotency_key=key)


async def test_an_authorization_that_ran_is_found(
    session: FlexitiSession, sandbox: Sandbox
) -> None:
    """It is found by reference, which is the key, and amount; its number completes the record."""
    await authorized(session, sandbox, "order-8")
    identity = await lost_authorization(session, sandbox, Drop())
    found = await session.operations.look_up(identity, account_number=ACCOUNT)
    [_, moved] = sandbox.authorizations

    assert isinstance(found, Evidence)
    assert Evidence(str(moved.authorization_id)) == found
    assert "order-9" == moved.reference

    resolved = await session.operations.resolve(
        identity, executed=True, by="job", authorization_id=found.authorization_id
    )
    assert (Phase.DONE, str(moved.authorization_id)) == (resolved.phase, resolved.authorization_id)


async def test_the_capture_of_a_found_authorization_is_found_with_it(
    session: FlexitiSession, sandbox: Sandbox
) -> None:
    """`auto_capture` makes both."""
    wanted = await purchase(session, sandbox, auto_capture=True)
    sandbox.inject(Drop(), endpoint="authorization")
    with pytest.raises(OutcomeUnknown):
        await session.authorizations.authorize(wanted, idempotency_key=17)
    [moved] = sandbox.authorizations
    [capture] = sandbox.captures

    assert Evidence(
        str(moved.authorization_id), str(capture.capture_id)
    ) == await session.operations.look_up(kind="authorize", key=17, account_number=ACCOUNT)


async def test_an_authorization_that_did_not_run_is_not_found(
    session: FlexitiSession, sandbox: Sandbox, clock: ManualClock
) -> None:
    """Others of the account do not confuse it; later, the key is freed and used again."""
    for number in range(12):
        await authorized(session, sandbox, f"order-{number}0")
    await lost_authorization(session, sandbox, NOT_RUN)
    found = await session.operations.look_up(
        kind="authorize", key="order-9", account_number=ACCOUNT
    )

    assert isinstance(found, NotFoundAtFlexiti)
    assert "(12 of them)" in found.where

    clock.advance(3000)
    await session.operations.resolve(kind="authorize", key="order-9", executed=False, by="job")
    await authorized(session, sandbox)
    assert 13 == len(sandbox.authorizations)


async def test_an_account_is_recorded_only_in_an_encrypted_journal(
    make_session: MakeSession, sandbox: Sandbox
) -> None:
    """Without it, the caller passes it; a wrong one is refused, and the error does not show it."""
    key = key_from_bytes(secrets.token_bytes(KEY_BYTES))
    sealed = make_session(token_keys=(key,), journal="memory://sealed-look-up")
    await lost_authorization(sealed, sandbox, Drop())
    which: dict[str, Any] = {"kind": OperationKind.AUTHORIZE, "key": "order-9"}

    assert isinstance(await sealed.operations.look_up(**which), Evidence)
    with pytest.raises(ValidationError) as refused:
        await sealed.operations.look_up(**which, account_number=10000002)
    assert "10000002" not in str(refused.value)

    plain = make_session(journal="memory://plain-look-up")
    await lost_authorization(plain, sandbox, Drop())
    found = await plain.operations.look_up(**which)
    assert isinstance(found, CannotTell)
    assert "account_number" in found.why


@pytest.mark.parametrize(("key", "reference"), [("k" * 41, None), ("order-9", "")])
async def test_without_a_reference_nothing_can_be_told(
    session: FlexitiSession, sandbox: Sandbox, key: str, reference: str | None
) -> None:
    """A key of more than 40 characters is not sent as reference, and an empty one is none."""
    wanted = await purchase(session, sandbox, reference=reference)
    sandbox.inject(Drop(), endpoint="authorization")
    with pytest.raises(OutcomeUnknown):
        await session.authorizations.authorize(wanted, idempotency_key=key)
    found = await session.operations.look_up(kind="authorize", key=key, account_number=ACCOUNT)

    assert isinstance(found, CannotTell)
    assert "no reference was sent" in found.why


async def test_two_that_fit_are_a_persons_business(
    session: FlexitiSession, sandbox: Sandbox
) -> None:
    """The shop has used one reference for two orders of the same amount."""
    for key in ("order-9a", "order-9b"):
        wanted = await purchase(session, sandbox, reference="order-9")
        await session.authorizations.authorize(wanted, idempotency_key=key)
    await lost_authorization(session, sandbox, NOT_RUN)
    found = await session.operations.look_up(
        kind="authorize", key="order-9", account_number=ACCOUNT
    )

    assert isinstance(found, CannotTell)
    assert "2 entries" in found.why


async def test_one_that_was_made_before_is_not_taken_for_it(
    session: FlexitiSession, sandbox: Sandbox, clock: ManualClock
) -> None:
    """An older authorization with the same reference and amount proves nothing."""
    wanted = await purchase(session, sandbox, reference="order-9")
    await session.authorizations.authorize(wanted, idempotency_key="order-9-first-try")
    clock.advance(600)
    await lost_authorization(session, sandbox, NOT_RUN)
    found = await session.operations.look_up(
        kind="authorize", key="order-9", account_number=ACCOUNT
    )

    assert isinstance(found, CannotTell)
    assert "before it" in found.why


async def test_a_capture_that_ran_is_found(session: FlexitiSession, sandbox: Sandbox) -> None:
    """It is the one of its authorization with the key as reference, and the amount."""
    number, other = await authorized(session, sandbox), await authorized(session, sandbox, "o-2")
    await session.authorizations.capture(number, "120.00", idempotency_key="shipment-0")
    await session.authorizations.capture(
        other, "120.00", idempotency_key="x", reference="shipment-1"
    )
    await lost_capture(session, sandbox, Drop(), number)
    moved = sandbox.captures[-1]

    assert Evidence(number, str(moved.capture_id)) == await session.operations.look_up(
        kind="capture", key="shipment-1"
    )


async def test_a_capture_that_did_not_run_is_not_found(
    session: FlexitiSession, sandbox: Sandbox
) -> None:
    """The remaining amount is named for whoever reads it."""
    number = await authorized(session, sandbox)
    await lost_capture(session, sandbox, NOT_RUN, number)
    found = await session.operations.look_up(kind="capture", key="shipment-1")

    assert isinstance(found, NotFoundAtFlexiti)
    assert "$300.00 of $300.00 remain" in found.where


async def test_the_list_of_captures_may_refuse_to_be_filtered(
    session: FlexitiSession, sandbox: Sandbox
) -> None:
    """Its parameters are UNKNOWN: then all captures are listed."""
    number = await authorized(session, sandbox)
    await lost_capture(session, sandbox, Drop(), number)
    sandbox.fail("captures", status=400, body=b'{"error": "wrong_inputs"}')

    assert isinstance(await session.operations.look_up(kind="capture", key="shipment-1"), Evidence)


async def test_a_list_that_lags_behind_the_authorization_proves_nothing(
    session: FlexitiSession, sandbox: Sandbox
) -> None:
    """A part of the authorization is gone, and no capture is listed."""
    number = await authorized(session, sandbox)
    await lost_capture(session, sandbox, Drop(), number)
    sandbox.fail("captures", status=200, body=b"[]")
    found = await session.operations.look_up(kind="capture", key="shipment-1")

    assert isinstance(found, CannotTell)
    assert "$180.00 of $300.00 remain" in found.why


ENTRIES = {
    "no reference": {"authorization_id": 5, "amount": "300.00"},
    "no amount": {"authorization_id": 5, "reference": "order-9"},
    "another amount": {"authorization_id": 5, "reference": "order-9", "amount": 0},
}


@pytest.mark.parametrize("entry", ENTRIES.values(), ids=ENTRIES)
async def test_a_list_of_another_form_proves_nothing(
    session: FlexitiSession, sandbox: Sandbox, entry: dict[str, object]
) -> None:
    """An entry that cannot be compared may be the operation: it is never called not found."""
    await lost_authorization(session, sandbox, NOT_RUN)
    sandbox.fail("authorizations", status=200, body=json.dumps([entry]).encode(), times=2)
    found = await session.operations.look_up(
        kind="authorize", key="order-9", account_number=ACCOUNT
    )

    assert isinstance(found, CannotTell)
    assert "ask Flexiti's support" in found.why


@pytest.mark.parametrize(
    ("status", "body"), [(404, b'{"error": "not_found"}'), (200, b'{"a": [], "b": []}')]
)
async def test_a_list_that_cannot_be_read_proves_nothing(
    session: FlexitiSession, sandbox: Sandbox, status: int, body: bytes
) -> None:
    """It is neither an empty list nor an error of the shop's."""
    await lost_authorization(session, sandbox, NOT_RUN)
    sandbox.fail("authorizations", status=status, body=body)
    found = await session.operations.look_up(
        kind="authorize", key="order-9", account_number=ACCOUNT
    )

    assert isinstance(found, CannotTell)


async def test_an_api_that_is_down_is_an_error(make_session: MakeSession, sandbox: Sandbox) -> None:
    """The job tries again later."""
    session = make_session(retries=0)
    await lost_authorization(session, sandbox, NOT_RUN)
    sandbox.fail("authorizations", status=503)
    with pytest.raises(ServerError):
        await session.operations.look_up(kind="authorize", key="order-9", account_number=ACCOUNT)


Lose = Callable[[FlexitiSession, str], Awaitable[object]]
IN_NO_LIST: dict[str, tuple[str, Lose]] = {
    "release": (
        "authorization/release",
        lambda flexiti, number: flexiti.authorizations.release(number, idempotency_key="k"),
    ),
    "return": (
        "authorization/capture/return",
        lambda flexiti, number: flexiti.authorizations.return_(
            number, 100000001, full_return=True, idempotency_key="k"
        ),
    ),
    "refund": (
        "refund",
        lambda flexiti, _: flexiti.authorizations.refund(ACCOUNT, "10.00", idempotency_key="k"),
    ),
    "transaction": (
        "transactions",
        lambda flexiti, _: flexiti.transactions.make(
            TransactionRequest(
                transaction_type="instore_payment",
                amount="10.00",
                verification_code=1,
                account_number=ACCOUNT,
            ),
            idempotency_key="k",
        ),
    ),
}


@pytest.mark.parametrize("kind", IN_NO_LIST)
async def test_what_no_list_has(make_session: MakeSession, sandbox: Sandbox, kind: str) -> None:
    """The reason names the reference id for Flexiti's support, and what the authorization shows."""
    session = make_session(retries=0)
    endpoint, lose = IN_NO_LIST[kind]
    number = await authorized(session, sandbox)
    sandbox.inject(Drop(), endpoint=endpoint)
    with pytest.raises(OutcomeUnknown) as lost:
        await lose(session, number)
    found = await session.operations.look_up(kind=OperationKind(kind), key="k")

    assert isinstance(found, CannotTell)
    assert str(lost.value.reference_id) in found.why
    assert (" remain" in found.why) is (kind in {"release", "return"})


async def test_names_that_are_wrong(session: FlexitiSession) -> None:
    """An unknown operation and a name that is none are errors of this library."""
    with pytest.raises(OperationError, match="no such operation"):
        await session.operations.look_up("0" * 32)
    names: list[dict[str, Any]] = [
        {"identity": "order-9"},
        {"kind": "order", "key": "9"},
        {"kind": "capture"},
    ]
    for wrong in names:
        with pytest.raises(ValidationError):
            await session.operations.look_up(**wrong)


@pytest.mark.parametrize(
    ("entry", "match"),
    [
        ({"reference": "o", "amount": Decimal("5.00")}, Match.SAME),
        ({"reference": " o ", "amount": "5"}, Match.SAME),
        ({"authorization": {"reference": "o", "amount": 5}}, Match.SAME),
        ({"reference": "o", "capture_amount": 5}, Match.SAME),
        ({"reference": None}, Match.OTHER),
        ({"reference": "p"}, Match.OTHER),
        ({"reference": ["o"], "amount": 5}, Match.UNREADABLE),
        ({"reference": "o", "amount": True}, Match.UNREADABLE),
        ({"reference": "o", "amount": 5, "date": "2022-01-31T11:57:59Z"}, Match.EARLIER),
        ({"reference": "o", "amount": 5, "date": "2022-01-31T11:58:01Z"}, Match.SAME),
        ({"reference": "o", "amount": 5, "date": "2022-01-31T06:57:59-05:00"}, Match.EARLIER),
        ({"reference": "o", "amount": 5, "date": "2021-01-31T00:00:00"}, Match.SAME),
        ({"reference": "o", "amount": 5, "date": "yesterday morning"}, Match.SAME),
    ],
)
def test_what_an_entry_is(entry: dict[str, object], match: Match) -> None:
    """Fields are read leniently; a date counts only if it has a time and a zone."""
    noon = 1643630400.0  # 2022-01-31T12:00:00Z
    wanted = Wanted("o", Decimal(5), noon, ("amount", "capture_amount"))

    assert match is compare(entry, wanted)


def test_one_that_is_the_same_outweighs_what_cannot_be_read() -> None:
    """Evidence never moves money again."""
    assert None is why_not_told([Match.UNREADABLE, Match.SAME, Match.OTHER])
    assert None is why_not_told([])
    assert why_not_told([Match.SAME, Match.SAME])
    assert why_not_told([Match.OTHER, Match.UNREADABLE])


async def test_the_key_is_sent_as_reference_where_it_fits(
    session: FlexitiSession, sandbox: Sandbox
) -> None:
    """A return and a refund are not in a list; Flexiti's support finds them by it."""
    number = await authorized(session, sandbox)
    captured = await session.authorizations.capture(number, "120.00", idempotency_key="shipment-1")
    returned = await session.authorizations.return_(
        number, captured.capture_id or "", amount="20.00", idempotency_key=uuid.UUID(int=7)
    )
    await session.authorizations.refund(ACCOUNT, "5.00", idempotency_key="r" * 40)
    named = await session.operations.get(kind="refund", key="r" * 40)
    await session.authorizations.refund(ACCOUNT, "5.00", idempotency_key="own", reference="mine")
    own = await session.operations.get(kind="refund", key="own")

    assert str(uuid.UUID(int=7)) == returned.reference
    assert (named and named.reference, own and own.reference) == ("r" * 40, "mine")
