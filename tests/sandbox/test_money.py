"""Holds are captured, released, returned and refunded, to the cent (spec 5.12, 5.13)."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flexiti_async.sandbox import Sandbox
from flexiti_async.sandbox.state.bank import Bank, Financing
from flexiti_async.sandbox.state.money import ZERO

from .shop import ACCOUNT, REGULAR, Shop

DAYS = 86400


def state(sandbox: Sandbox) -> tuple[Decimal, Decimal, Decimal]:
    """Return available credit, held amount and balance."""
    account = sandbox.account(ACCOUNT)
    return account.available_credit, account.held, account.balance


def money(*amounts: str) -> tuple[Decimal, ...]:
    """Generate amounts."""
    return tuple(map(Decimal, amounts))


async def test_from_purchase_to_refund(shop: Shop, sandbox: Sandbox) -> None:
    """Authorize, capture a part, return some, refund some, release the rest: the amounts add up."""
    authorization_id = await shop.authorized("300.10")
    path = f"authorization/{authorization_id}"
    assert money("4699.90", "300.10", "0") == state(sandbox)

    capture = await shop.post(f"{path}/capture", {"amount": "200.05", "reference": "parcel-1"})
    capture_id = capture.body["capture_id"]
    assert {
        "capture_id": 100000001,
        "authorization_id": authorization_id,
        "account_number": ACCOUNT,
        "reference": "parcel-1",
        "date": "2027-01-15T08:00:00Z",
        "amount": Decimal("200.05"),
        "remaining_capture_amount": Decimal("200.05"),
        "remaining_authorization_amount": Decimal("100.05"),
        "message": "The amount was captured.",
    } == capture.body
    assert money("4699.90", "100.05", "200.05") == state(sandbox)

    returned = await shop.post(
        f"{path}/capture/{capture_id}/return", {"amount": 0.05, "sku_data": {}}
    )
    assert {
        "return_id": 2000000000000001,
        "reference": "parcel-1",
        "capture_id": capture_id,
        "date": "2027-01-15T08:00:00Z",
        "amount": Decimal("0.05"),
        "remaining_capture_amount": Decimal("200.00"),
        "remaining_authorization_amount": Decimal("100.05"),
    } == returned.body
    assert money("4699.95", "100.05", "200.00") == state(sandbox)

    body = {"amount": "50.00", "capture_id": capture_id}
    refunded = await shop.post(f"accounts/{ACCOUNT}/refund", body)
    assert (200, {}) == (refunded.status, refunded.body)
    assert money("4749.95", "100.05", "150.00") == state(sandbox)

    released = await shop.post(f"{path}/release")
    assert ("closed", Decimal(0)) == (
        released.body["authorization_status"],
        released.body["remaining_authorization_amount"],
    )
    assert money("4850.00", "0", "150.00") == state(sandbox)


async def test_eighteen_digits(shop: Shop, sandbox: Sandbox) -> None:
    """Amounts are exact to the last digit of number(18,2), unlike floats."""
    amount = "1234567890123456.78"
    sandbox.account(ACCOUNT).credit_limit = Decimal(amount)
    body = (await shop.authorize(amount)).body

    assert Decimal(amount) == body["amount"]
    assert 0 == sandbox.account(ACCOUNT).available_credit


@pytest.mark.parametrize("step", ["capture", "release"])
async def test_limits_of_an_authorization(shop: Shop, sandbox: Sandbox, step: str) -> None:
    """A capture is limited to the remaining amount of an open authorization."""
    authorization_id = await shop.authorized(100)
    path = f"authorization/{authorization_id}/{step}"
    exceeded = await shop.post(path, {"amount": "100.01"})
    sandbox.set_status(authorization_id, "onhold")
    on_hold = await shop.post(path, {"amount": 1})
    sandbox.set_status(authorization_id, "unauthorized")
    unauthorized = await shop.post(path, {"amount": 1})
    sandbox.set_status(authorization_id, "opened")
    part = await shop.post(path, {"amount": "99.99"})
    too_much = await shop.post(path, {"amount": "0.02"})
    rest = await shop.post(path, {"amount": "0.01"})
    ended = await shop.post(path, {"amount": "0.01"})

    assert [(409, "auth_amount_exceeded")] * 2 == [exceeded.refusal, too_much.refusal]
    assert [(409, "not_permitted")] * 2 == [on_hold.refusal, unauthorized.refusal]
    assert [200, 200] == [part.status, rest.status]
    assert (409, "authorization_ended") == ended.refusal


async def test_unauthorized_holds_nothing(shop: Shop, sandbox: Sandbox) -> None:
    """Credit is held only while an authorization is opened or on hold."""
    authorization_id = await shop.authorized(100)
    held: list[Decimal] = []
    for status in ("onhold", "unauthorized", "onhold", "closed", "opened"):
        sandbox.set_status(authorization_id, status)
        held.append(sandbox.account(ACCOUNT).held)

    assert [100, 0, 100, 0, 100] == held


async def test_full_return(shop: Shop) -> None:
    """full_return returns the remaining amount; an amount in the request must equal it."""
    authorization_id, capture_id = await shop.captured(100)
    path = f"authorization/{authorization_id}/capture/{capture_id}/return"
    await shop.post(path, {"amount": 30})
    wrong = await shop.post(path, {"full_return": True, "amount": 100})
    right = await shop.post(path, {"full_return": True})
    again = await shop.post(path, {"full_return": True})

    assert (409, "capture_amount_exceeded") == wrong.refusal
    assert (Decimal(70), 0) == (right.body["amount"], right.body["remaining_capture_amount"])
    assert (409, "capture_amount_exceeded") == again.refusal


async def test_return_within_100_days(shop: Shop, sandbox: Sandbox) -> None:
    """A capture can be returned for 100 days, and not a second longer."""
    authorization_id, capture_id = await shop.captured(100)
    path = f"authorization/{authorization_id}/capture/{capture_id}/return"
    answers: list[object] = []
    for seconds in (100 * DAYS, 1):
        sandbox.advance(seconds)
        shop.merchant = await shop.api.access_token("merchant")
        answers.append((await shop.post(path, {"amount": 1})).body.get("error"))

    assert [None, "return_date_exceeded"] == answers


async def test_refusals_of_a_return(shop: Shop) -> None:
    """Too much, a regular purchase, another authorization, or another's card is refused."""
    one, first = await shop.captured(100)
    two, second = await shop.captured(100, financing_option=REGULAR)
    answers = [
        await shop.post(f"authorization/{one}/capture/{first}/return", {"amount": "100.01"}),
        await shop.post(f"authorization/{two}/capture/{second}/return", {"amount": 1}),
        await shop.post(f"authorization/{one}/capture/{second}/return", {"amount": 1}),
        await shop.post(f"authorization/{one}/capture/77/return", {"amount": 1}),
        await shop.post(f"authorization/77/capture/{first}/return", {"amount": 1}),
        await shop.post(
            f"authorization/{one}/capture/{first}/return",
            {"amount": 1, "vcc_number": "1070010000000002"},
        ),
        await shop.post(f"authorization/{one}/capture/{first}/return", {}),
    ]

    assert [
        "capture_amount_exceeded",
        "wrong_transaction_type",
        "not_found",
        "not_found",
        "not_found",
        "vcc_account_mismatch",
        "wrong_inputs",
    ] == [answer.body["error"] for answer in answers]


async def test_limits_of_a_refund(shop: Shop, sandbox: Sandbox) -> None:
    """A refund is limited to the captured amount, of one capture or of the account."""
    _, capture_id = await shop.captured(100)
    await shop.captured(50, financing_option=REGULAR)
    path = f"accounts/{ACCOUNT}/refund"
    bodies = [
        {"amount": "100.01", "capture_id": capture_id},
        {"amount": "150.01"},
        {"amount": 100, "capture_id": capture_id},
        {"amount": "0.01", "capture_id": capture_id},
        {"amount": "50.00"},
        {"amount": "0.01"},
    ]
    errors = [(await shop.post(path, body)).body.get("error") for body in bodies]
    exceeded = "refunds_limit_exceeded_amount"

    assert [exceeded, exceeded, None, exceeded, None, exceeded] == errors
    assert money("5000", "0", "0") == state(sandbox)


async def test_refund_for_another_account(shop: Shop) -> None:
    """A capture is refunded only to the account that paid it."""
    _, capture_id = await shop.captured(100)
    body = {"amount": 1, "capture_id": capture_id}

    answer = await shop.post("accounts/10000002/refund", body)
    assert (404, "not_found") == answer.refusal
    assert (404, "not_found") == (await shop.post("accounts/nobody/refund", body)).refusal


STEPS = ["authorize", "capture", "release", "give back", "pay", "onhold", "unauthorized"]
steps = st.lists(
    st.tuples(
        st.sampled_from(STEPS),
        st.integers(0, 9),
        st.integers(1, 40_000).map(lambda amount: Decimal(amount) / 100),
    ),
    max_size=60,
)


@given(steps)
def test_credit_is_conserved(script: list[tuple[str, int, Decimal]]) -> None:
    """After any sequence of steps, all credit is accounted for."""
    bank = Bank()
    account = bank.accounts.get(ACCOUNT)
    for step, which, amount in script:
        play(bank, step, which, amount)

        holding = [
            each for each in bank.authorizations.values() if each.status in {"opened", "onhold"}
        ]
        captured = list(bank.captures.values())
        owed = sum((each.remaining for each in captured), ZERO)
        assert account.credit_limit == account.available_credit + account.held + account.balance
        assert account.held == sum((each.remaining for each in holding), ZERO)
        assert account.balance == owed - sum((each.amount for each in bank.payments), ZERO)
        assert account.refundable == owed
        assert min(account.held, account.refundable) >= 0


def play(bank: Bank, step: str, which: int, amount: Decimal) -> None:
    """Run one step of the script, with as much as is available."""
    account = bank.accounts.get(ACCOUNT)
    opened = [each for each in bank.authorizations.values() if each.status == "opened"]
    taken = [each for each in bank.captures.values() if each.remaining]
    if step == "authorize" and amount <= account.available_credit:
        bank.authorize(account, amount, Financing("regular_purchase"), "", 0)
    elif step == "pay":
        bank.pay(account, "deposit", amount, 0)
    elif step == "give back" and taken:
        capture = taken[which % len(taken)]
        bank.refund(account, capture, min(amount, capture.remaining))
    elif step in {"capture", "release", "onhold", "unauthorized"} and opened:
        authorization = opened[which % len(opened)]
        some = min(amount, authorization.remaining)
        if step == "capture":
            bank.capture(authorization, some, "", 0)
        elif step == "release":
            bank.release(authorization, some)
        else:
            bank.set_status(authorization, "onhold" if step == "onhold" else "unauthorized")
