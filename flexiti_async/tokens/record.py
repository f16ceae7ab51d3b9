"""
What processes tell each other through a token store: one record per token key, as text.

All times in a record are durations from its write (clocks of hosts differ); the store tells how
old the entry is. The refresh token is not in it: it never leaves the process that minted the pair
(design section 3). A record names its own key, so that an entry that got under another key (a
mixed-up backup, a prefix shared by mistake) is refused and not used.
"""

import json
import math
from typing import Final

import msgspec
from attrs import Factory, field, frozen

from flexiti_async.clock import Instant
from flexiti_async.errors import RecordUnreadable
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
    "reveal_secret",
    "take_secret",
]


@frozen
class TokenKey:
    """
    Whose tokens: an API base URL, a client id and a scope.

    Attributes:
        base_url: API base URL without a trailing slash.
        client_id: The client id that the tokens are issued to.
        scope: The scope of the tokens.
        store_key: Key of the record in a token store: a hash, because not every store allows
            every character, and because a client id need not be shown in a store's key list.
    """

    base_url: str
    client_id: str
    scope: Scope
    store_key: str = field(
        init=False,
        default=Factory(
            lambda key: store_key("token", key.base_url, key.client_id, key.scope.value),
            takes_self=True,
        ),
    )


VERSION: Final = 1
_LONGEST: Final = 32 * 86_400.0
_MOST_ATTEMPTS: Final = 2**31


@frozen
class StoredToken:
    """
    A token as it stands in a record.

    Attributes:
        token_id: Its random name.
        access_token: The bearer token.
        lifetime: Seconds that it was granted for.
        remaining: Seconds of life that were left when the record was written.
        pinned: Whether it was handed out with a `min_ttl`, and so is never refreshed.
    """

    token_id: str
    access_token: Secret
    lifetime: float
    remaining: float
    pinned: bool = False

    @classmethod
    def of(cls, token: Token, life: float) -> "StoredToken":
        """Make of a token what goes into a record, `life` seconds of it being left."""
        return cls(
            token_id=token.token_id,
            access_token=token.access_token,
            lifetime=token.lifetime,
            remaining=max(life, 0.0),
            pinned=token.pinned,
        )

    def as_token(self, scope: Scope, *, life: float, at: Instant) -> Token:
        """Make a token of it that has `life` seconds left at some moment."""
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
    Somebody is getting a new token.

    Attributes:
        lease: Seconds from the write after which nobody believes in the claim any more.
    """

    lease: float


@frozen
class Failure:
    """
    The last attempt failed.

    Attributes:
        kind: Class of the failure, a `TokenError.kind`.
        message: Its text, without secrets.
        back_off: Seconds from the write during which nobody tries again.
        attempts: How many attempts in a row have failed.
        fingerprint: Of the credentials that failed; others may try.
        status: HTTP status of the token endpoint, None without an answer.
        code: The API's `error`.
    """

    kind: str
    message: str
    back_off: float
    attempts: int
    fingerprint: str
    status: int | None = None
    code: str | None = None


@frozen
class Record:
    """
    All that is shared about one token key.

    Attributes:
        key: Store key that the record belongs to.
        token: The token in use, if any.
        claim: The claim on getting its successor, if somebody is at it.
        failure: The last attempt's failure, if it failed.
    """

    key: str
    token: StoredToken | None = None
    claim: Claim | None = None
    failure: Failure | None = None

    def matters_for(self) -> float:
        """Tell the seconds from the write for which something in it counts."""
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


def reveal_secret(value: object) -> str:
    """Write a Secret; for msgspec's `enc_hook`."""
    if isinstance(value, Secret):
        return value.reveal()
    raise NotImplementedError


def take_secret(kind: type, value: object) -> object:
    """Read a Secret; for msgspec's `dec_hook`."""
    if kind is not Secret:
        raise NotImplementedError
    if isinstance(value, str):
        return Secret(value)
    # msgspec makes a ValidationError of it; a NotImplementedError would pass through.
    msg = "a secret is a text"
    raise TypeError(msg)


def as_ascii(text: bytes) -> str:
    """Escape what is not ASCII in JSON: a store need not know of encodings."""
    return json.dumps(json.loads(text)) if not text.isascii() else text.decode()


_encoder: Final = msgspec.json.Encoder(enc_hook=reveal_secret)
_decoder: Final = msgspec.json.Decoder(_Wire, dec_hook=take_secret)


def encode_record(record: Record) -> str:
    """Write a record as ASCII JSON text."""
    wire = _Wire(VERSION, record.key, record.token, record.claim, record.failure)
    return as_ascii(_encoder.encode(wire))


def decode_record(payload: str, key: str) -> Record:
    """
    Read the record that was stored under `key`.

    Raises:
        RecordUnreadable: It is of another key, another version, or no record at all. A store
            failure, never "absent": somebody else may be able to read it.
    """
    fault: str | None = "it is not a record of flexiti-async"
    try:
        wire = _decoder.decode(payload)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        pass
    else:
        fault = _find_fault(wire, key)
        if fault is None:
            return Record(wire.key, wire.token, wire.claim, wire.failure)
    del payload  # it holds a token, and this frame may end up in a traceback
    msg = f"the record under {key} cannot be read: {fault}"
    raise RecordUnreadable(msg)


def _find_fault(wire: _Wire, key: str) -> str | None:
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
        return "a number in it makes no sense"
    if not all(math.isfinite(span) and 0 <= span <= _LONGEST for span in spans):
        return "a duration in it makes no sense"
    if wire.token and wire.token.remaining > wire.token.lifetime:
        return "a token in it has more life than it was granted"
    return None
