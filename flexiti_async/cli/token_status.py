"""Status of one shared token in the store, for people and programs; never the token itself."""

import math

from attrs import frozen

from flexiti_async import FlexitiConfig, Scope
from flexiti_async.cli.output import name_of_store
from flexiti_async.protocol.redact import printable
from flexiti_async.tokens.record import Claim, Failure, StoredToken, TokenKey
from flexiti_async.tokens.snapshot import Snapshot

__all__ = ["TokenStatus"]


@frozen
class TokenStatus:
    """
    One read of the record of a token key.

    Attributes:
        scope: Scope of the token.
        store: Where the record is stored, masked.
        store_key: Key of the record.
        fingerprint: Fingerprint of the configured credentials.
        seen: Result of the read.
    """

    scope: Scope
    store: str
    store_key: str
    fingerprint: str
    seen: Snapshot

    @classmethod
    def of(cls, config: FlexitiConfig, key: TokenKey, seen: Snapshot) -> "TokenStatus":
        """Return the status that one read showed."""
        return cls(
            scope=key.scope,
            store=name_of_store(config.store),
            store_key=key.store_key,
            fingerprint=config.fingerprint,
            seen=seen,
        )

    def as_json(self) -> dict[str, object]:
        """Return the status for programs; null means missing, or unknown to the store."""
        record = self.seen.record
        token, claim, failure = (
            (record.token, record.claim, record.failure) if record else (None, None, None)
        )
        return {
            "scope": self.scope.value,
            "store": self.store,
            "store_key": self.store_key,
            "fingerprint": self.fingerprint,
            "stored": record is not None,
            "version": self.seen.version,
            "age": self._age(),
            "token": token and self._token_json(token),
            "claim": claim and {"lease": claim.lease, "remaining": self._left(claim.lease)},
            "failure": failure and self._failure_json(failure),
        }

    def as_facts(self) -> dict[str, str]:
        """Return the status for people."""
        facts = {
            "scope": self.scope.value,
            "store": self.store,
            "key": self.store_key,
            "credentials": f"fingerprint {self.fingerprint}",
        }
        record = self.seen.record
        if record is None:
            return {**facts, "record": "nothing is stored"}
        age = self._age()
        written = "" if age is None else f", written {age:.1f} s ago"
        return {
            **facts,
            "record": f"version {(self.seen.version or '')[:8]}{written}",
            "token": self._token_text(record.token) if record.token else "none",
            "claim": self._claim_text(record.claim) if record.claim else "none",
            "failure": self._failure_text(record.failure) if record.failure else "none",
        }

    def _age(self) -> float | None:
        age = self.seen.max_age
        return round(age, 3) if math.isfinite(age) else None

    def _life(self, token: StoredToken) -> float | None:
        life = self.seen.life(token)
        return round(max(life, 0.0), 3) if math.isfinite(life) else None

    def _left(self, duration: float) -> float:
        """Return the most that can be left of a duration that began with the write."""
        return round(max(duration - self.seen.min_age, 0.0), 3)

    def _back_off_left(self, failure: Failure) -> float:
        return round(max(failure.back_off - self.seen.failure_age(failure), 0.0), 3)

    def _token_json(self, token: StoredToken) -> dict[str, object]:
        return {
            "token_id": token.token_id,
            "lifetime": token.lifetime,
            "remaining": self._life(token),
            "pinned": token.pinned,
        }

    def _failure_json(self, failure: Failure) -> dict[str, object]:
        return {
            "kind": failure.kind,
            "message": printable(failure.message),
            "status": failure.status,
            "code": failure.code,
            "attempts": failure.attempts,
            "back_off": round(failure.back_off, 3),
            "remaining": self._back_off_left(failure),
            "fingerprint": failure.fingerprint,
        }

    def _token_text(self, token: StoredToken) -> str:
        life = self._life(token)
        left = "an unknown part" if life is None else f"{life:.1f} s"
        pinned = "pinned to checkouts" if token.pinned else "not pinned"
        return f"{token.token_id[:8]}, {left} of {token.lifetime:g} s left, {pinned}"

    def _claim_text(self, claim: Claim) -> str:
        left = self._left(claim.lease)
        if left <= 0:
            return "lapsed: the process that was refreshing is presumed dead"
        return f"a refresh is in flight; its lease has {left:.1f} s left"

    def _failure_text(self, failure: Failure) -> str:
        left = self._back_off_left(failure)
        mine = failure.fingerprint == self.fingerprint
        whose = "these credentials" if mine else f"credentials {printable(failure.fingerprint)}"
        wait = (
            f"next attempt in {left:.1f} s at the earliest" if left > 0 else "its back-off is over"
        )
        return (
            f"{printable(failure.kind)}, {failure.attempts} in a row, with {whose}; {wait}\n"
            f"{printable(failure.message)}"
        )
