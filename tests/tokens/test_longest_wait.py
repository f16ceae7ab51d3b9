"""How long a caller waits for a token: with the defaults, for two leases and a request."""

import asyncio
import secrets

import pytest

from flexiti_async import FlexitiConfig, Token
from flexiti_async.clock import now
from flexiti_async.errors import TokenUnavailable
from flexiti_async.events.types import Listeners
from flexiti_async.protocol.secret import Secret
from flexiti_async.protocol.token import Scope
from flexiti_async.store.interface import Entry
from flexiti_async.store.sealed import SealedStore
from flexiti_async.testing import FaultyStore
from flexiti_async.tokens.context import Issued, RefreshContext, TokenOptions
from flexiti_async.tokens.policy import LEASE
from flexiti_async.tokens.record import Claim, Record, TokenKey, encode_record
from flexiti_async.tokens.record_store import RecordStore
from flexiti_async.tokens.refresh_tokens import RefreshTokens
from flexiti_async.tokens.refresher import TokenRefresher

from ..support.virtual_loop import VirtualLoop

CONFIG = FlexitiConfig(client_id="shop", client_secret="secret", base_url="https://api.invalid")
KEY = TokenKey.of(CONFIG, Scope.CUSTOMER)
LEASE_SECONDS = LEASE * CONFIG.token_timeout


async def claim_for_ever(store: FaultyStore, *, times: int = 10**6) -> None:
    """Write a new claim whenever one is about to lapse: one that dies, then the next."""
    for _ in range(times):
        record = Record(KEY.store_key, claim=Claim(LEASE_SECONDS))
        entry = Entry(secrets.token_hex(16), encode_record(record), 3600.0)
        await store.swap(KEY.store_key, entry, expected=await store.load(KEY.store_key))
        await asyncio.sleep(LEASE_SECONDS - 1)


async def wait(*, request_seconds: float, claims: int) -> tuple[Token | TokenUnavailable, float]:
    """Let one caller with the default options wait, and return its result and its seconds."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualLoop)
    store = FaultyStore(loop.time)

    async def request_token(scope: Scope, _: Secret | None, __: str | None) -> Issued:
        sent = now(loop)
        await asyncio.sleep(request_seconds)
        return Issued(Token("t", Secret("t"), scope, 1200.0, 1200.0, sent), None)

    sealed = SealedStore(store, timeout=CONFIG.store_timeout)
    record = RecordStore(KEY.store_key, sealed, loop, token_timeout=CONFIG.token_timeout)
    options = TokenOptions(
        CONFIG.fingerprint,
        CONFIG.token_timeout,
        None,
        None,
        degrade=True,
        refresh_is_harmless=False,
    )
    context = RefreshContext(
        KEY, record, request_token, RefreshTokens(), options, loop, Listeners()
    )
    refresher = TokenRefresher(context, store=id(store))
    claiming = asyncio.create_task(claim_for_ever(store, times=claims))
    await asyncio.sleep(0)
    began = loop.time()
    try:
        return await refresher.token(), loop.time() - began
    except TokenUnavailable as error:
        return error, loop.time() - began
    finally:
        claiming.cancel()
        await refresher.aclose()


def measured(*, request_seconds: float, claims: int = 10**6) -> tuple[object, float]:
    """Run it on a loop whose time passes only when no task is ready."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(wait(request_seconds=request_seconds, claims=claims))


@pytest.mark.parametrize("request_seconds", [0.1, 15.0])
def test_a_default_caller_gets_the_token_of_a_process_that_goes_on_alone(
    request_seconds: float,
) -> None:
    """Claims of others never end: after two leases, it gets a token of its own."""
    found, seconds = measured(request_seconds=request_seconds)

    assert isinstance(found, Token)
    assert 2 * LEASE_SECONDS <= seconds <= 2 * LEASE_SECONDS + request_seconds + 0.5


def test_a_default_caller_outlives_one_process_that_dies_and_a_slow_request() -> None:
    """One lease, and a request that takes nearly its whole time."""
    found, seconds = measured(request_seconds=19.0, claims=1)

    assert isinstance(found, Token)
    assert LEASE_SECONDS + 19 <= seconds <= LEASE_SECONDS + 19.5


def test_no_caller_waits_longer_than_two_leases_and_a_request() -> None:
    """The endpoint does not answer at all: the wait ends, with an error that says so."""
    found, seconds = measured(request_seconds=3600.0)

    assert isinstance(found, TokenUnavailable)
    assert 2 * LEASE_SECONDS + CONFIG.token_timeout == pytest.approx(seconds, abs=0.5)
