"""The accounts of a sandbox, as a test adds and reads them from Python."""

from decimal import Decimal

import pytest

from flexiti_async.sandbox import Sandbox
from flexiti_async.sandbox.state.accounts import Account
from flexiti_async.sandbox.state.plans import Plan

from .shop import ACCOUNT, Shop


async def test_own_account_and_plan(shop: Shop, sandbox: Sandbox) -> None:
    """Purchases work with an account and a plan that a test adds."""
    sandbox.add_account(Account(account_number=77, credit_limit=Decimal(5), first_name="Eve"))
    sandbox.plans = (Plan(plan_id=7, plan_name="Seven", plan_name_fr="Sept", terms=[3]),)
    option = {"transaction_type": "promotional_purchase", "plan_id": 7}
    answer = await shop.authorize(5, account_number=77, financing_option=option)

    assert {**option, "term": 3} == answer.body["financing_option"]
    assert 0 == sandbox.account(77).available_credit


@pytest.mark.parametrize(
    "account",
    [
        Account(account_number=ACCOUNT),
        Account(account_number=77, vcc_number="1070010000000001"),
        Account(account_number=77, child_vcc_number="1070010000000012"),
        Account(account_number=0),
        Account(account_number=10**14),
    ],
)
def test_impossible_accounts(account: Account) -> None:
    """Account numbers are unique and have 14 digits at most."""
    with pytest.raises(ValueError, match=r"number"):
        Sandbox().add_account(account)


def test_unknown_ids() -> None:
    """An unknown account or authorization raises `LookupError`."""
    sandbox = Sandbox()

    with pytest.raises(LookupError, match="no account"):
        sandbox.account(77)
    with pytest.raises(LookupError, match="no authorization"):
        sandbox.set_status(77, "closed")


def test_accounts_are_not_shared() -> None:
    """Changes to an account of one sandbox do not affect another."""
    one, other = Sandbox(), Sandbox()
    one.account(ACCOUNT).account_status = "F"

    assert "N" == other.account(ACCOUNT).account_status
    assert 7 == len(other.accounts)


async def test_nothing_personal_in_repr(shop: Shop, sandbox: Sandbox) -> None:
    """A repr shows no personal data, no card number and no code."""
    code = await shop.code(how="merchant_override")
    await shop.captured(1)
    shown = repr((sandbox, sandbox.accounts, sandbox.authorizations, sandbox.captures))
    shown += repr((sandbox.messages, sandbox.payments))

    secrets = ("Ada", "Test", "1990", "K1A0B1", "@", "613555", "Sample", "10700", str(code))
    assert [] == [secret for secret in secrets if secret in shown]
