"""Fields of the wrong type, unknown fields, and the settings that allow them."""

import pytest

from flexiti_async.sandbox import Sandbox
from flexiti_async.sandbox.state import widget_sessions as sessions
from flexiti_async.sandbox.state.accounts import Account
from flexiti_async.sandbox.state.tokens import Ledger
from flexiti_async.sandbox.state.widget_sessions import Sessions, WidgetSession

from .shop import ACCOUNT, IN_STORE, Shop


@pytest.mark.parametrize(
    ("value", "msg"),
    [
        (True, "wrong format"),
        ([1], "wrong format"),
        ("12 3", "wrong format"),
        (1.5, "wrong format"),
        (-1, "invalid"),
        (10**14, "length"),
        ("1" * 15, "length"),
    ],
)
async def test_numbers(shop: Shop, value: object, msg: str) -> None:
    """A number is whole, positive, of limited length, quoted or not."""
    order = await shop.order(1, widget_session_id="x")
    answer = await shop.post("authorization", {**order, "account_number": value})

    assert [("account_number", msg)] == answer.field_errors


async def test_words(shop: Shop) -> None:
    """A word is a string, and a required text is not empty."""
    body = {"format": 1, "request_id": "", "vcc_number": 1, "security_answer": "x" * 51}
    answer = await shop.post(f"account/{ACCOUNT}/verify", body)

    assert [
        ("format", "wrong format"),
        ("request_id", "required"),
        ("security_answer", "length"),
        ("vcc_number", "wrong format"),
    ] == answer.field_errors


async def test_group_of_the_wrong_type(shop: Shop) -> None:
    """A group that is not an object is a field error, and so are its missing fields."""
    answer = await shop.post("authorization", await shop.order(1, financing_option="101"))

    assert [
        ("financing_option.transaction_type", "required"),
        ("financing_option", "invalid"),
    ] == answer.field_errors


async def test_query_of_a_post(shop: Shop) -> None:
    """A POST has its fields in the body: its query may only contain a language."""
    answer = await shop.post(f"accounts/{ACCOUNT}/refund", {"amount": 1}, query="?amount=1&lang=de")

    assert [("lang", "invalid"), ("amount", "invalid")] == answer.field_errors


async def test_unknown_fields_may_pass(shop: Shop, sandbox: Sandbox) -> None:
    """A setting allows fields that the specification does not have."""
    sandbox.allow_unknown_fields = True
    order = await shop.order(1, colour="blue")

    assert 200 == (await shop.post("authorization", order, query="?x=1")).status


async def test_ascii_only(shop: Shop, sandbox: Sandbox) -> None:
    """A setting restricts texts to ASCII characters."""
    answers = [(await shop.authorize(1, reference="é")).status]
    sandbox.ascii_only = True
    answers.append((await shop.authorize(1, reference="é")).status)

    assert [200, 409] == answers


@pytest.mark.parametrize(
    "headers",
    [{"x-idempotency-key": "k" * 256}, {"x-idempotency-key": "é"}, {"x-context-hash": "h" * 256}],
)
async def test_idempotency_headers(shop: Shop, headers: dict[str, str]) -> None:
    """A key that is too long, or not ASCII, is refused."""
    body = {
        "transaction_type": "deposit",
        "amount": 1,
        "account_number": ACCOUNT,
        "verification_code": 1234,
        **IN_STORE,
    }
    answer = await shop.post("transactions", body, headers={"x-idempotency-key": "k", **headers})

    assert list(headers) == [name for name, _ in answer.field_errors]


async def test_malformed_application(shop: Shop) -> None:
    """An application may have any form, but must be JSON."""
    headers = {"content-type": "application/json"}
    answer = await shop.post("apply", data=b"{", headers=headers, token=shop.customer)

    assert [("body", "wrong format")] == answer.field_errors


def test_new_account_numbers() -> None:
    """An approved application gets an account number that is not taken."""
    accounts = Sandbox()._backend.bank.accounts
    accounts.add(Account(account_number=30_000_001))

    assert 30_000_002 == accounts.new_number()


def test_oldest_sessions_are_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    """Load tests open more widgets than are kept."""
    monkeypatch.setattr(sessions, "HISTORY", 2)
    token = Ledger().issue(scope="customer", grant="client_credentials", now=0, expires_in=1)
    kept = Sessions()
    opened = [
        WidgetSession(client_id="shop", token=token, payload={"flow": "purchase"}) for _ in range(3)
    ]
    for each in opened:
        kept.open(each)

    found = [kept.find(each.widget_session_id) for each in opened]
    assert [None, *opened[1:]] == found
