"""Check the credentials with one token request."""

import secrets
from collections.abc import AsyncIterator

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

_IN_BETWEEN = (
    "something between this machine and Flexiti has answered: check base_url, the proxy and the "
    "firewall"
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
    """Return the finding for a token request that failed, with advice for its class."""
    wait = failure.retry_after if isinstance(failure, TokenError) else None
    if isinstance(failure, TokenMisconfigured):
        advice = _WRONG
    elif isinstance(failure, TokenThrottled):
        pause = "" if wait is None else f" {wait:.0f} s"
        advice = f"wait{pause}; check that all processes share one store"
    elif "the proxy " in str(failure):  # as errors name it; the API was not reached
        advice = "check the proxy: its address and credentials, and that it allows CONNECT here"
    elif isinstance(failure, TokenError) and failure.status is not None and failure.code is None:
        advice = _IN_BETWEEN
    else:
        advice = "try again; if it persists, report the reference id to Flexiti"
    return error("credentials", f"token request failed: {failure}", advice)
