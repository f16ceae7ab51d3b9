"""The session as a shop sees it: made of its settings, lent a client, used and closed."""

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
from flexiti_async.errors import SessionClosed
from flexiti_async.sandbox import Sandbox

from ..checkout.test_checkout import APPLICANT
from ..conftest import MakeSession

BUY = PurchaseWidget(account_number=20009100)


async def test_from_env_reads_the_environment_and_the_file(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Code wins over variables, variables win over the file, and the session works."""
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


def test_from_env_without_anything_says_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    """All missing options are reported together."""
    monkeypatch.delenv("FLEXITI_CONFIG", raising=False)
    with pytest.raises(ConfigError) as caught:
        FlexitiSession.from_env()

    assert all(word in str(caught.value) for word in ("client_id", "client_secret", "environment"))


async def test_1000_concurrent_checkouts_need_one_shared_token(
    session: FlexitiSession, sandbox: Sandbox
) -> None:
    """The main job: many at once, a URL each, and one token but for the applications' own."""

    async def one(number: int) -> str:
        checkout = await session.checkout()
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
async def test_account_type_stands_where_the_configuration_says(
    make_session: MakeSession, sandbox: Sandbox, place: AccountTypePlace, nested: bool, top: bool
) -> None:
    """One setting follows the field's history (spec 4.2)."""
    session = make_session(account_type_place=place)
    checkout = await session.checkout()
    await checkout.init_widget(ApplyWidget(**APPLICANT))
    body = sandbox.init_payload(checkout.token.access_token.reveal())

    assert body is not None
    who = body["customer_identification"]
    assert isinstance(who, dict)
    assert (nested, top) == ("account_type" in who, "account_type" in body)


@pytest.mark.parametrize(
    ("born", "refused"), [("2009-01-14", 0), ("2009-01-15", 0), ("2009-01-16", 2)]
)
async def test_a_minor_cannot_apply(
    session: FlexitiSession, sandbox: Sandbox, born: str, refused: int
) -> None:
    """Applicants of age nowhere in Canada today (2027-01-15) are refused before any HTTP."""
    data: dict[str, Any] = {**APPLICANT, "dob": born}
    widget = ApplyWidget(**data)
    checkout = await session.checkout(resumable=False)
    before = len(sandbox.requests)
    results = await asyncio.gather(
        session.init_widget(widget), checkout.init_widget(widget), return_exceptions=True
    )

    assert refused == sum(isinstance(result, ValidationError) for result in results)
    assert (len(sandbox.requests) == before) is bool(refused)


async def test_old_answers_without_ids_still_make_a_widget(
    session: FlexitiSession, sandbox: Sandbox
) -> None:
    """The reference id is the one that was sent; the widget session id is missing."""
    sandbox.bare_redirection_url = True
    checkout = await session.checkout()
    widget = await checkout.init_widget(BUY)

    assert (checkout.reference_id, None) == (widget.reference_id, widget.session_id)


async def test_a_closed_session_says_so_whatever_is_asked(session: FlexitiSession) -> None:
    """No call starts on a session that was closed."""
    await session.aclose()

    for attempt in (session.token(Scope.MERCHANT), session.checkout(), session.init_widget(BUY)):
        with pytest.raises(SessionClosed):
            await attempt
