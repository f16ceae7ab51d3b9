"""
The shared record of one token key, and its text in a token store.

The times that count are durations from its write, because the clocks of hosts differ; the store
reports the entry's age. A token and a failure also carry the moment at which they came about, by
the wall clock of the host that wrote them: it can make them older for a reader, never younger, so
an old record that is put back, or that is written late, is not young again. The refresh token is
not in it: it never leaves the process that obtained the pair. A record names its
own key, so that an entry stored under another key (a mixed-up backup, a prefix shared by mistake)
is rejected.
"""

import math
from typing import Final

import msgspec
from attrs import Factory, field, frozen

from flexiti_async.clock import Instant
from flexiti_async.config.model import FlexitiConfig
from flexiti_async.errors import RecordUnreadable
from flexiti_async.protocol.record_json import as_ascii, decode_secret, encode_secret
from flexiti_async.protocol.secret import Secret
from flexiti_async.protocol.token import Scope, Token
from flexiti_async.store.interface import store_key

__all__ = [
    "Claim",
    "Failure",
    "Record",
    "StoredToken",
    "TokenKey",
    "decode_record",
    "encode_record",
]


@frozen
class TokenKey:
    """
    The identity of a token: API base URL, client id, credentials and scope.

    Only the credentials that obtained a token find it.

    Attributes:
        base_url: API base URL without a trailing slash.
        client_id: The client id that the tokens are issued to.
        fingerprint: Of the credentials, merchants/login included (`FlexitiConfig.fingerprint`).
        scope: The scope of the tokens.
        store_key: Key of the record in a token store: a hash, because stores restrict characters,
            and to keep client id and fingerprint out of a store's list of keys.
    """

    base_url: str
    client_id: str
    fingerprint: str
    scope: Scope
    store_key: str = field(
        init=False,
        default=Factory(
            lambda key: store_key(
                "token", key.base_url, key.client_id, key.fingerprint, key.scope.value
            ),
            takes_self=True,
        ),
    )

    @classmethod
    def of(cls, config: FlexitiConfig, scope: Scope) -> "TokenKey":
        """Return the key of the tokens that a session with this configuration uses."""
        return cls(config.api_url, config.client_id, config.fingerprint, scope)


VERSION: Final = 1
_LONGEST: Final = 32 * 86_400.0
_MOST_ATTEMPTS: Final = 2**31


@frozen
class StoredToken:
    """
    A token in a record.

    Attributes:
        token_id: Its id, drawn at random.
        access_token: The bearer token.
        lifetime: Seconds that it was granted for.
        remaining: Seconds of life left when the record was written.
        pinned: Whether it was handed out with a `min_ttl`, and so is never refreshed.
        minted: When it was granted, seconds since the epoch; None in records of older releases.
    """

    token_id: str
    access_token: Secret
    lifetime: float
    remaining: float
    pinned: bool = False
    minted: float | None = None

    @classmethod
    def of(cls, token: Token, life: float) -> "StoredToken":
        """Build the stored form of a token that has `life` seconds left."""
        return cls(
            token_id=token.token_id,
            access_token=token.access_token,
            lifetime=token.lifetime,
            remaining=max(life, 0.0),
            pinned=token.pinned,
            minted=token.counted_from.wall - (token.lifetime - token.life),
        )

    def as_token(self, scope: Scope, *, life: float, at: Instant) -> Token:
        """Build the token, with `life` seconds left at some moment."""
        return Token(
            token_id=self.token_id,
            access_token=self.access_token,
            scope=scope,
            lifetime=self.lifetime,
            life=life,
            counted_from=at,
            pinned=self.pinned,
        )


@frozen
class Claim:
    """
    One process is refreshing the token.

    Attributes:
        lease: Seconds from the write for which the claim is valid.
    """

    lease: float


@frozen
class Failure:
    """
    The failure of the last attempt.

    Attributes:
        kind: Class of the failure, a `TokenError.kind`.
        message: Its text, without secrets.
        back_off: Seconds from the write until the next attempt.
        attempts: Failed attempts in a row.
        fingerprint: Of the credentials that failed; it does not stop others.
        status: HTTP status of the token endpoint, None without an answer.
        code: The API's `error`.
        at: When it failed, seconds since the epoch; None in records of older releases.
        description: The API's text for people.
        reason: Why there was no connection, see `TokenError`.
        errno: The operating system's error number.
        verify_code: OpenSSL's number for the fault of the certificate.
    """

    kind: str
    message: str
    back_off: float
    attempts: int
    fingerprint: str
    status: int | None = None
    code: str | None = None
    at: float | None = None
    description: str | None = None
    reason: str | None = None
    errno: int | None = None
    verify_code: int | None = None


@frozen
class Record:
    """
    The shared state of one token key.

    Attributes:
        key: The record's own store key.
        token: The token in use, if any.
        claim: The claim of the process that is refreshing it, if any.
        failure: The failure of the last attempt, if it failed.
    """

    key: str
    token: StoredToken | None = None
    claim: Claim | None = None
    failure: Failure | None = None

    def expires_in(self) -> float:
        """Return the seconds from the write until nothing in it counts any more."""
        return max(
            self.token.remaining if self.token else 0.0,
            self.claim.lease if self.claim else 0.0,
            self.failure.back_off if self.failure else 0.0,
        )


@frozen
class _Wire:
    v: int
    key: str
    token: StoredToken | None = None
    claim: Claim | None = None
    failure: Failure | None = None


_encoder: Final = msgspec.json.Encoder(enc_hook=encode_secret)
_decoder: Final = msgspec.json.Decoder(_Wire, dec_hook=decode_secret)


def encode_record(record: Record) -> str:
    """Encode a record as ASCII JSON."""
    wire = _Wire(VERSION, record.key, record.token, record.claim, record.failure)
    return as_ascii(_encoder.encode(wire))


def decode_record(payload: str, key: str) -> Record:
    """
    Decode the record that was stored under `key`.

    Raises:
        RecordUnreadable: It has another key or version, or is not a record. This counts as a store
            failure, never as missing: another process may be able to read it.
    """
    problem: str | None = "it is not a record of flexiti-async"
    try:
        wire = _decoder.decode(payload)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        pass
    else:
        problem = _find_problem(wire, key)
        if problem is None:
            return Record(wire.key, wire.token, wire.claim, wire.failure)
    del payload  # it holds a token, and this frame may end up in a traceback
    msg = f"the record under {key} cannot be read: {problem}"
    raise RecordUnreadable(msg)


def _find_problem(wire: _Wire, key: str) -> str | None:
    if wire.v != VERSION:
        return f"it has version {wire.v}, this release reads version {VERSION}"
    if wire.key != key:
        return "it names another key"
    spans: list[float] = []
    if wire.token:
        spans += [wire.token.lifetime, wire.token.remaining]
    if wire.claim:
        spans.append(wire.claim.lease)
    if wire.failure:
        spans.append(wire.failure.back_off)
    if wire.failure and not 0 <= wire.failure.attempts <= _MOST_ATTEMPTS:
        return f"its count of attempts is not between 0 and {_MOST_ATTEMPTS}"
    if not all(math.isfinite(span) and 0 <= span <= _LONGEST for span in spans):
        return "a duration in it is not between 0 and 32 days"
    if wire.token and wire.token.remaining > wire.token.lifetime:
        return "its token has more life left than it was granted"
    return None
