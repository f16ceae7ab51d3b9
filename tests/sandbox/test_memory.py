"""How many tokens, records and messages are kept: load tests issue more."""

import pytest

from flexiti_async.sandbox.state import tokens as state
from flexiti_async.sandbox.state.request_log import RequestLog, RequestRecord
from flexiti_async.sandbox.state.tokens import HISTORY, Ledger, Token
from tests.sandbox.conftest import REFERENCE_ID


@pytest.fixture
def ledger(monkeypatch: pytest.MonkeyPatch) -> Ledger:
    """Return a ledger that keeps three tokens."""
    monkeypatch.setattr(state, "HISTORY", 3)
    return Ledger()


def issue(ledger: Ledger, now: float) -> Token:
    """Issue a token that expires in ten seconds."""
    return ledger.issue(scope="customer", grant="client_credentials", now=now, expires_in=10)


def test_live_tokens_are_never_dropped(ledger: Ledger) -> None:
    """Live tokens are kept, even beyond the limit."""
    tokens = [issue(ledger, now=9) for _ in range(5)]

    assert tokens == [ledger.find(token.access_token) for token in tokens]
    assert 5 == ledger.issued == len(ledger.views())


def test_oldest_expired_tokens_are_dropped(ledger: Ledger) -> None:
    """Beyond the limit, the oldest expired tokens are dropped, but stay in the count."""
    old = [issue(ledger, now=0) for _ in range(5)]
    new = issue(ledger, now=10)

    assert [None] * 3 == [ledger.find(token.access_token) for token in old[:3]]
    assert [None] * 3 == [ledger.find_refresh(token.refresh_token) for token in old[:3]]
    assert [*old[3:], new] == [
        ledger.find_refresh(token.refresh_token) for token in (*old[3:], new)
    ]
    assert 6 == ledger.issued
    assert 3 == len(ledger.views())


def test_living_token_shields_later_dead_ones(ledger: Ledger) -> None:
    """Tokens are forgotten in the order of their issue, so a living one is never skipped."""
    long = ledger.issue(scope="customer", grant="client_credentials", now=0, expires_in=100)
    short = [issue(ledger, now=0) for _ in range(3)]
    last = issue(ledger, now=50)

    tokens = [long, *short, last]
    assert tokens == [ledger.find(token.access_token) for token in tokens]


def test_counts_outlast_records() -> None:
    """Of more requests than are kept, all are counted."""
    log = RequestLog()
    record = RequestRecord(
        method="POST",
        path="/",
        endpoint="oauth/token",
        status=None,
        error=None,
        reference_id=REFERENCE_ID,
        grant="client_credentials",
        scope="customer",
        token_id=None,
        at=0.0,
    )
    for _ in range(HISTORY + 5):
        log.close(log.open(record), status=200, error=None)

    assert HISTORY == len(log.records())
    assert HISTORY + 5 == log.count("oauth/token", status=200)


def test_families_do_not_grow() -> None:
    """A token that is refreshed for ever keeps no trail of dead ones."""
    ledger = Ledger()
    token = issue(ledger, now=0)
    for moment in range(1, 50):
        token.revoked = True
        token = ledger.issue(
            scope="customer",
            grant="refresh_token",
            now=moment,
            expires_in=10,
            family=token.family,
        )

    assert [token] == token.family.members
