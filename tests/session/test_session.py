"""The session as a shop uses it: configured, opened, used and closed."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from flexiti_async import (
    ApplyWidget,
    ConfigError,
    FlexitiSession,
    PurchaseWidget,
    Scope,
    ValidationError,
)
from flexiti_async.api.widget import AccountTypePlace
from flexiti_async.errors import NotFound, SessionClosed
from flexiti_async.sandbox import Sandbox

from ..checkout.test_checkout import APPLICANT
from ..conftest import MakeSession

BUY = PurchaseWidget(account_number=20009100)


async def test_from_env_reads_the_environment_and_the_file(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Code overrides variables, variables override the file, and the session works."""
    file = tmp_path / "shop.toml"
    file.write_text(
        f'[flexiti]\nclient_id = "{sandbox.client_id}"\nclient_secret = "wrong"\nretries = 7\n'
        'store = "memory://from-env"\n'
    )
    monkeypatch.setenv("FLEXITI_CONFIG", str(file))
    monkeypatch.setenv("FLEXITI_CLIENT_SECRET", sandbox.client_secret)
    monkeypatch.setenv("FLEXITI_RETRIES", "8")
    async with FlexitiSession.from_env(base_url=sandbox.base_url, retries=9) as session:
        widget = await session.init_widget(BUY)

    assert widget.session_id
    assert 9 == session.config.retries


def test_from_env_reports_all_missing_options(monkeypatch: pytest.MonkeyPatch) -> None:
    """All missing options are reported together."""
    monkeypatch.delenv("FLEXITI_CONFIG", raising=False)
    with pytest.raises(ConfigError) as caught:
        FlexitiSession.from_env()

    assert all(word in str(caught.value) for word in ("client_id", "client_secret", "environment"))


async def test_1000_concurrent_checkouts_share_one_token(
    session: FlexitiSession, sandbox: Sandbox
) -> None:
    """
    1000 concurrent checkouts get a URL each, with one shared token and one for each application.
    """

    async def one(number: int) -> str:
        checkout = await session.checkout("order-1")
        widget = ApplyWidget(**APPLICANT) if number % 10 == 0 else BUY
        return (await checkout.init_widget(widget)).redirection_url

    urls = await asyncio.gather(*(one(number) for number in range(1000)))

    assert 1000 == len(set(urls))
    assert 101 == sandbox.count("oauth/token")


@pytest.mark.parametrize(
    ("place", "nested", "top"),
    [
        pytest.param(AccountTypePlace.NESTED, True, False, id="nested"),
        pytest.param(AccountTypePlace.TOP_LEVEL, False, True, id="top level"),
        pytest.param(AccountTypePlace.OMITTED, False, False, id="omitted"),
    ],
)
async def test_the_place_of_account_type(
    make_session: MakeSession, sandbox: Sandbox, place: AccountTypePlace, nested: bool, top: bool
) -> None:
    """`account_type_place` decides the place of the field (spec 4.2)."""
    session = make_session(account_type_place=place)
    checkout = await session.checkout("order-1")
    await checkout.init_widget(ApplyWidget(**APPLICANT))
    body = sandbox.init_payload(checkout.token.access_token.reveal())

    assert body is not None
    who = body["customer_identification"]
    assert isinstance(who, dict)
    assert (nested, top) == ("account_type" in who, "account_type" in body)


@pytest.mark.parametrize(
    ("born", "rejected"), [("2009-01-14", 0), ("2009-01-15", 0), ("2009-01-16", 2)]
)
async def test_a_minor_cannot_apply(
    session: FlexitiSession, sandbox: Sandbox, born: str, rejected: int
) -> None:
    """
    An applicant who is not of age anywhere in Canada today (2027-01-15) is rejected before any
    HTTP.
    """
    data: dict[str, Any] = {**APPLICANT, "dob": born}
    widget = ApplyWidget(**data)
    checkout = await session.checkout("order-1", resumable=False)
    before = len(sandbox.requests)
    results = await asyncio.gather(
        session.init_widget(widget), checkout.init_widget(widget), return_exceptions=True
    )

    assert rejected == sum(isinstance(result, ValidationError) for result in results)
    assert (len(sandbox.requests) == before) is bool(rejected)


async def test_local_rules_are_an_option(make_session: MakeSession, sandbox: Sandbox) -> None:
    """`local_rules` switches off what no page has, in each call that checks it."""
    person: dict[str, Any] = {**APPLICANT, "dob": "2020-01-15", "postal_code": "12345"}
    who = {name: person[name] for name in ("first_name", "last_name", "dob", "postal_code")}
    strict, off = make_session(), make_session(local_rules="off")
    with pytest.raises(ValidationError, match=r"of age.*postal_code: length"):
        await strict.init_widget(ApplyWidget(**person))
    with pytest.raises(ValidationError, match="postal_code: length"):
        await strict.customers.search(**who)

    await off.init_widget(ApplyWidget(**person))
    await (await off.checkout("order-1")).init_widget(ApplyWidget(**person))
    with pytest.raises(NotFound):
        await off.customers.search(**who)
    assert 2 == sandbox.count("widget/init")


async def test_answers_without_ids_still_make_a_widget(
    session: FlexitiSession, sandbox: Sandbox
) -> None:
    """An answer without ids still has the reference id that was sent, and no widget session id."""
    sandbox.bare_redirection_url = True
    checkout = await session.checkout("order-1")
    widget = await checkout.init_widget(BUY)

    assert (checkout.reference_id, None) == (widget.reference_id, widget.session_id)


async def test_every_call_of_a_closed_session_raises(session: FlexitiSession) -> None:
    """No call starts on a closed session."""
    await session.aclose()

    for attempt in (
        session.token(Scope.MERCHANT),
        session.checkout("order-1"),
        session.init_widget(BUY),
    ):
        with pytest.raises(SessionClosed):
            await attempt
