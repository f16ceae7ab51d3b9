"""The initial accounts of every sandbox."""

from decimal import Decimal

from flexiti_async.sandbox.state.accounts import Account, Accounts

__all__ = ["seed_accounts"]


def seed_accounts() -> Accounts:
    """
    Return the initial accounts of every sandbox.

    | account | card | customer | purpose |
    |---|---|---|---|
    | 10000001 | 1070010000000001 | Ada Test | the ordinary purchase: preferred, ON, $5,000 |
    | 10000002 | 1070010000000002 | Ada Test | her business: a choice of accounts, a child card (…0012) |
    | 20009100 | 1070015210367982 | John Smith | the example of the start page |
    | 10000003 | 1070010000000003 | Marie Essai | Quebec, French, premium, $2,000 |
    | 10000004 | 1070010000000004 | Sam Standard | AB, standard (non-prime), $300 |
    | 10000005 | 1070010000000005 | Fran Frozen | frozen: purchases are refused |
    | 10000006 | 1070010000000006 | Nora New | approved, not activated yet |
    """  # noqa: E501 - a row of a table is one line
    accounts = Accounts()
    for account in (*_ada(), _john(), _marie(), _sam(), _fran(), _nora()):
        accounts.add(account)
    return accounts


def _ada() -> tuple[Account, Account]:
    own = Account(account_number=10000001, vcc_number="1070010000000001")
    business = Account(
        account_number=10000002,
        vcc_number="1070010000000002",
        child_vcc_number="1070010000000012",
        account_type="business",
        credit_limit=Decimal("20000.00"),
    )
    return own, business


def _john() -> Account:
    return Account(
        account_number=20009100,
        vcc_number="1070015210367982",
        first_name="John",
        last_name="Smith",
        dob="1988-07-24",
        postal_code="M1M1M1",
        email="john@email.com",
        phone_number=1231231234,
        address_1="Fake 445",
        city="Toronto",
    )


def _marie() -> Account:
    return Account(
        account_number=10000003,
        vcc_number="1070010000000003",
        first_name="Marie",
        last_name="Essai",
        dob="1979-11-05",
        postal_code="H2X1Y4",
        email="marie@example.com",
        phone_number=5145550103,
        address_1="3, rue de l'Exemple",
        city="Montréal",
        province="QC",
        preferred_language="fr-CA",
        risk_rating="H",
        credit_limit=Decimal("2000.00"),
    )


def _sam() -> Account:
    return Account(
        account_number=10000004,
        vcc_number="1070010000000004",
        first_name="Sam",
        last_name="Standard",
        dob="1985-05-15",
        postal_code="T2P1A1",
        email="sam@example.com",
        phone_number=4035550104,
        city="Calgary",
        province="AB",
        risk_rating="Y",
        credit_limit=Decimal("300.00"),
    )


def _fran() -> Account:
    return Account(
        account_number=10000005,
        vcc_number="1070010000000005",
        first_name="Fran",
        last_name="Frozen",
        dob="1970-02-28",
        email="fran@example.com",
        phone_number=6135550105,
        account_status="F",
        account_status_reason_code="FFRD",
    )


def _nora() -> Account:
    return Account(
        account_number=10000006,
        vcc_number="1070010000000006",
        first_name="Nora",
        last_name="New",
        dob="2000-12-24",
        email="nora@example.com",
        phone_number=6135550106,
        activated=False,
    )
