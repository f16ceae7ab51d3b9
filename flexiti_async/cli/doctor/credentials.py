"""Check the credentials with one token request."""

import secrets
from collections.abc import AsyncIterator
from typing import Final

from attrs import evolve

from flexiti_async import (
    FlexitiConfig,
    FlexitiError,
    FlexitiSession,
    Scope,
    TokenError,
)
from flexiti_async.cli.doctor.finding import Finding, error, good
from flexiti_async.errors import LifetimeTooShort, TokenMisconfigured, TokenThrottled
from flexiti_async.events.types import Event, TokenIssued

__all__ = ["check_credentials"]

_BLOCKED: Final = frozenset({465, 466, 467})
"""Flexiti's own numbers for requests that it blocks; their body is undocumented (spec 6.2)."""
_BAD_REQUEST: Final = 400
_SERVER_ERROR: Final = 500
_PROXY: Final = "Flexiti was not asked"
_NOT_FLEXITI: Final = "a proxy or a login page on the way has answered"
_GATEWAY: Final = "a gateway or a proxy has answered, on the way or in front of the API"
_FLEXITI: Final = "Flexiti itself has answered"
_IN_BETWEEN: Final = (
    "check base_url, the proxy and the firewall, and sign in to the network if it has a login page"
)
_WRONG = (
    "compare client_id and client_secret with the developer portal, and make sure that they belong "
    "to this environment: each environment has its own"
)


async def check_credentials(config: FlexitiConfig) -> AsyncIterator[Finding]:
    """Request one token with the scope `customer`; no process shares it, and it is discarded."""
    events: list[Event] = []
    private = evolve(config, store=f"memory://doctor-{secrets.token_hex(8)}", token_keys=())
    try:
        async with FlexitiSession(private, listeners=[events.append]) as flexiti:
            await flexiti.refresher(Scope.CUSTOMER).dedicated(config.flow_ttl)
    except LifetimeTooShort as failure:
        yield _issued(events, config)
        advice = "lower flow_ttl, or omit it: the default is half of a token's lifetime"
        yield error("credentials", f"tokens expire too soon for flow_ttl: {failure}", advice)
    except FlexitiError as failure:
        yield _failed(failure)
    else:
        yield _issued(events, config)


def _issued(events: list[Event], config: FlexitiConfig) -> Finding:
    [issued] = [event for event in events if isinstance(event, TokenIssued)]
    login = ", merchants/login included" if config.login else ""
    return good(
        "credentials",
        f"token issued in {issued.seconds:.2f} s, lifetime {issued.lifetime:g} s{login} "
        f"(reference id {issued.reference_id})",
    )


def _failed(failure: FlexitiError) -> Finding:
    """Return the finding for a token request that failed: whose answer it was, and advice."""
    whose = _whose(failure)
    wait = failure.retry_after if isinstance(failure, TokenError) else None
    if whose == _PROXY:
        advice = "check the proxy: its address and credentials, and that it allows CONNECT here"
    elif isinstance(failure, TokenMisconfigured):
        advice = _WRONG
    elif isinstance(failure, TokenThrottled):
        pause = "" if wait is None else f" {wait:.0f} s"
        advice = f"wait{pause}; check that all processes share one store"
    elif whose == _NOT_FLEXITI:
        advice = _IN_BETWEEN
    elif whose == _GATEWAY:
        advice = f"try again; if it persists, {_IN_BETWEEN}, or report the time to Flexiti"
    else:
        advice = "try again; if it persists, report the reference id to Flexiti"
    text = f"token request failed: {failure}"
    return error("credentials", f"{text}: {whose}" if whose else text, advice)


def _whose(failure: FlexitiError) -> str:
    """
    Return whose answer a failed token request got; empty if nobody has answered.

    The API answers with JSON that has an `error`. A server error without it, or a bare message, may
    come from a gateway of Flexiti's as well as from a proxy: nothing in it proves which.
    """
    if not isinstance(failure, TokenError):
        return ""
    if failure.reason == "proxy":
        return _PROXY
    if failure.status is None:
        return ""
    if failure.code is not None or failure.status in _BLOCKED:
        return _FLEXITI
    refused = failure.status >= _BAD_REQUEST
    says_something = refused and failure.description is not None
    return _GATEWAY if failure.status >= _SERVER_ERROR or says_something else _NOT_FLEXITI
