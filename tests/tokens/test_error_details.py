"""The faults of a token request: each has attributes and a text of its own."""

import errno
import json
import socket
import ssl
from pathlib import Path

import pytest
import trustme
from attrs import frozen

from flexiti_async import FlexitiSession
from flexiti_async.errors import (
    TokenError,
    TokenMisconfigured,
    TokenThrottled,
    TokenUnavailable,
)
from flexiti_async.sandbox import Sandbox
from flexiti_async.testing import ManualClock

from ..conftest import MakeSession
from ..support.authority import Authority
from ..support.ports import free_port
from ..support.raw_server import says, server
from ..support.relay import relay_to

TOKEN = "oauth/token"


async def error_of(session: FlexitiSession) -> TokenError:
    """Return the error of a session that cannot obtain a token."""
    with pytest.raises(TokenError) as caught:
        await session.token()
    return caught.value


def answer(body: bytes, *, status: str = "400 Bad Request", content_type: str = "") -> bytes:
    """Build an answer of raw bytes."""
    head = f"HTTP/1.1 {status}\r\ncontent-length: {len(body)}\r\nconnection: close\r\n"
    if content_type:
        head += f"content-type: {content_type}\r\n"
    return head.encode() + b"\r\n" + body


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    """Return an authority that this machine does not know."""
    return Authority(tmp_path)


def self_signed(authority: Authority) -> ssl.SSLContext:
    """Make the context of a server whose certificate no authority has signed."""
    alone = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    path = authority.ca_file.with_name("alone.pem")
    alone.cert_pem.write_to_path(path)
    alone.private_key_pem.write_to_path(path.with_name("alone.key"))
    context.load_cert_chain(path, path.with_name("alone.key"))
    return context


CERTIFICATES = {
    "expired": (10, "certificate has expired"),
    "self-signed": (18, "self-signed certificate"),
    "unknown authority": (20, "unable to get local issuer"),
    "another name": (62, "Hostname mismatch"),
}


@pytest.mark.parametrize("fault", CERTIFICATES)
async def test_a_certificate_says_what_is_wrong_with_it(
    make_session: MakeSession, sandbox: Sandbox, authority: Authority, fault: str
) -> None:
    """Also for a session that reads the failure from the store."""
    code, words = CERTIFICATES[fault]
    if fault == "self-signed":
        tls = self_signed(authority)
    else:
        name = "other.test" if fault == "another name" else "localhost"
        tls = authority.server(name, expired=fault == "expired")
    trusted = {} if fault == "unknown authority" else {"ca_file": str(authority.ca_file)}
    assert sandbox.port is not None
    async with relay_to(sandbox.port, tls=tls) as relay:
        url = f"https://localhost:{relay.port}/flexiti/pos-api"
        sessions = [make_session(base_url=url, **trusted) for _ in range(2)]
        errors = [await error_of(session) for session in sessions]
        for session in sessions:
            await session.aclose()

    assert [TokenUnavailable] * 2 == [type(error) for error in errors]
    assert [("certificate", code)] * 2 == [(error.reason, error.verify_code) for error in errors]
    assert all(words in str(error) for error in errors)


async def test_a_refusal_and_a_name_that_is_not_known_differ(make_session: MakeSession) -> None:
    """The operating system's number is an attribute, and its words are in the text."""
    refused = await error_of(make_session(base_url=f"http://127.0.0.1:{free_port()}"))
    unknown = await error_of(make_session(base_url="https://no-such-host.invalid"))

    assert ("connection", errno.ECONNREFUSED) == (refused.reason, refused.errno)
    assert "Connection refused" in str(refused)
    assert ("dns", True) == (unknown.reason, unknown.errno in vars(socket).values())
    assert "the name no-such-host.invalid cannot be resolved" in str(unknown)
    assert (None, None) == (refused.verify_code, unknown.verify_code)


@frozen
class Said:
    """
    An answer, and the error that it is.

    Attributes:
        body: Its bytes.
        kind: The class of the error.
        code: Its code.
        description: Its text for people.
        text: A part of the error's text.
        status: Status of the answer.
        content_type: Its media type.
    """

    body: bytes
    kind: type[TokenError]
    code: str | None
    description: str | None
    text: str
    status: str = "400 Bad Request"
    content_type: str = "application/json"


REFUSED = {"error": "invalid_client", "error_description": "Le secret a expiré"}
PLAIN = json.dumps(REFUSED, ensure_ascii=False)


def refused(
    body: bytes, *, status: str = "400 Bad Request", content_type: str = "application/json"
) -> Said:
    """Return what a refusal of the credentials is, in some encoding."""
    text = REFUSED["error_description"]
    code = REFUSED["error"]
    return Said(body, TokenMisconfigured, code, text, text, status, content_type)


IN_LATIN = "application/json; charset=ISO-8859-1"
SAID = {
    "error_description": refused(PLAIN.encode()),
    "with a byte order mark": refused(PLAIN.encode("utf-8-sig")),
    "in UTF-16": refused(PLAIN.encode("utf-16")),
    "in ISO-8859-1, which the header names": refused(
        PLAIN.encode("iso-8859-1"), content_type=IN_LATIN
    ),
    "in ISO-8859-1, which nothing says": refused(PLAIN.encode("iso-8859-1")),
    "200 with an error": refused(PLAIN.encode(), status="200 OK"),
    "200 with an error and a byte order mark": refused(PLAIN.encode("utf-8-sig"), status="200 OK"),
    "200 with an error and no text": Said(
        b'{"error": "invalid_client"}',
        TokenMisconfigured,
        "invalid_client",
        "an error, with the status of a success",
        "HTTP 200 invalid_client",
        status="200 OK",
    ),
    "200 with a page": Said(
        b"<html>Welcome</html>",
        TokenUnavailable,
        None,
        None,
        "not JSON (text/html)",
        status="200 OK",
        content_type="text/html",
    ),
    "an error that passes": Said(
        b'{"error": "temporarily_unavailable", "error_description": "Back at 5"}',
        TokenUnavailable,
        "temporarily_unavailable",
        "Back at 5",
        "Back at 5",
    ),
    "a page": Said(
        b"<html>Too large</html>",
        TokenUnavailable,
        None,
        None,
        "not an answer of the API (text/html)",
        status="413 Content Too Large",
        content_type="text/html",
    ),
}


@pytest.mark.parametrize("case", SAID)
async def test_an_answer_says_what_it_is(make_session: MakeSession, case: str) -> None:
    """Also for a session that reads the failure from the store; each knows when to try again."""
    said = SAID[case]
    raw = answer(said.body, status=said.status, content_type=said.content_type)
    async with server(says(raw)) as url:
        sessions = [make_session(base_url=url) for _ in range(2)]
        errors = [await error_of(session) for session in sessions]
        for session in sessions:
            await session.aclose()

    assert [said.kind] * 2 == [type(error) for error in errors]
    assert [(said.code, said.description)] * 2 == [(e.code, e.description) for e in errors]
    assert [int(said.status[:3])] * 2 == [error.status for error in errors]
    assert all(said.text in str(error) for error in errors)
    assert all((error.retry_after or 0) > 0 for error in errors)


@pytest.mark.parametrize("charset", ["utf-8-sig", "utf-16", "iso-8859-1"])
async def test_a_grant_with_a_mark_or_a_charset_is_accepted(
    make_session: MakeSession, charset: str
) -> None:
    """RFC 8259 section 8.1 lets a reader ignore the mark."""
    body = {"token_type": "bearer", "access_token": "tok", "expires_in": 1200, "note": "été"}
    encoded = json.dumps(body, ensure_ascii=False).encode(charset)
    media_type = f"application/json; charset={charset.removesuffix('-sig')}"
    async with server(says(answer(encoded, status="200 OK", content_type=media_type))) as url:
        session = make_session(base_url=url)
        token = await session.token()
        await session.aclose()

    assert "tok" == token.access_token.reveal()


async def test_the_first_failure_says_when_to_try_again(
    make_session: MakeSession, sandbox: Sandbox, clock: ManualClock
) -> None:
    """As all later ones do, and dedicated tokens."""
    sandbox.fail(TOKEN, status=500, times=None)
    failing = make_session()
    first = await error_of(failing)
    clock.advance(0.25)
    later = await error_of(failing)
    clock.advance(1.0)
    with pytest.raises(TokenUnavailable) as dedicated:
        await failing.checkout("order-1", sharing="dedicated", resumable=False)
    assert first.retry_after is not None
    assert later.retry_after is not None

    assert 0.75 <= first.retry_after <= 1.0
    assert first.retry_after - 0.25 == pytest.approx(later.retry_after)
    assert dedicated.value.retry_after is not None


async def test_a_throttled_request_says_what_the_api_said(
    make_session: MakeSession, sandbox: Sandbox
) -> None:
    """`Retry-After` of the answer is that of the error."""
    sandbox.fail(TOKEN, status=429, headers={"Retry-After": "60"}, times=None)
    error = await error_of(make_session())

    assert isinstance(error, TokenThrottled)
    assert 60 == error.retry_after
