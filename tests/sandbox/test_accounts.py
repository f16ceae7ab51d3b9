"""The accounts of a sandbox, from Python: what a test sets up and looks at."""

from decimal import Decimal

import pytest

from flexiti_async.sandbox import Sandbox
from flexiti_async.sandbox.state.accounts import Account
from flexiti_async.sandbox.state.plans import Plan

from .shop import ACCOUNT, Shop


async def test_own_account_and_plan(shop: Shop, sandbox: Sandbox) -> None:
    """An account and a plan that a test adds can be bought with."""
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
    """Numbers are unique, and of 14 digits at most."""
    with pytest.raises(ValueError, match=r"number"):
        Sandbox().add_account(account)


def test_what_is_not_there() -> None:
    """An unknown account and an unknown authorization are told."""
    sandbox = Sandbox()

    with pytest.raises(LookupError, match="no account"):
        sandbox.account(77)
    with pytest.raises(LookupError, match="no authorization"):
        sandbox.set_status(77, "closed")


def test_ready_accounts_are_fresh() -> None:
    """What one sandbox does to an account, another one does not see."""
    one, other = Sandbox(), Sandbox()
    one.account(ACCOUNT).account_status = "F"

    assert "N" == other.account(ACCOUNT).account_status
    assert 7 == len(other.accounts)


async def test_nothing_personal_in_repr(shop: Shop, sandbox: Sandbox) -> None:
    """What a test prints shows neither a person nor a card nor a code."""
    code = await shop.code(how="merchant_override")
    await shop.captured(1)
    shown = repr((sandbox, sandbox.accounts, sandbox.authorizations, sandbox.captures))
    shown += repr((sandbox.messages, sandbox.payments))

    secrets = ("Ada", "Test", "1990", "K1A0B1", "@", "613555", "Sample", "10700", str(code))
    assert [] == [secret for secret in secrets if secret in shown]
