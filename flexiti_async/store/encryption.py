"""
Encryption at rest, for every kind of token store.

AES-256-GCM from the package `cryptography` (extra `crypto`). An entry's store key is bound as
associated data, so that the entry cannot be moved to another store key. A key ring allows rotation:
the first key encrypts, all of them decrypt. Nonces are arguments: 96 random bits, which is safe for
2^32 writes under one key; a shop makes a few an hour.

    fx1.KEYID.NONCE.CIPHERTEXT        all but the first two in URL-safe base64

The word `plain` may be in a ring as well, for the deployments in which a store that was begun
without keys is encrypted, or the other way around: first it writes, anywhere it reads plain text.
"""

import base64
import binascii
import hashlib
from collections.abc import Sequence
from itertools import pairwise
from typing import Final, Protocol

from flexiti_async.errors import ConfigError, RecordUnreadable
from flexiti_async.protocol.secret import Secret

__all__ = [
    "KEY_BYTES",
    "NONCE_BYTES",
    "PLAIN",
    "KeyRing",
    "NotSealedError",
    "is_sealed",
    "key_from_bytes",
]

KEY_BYTES: Final = 32
NONCE_BYTES: Final = 12
PLAIN: Final = "plain"
"""In a key ring: records in plain text are read, and written if it is the first."""
_FEW: Final = 8
"""Number of different bytes that is too few for a random key, which has some thirty."""
_MARK: Final = "fx1"


class NotSealedError(ValueError):
    """The entry is not encrypted although keys are configured: anyone could have written it."""


class _Cipher(Protocol):
    def encrypt(self, nonce: bytes, data: bytes, associated_data: bytes) -> bytes: ...

    def decrypt(self, nonce: bytes, data: bytes, associated_data: bytes) -> bytes: ...


class KeyRing:
    """
    Encrypt and decrypt texts.

    Args:
        keys: Keys of 32 random bytes in URL-safe base64; the first one encrypts, all of them
            decrypt. One of them may be the word `plain`.

    Raises:
        ConfigError: No keys, an invalid key, or `cryptography` is not installed.

    Attributes:
        reads_plain: Whether texts that are not encrypted are trusted.
        seals: Whether texts are encrypted; if not, they are written as they are.
    """

    def __init__(self, keys: Sequence[Secret]) -> None:
        plain = Secret(PLAIN)
        self.reads_plain: Final = plain in keys
        self.seals: Final = not keys or keys[0] != plain
        ciphers = [_cipher(key) for key in keys if key != plain]
        if not ciphers:
            msg = "token_keys needs at least one key"
            raise ConfigError(msg, option="token_keys")
        self._first = ciphers[0][0]
        self._ciphers = dict(ciphers)

    def seal(self, text: str, *, name: str, nonce: bytes) -> str:
        """
        Encrypt a text for one store key, if the ring encrypts.

        Args:
            text: The text.
            name: The store key that it will be stored under.
            nonce: 12 random bytes, used for nothing else.
        """
        if not self.seals:
            return text
        sealed = self._ciphers[self._first].encrypt(nonce, text.encode(), name.encode())
        return ".".join((_MARK, self._first, _to_text(nonce), _to_text(sealed)))

    def is_current(self, payload: str) -> bool:
        """Return whether a payload is written as this ring writes, judging by its key id."""
        if not self.seals:
            return not is_sealed(payload)
        return payload.startswith(f"{_MARK}.{self._first}.")

    def open(self, payload: str, *, name: str) -> str:
        """
        Decrypt a text that was encrypted for one store key.

        Raises:
            NotSealedError: It is not encrypted, and the ring reads no plain text.
            RecordUnreadable: It was encrypted with an unknown key or for another store key, or it
                is damaged.
        """
        if self.reads_plain and not is_sealed(payload):
            return payload
        parts = payload.split(".")
        if not is_sealed(payload) or len(parts) != 4:
            msg = f"the entry under {name} is not encrypted"
            raise NotSealedError(msg)
        cipher = self._ciphers.get(parts[1])
        if cipher is None:
            msg = f"the entry under {name} is encrypted with a key that is not in token_keys"
            raise RecordUnreadable(msg)
        text = _decrypted(cipher, parts[2], parts[3], name)
        if text is None:
            msg = f"the entry under {name} is damaged, or was encrypted for another store key"
            raise RecordUnreadable(msg)
        return text


def is_sealed(payload: str) -> bool:
    """Return whether a payload looks encrypted; no record in plain text begins like that."""
    return payload.startswith(f"{_MARK}.")


def key_from_bytes(raw: bytes) -> Secret:
    """Encode a key for `token_keys`."""
    return Secret(_to_text(raw))


def _decrypted(cipher: _Cipher, nonce: str, sealed: str, name: str) -> str | None:
    from cryptography.exceptions import InvalidTag

    try:
        raw = cipher.decrypt(_from_text(nonce), _from_text(sealed), name.encode())
        return raw.decode()
    except (InvalidTag, ValueError):
        return None


def _cipher(key: Secret) -> tuple[str, _Cipher]:
    try:
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM
    except ImportError:
        problem = "token_keys needs the extra `crypto`: install flexiti-async[crypto]"
    else:
        raw = _key_bytes(key)
        if raw is not None and not _is_guessable(raw):
            return hashlib.blake2b(raw, digest_size=4).hexdigest(), AESGCM(raw)
        rule = (
            "32 bytes in base64" if raw is None else "random, and one of them is a simple pattern"
        )
        problem = f"a key must be {rule}: generate one with `flexiti-async keys generate`"
    raise ConfigError(problem, option="token_keys")


def _key_bytes(key: Secret) -> bytes | None:
    try:
        raw = _from_text(key.reveal().strip())
    except ValueError:
        return None
    return raw if len(raw) == KEY_BYTES else None


def _is_guessable(raw: bytes) -> bool:
    """Whether a key is a placeholder; a random one is with a probability below 2^-120."""
    steps = {(after - before) % 256 for before, after in pairwise(raw)}
    repeats = any(raw == (raw[:n] * KEY_BYTES)[:KEY_BYTES] for n in range(1, KEY_BYTES // 2 + 1))
    return len(steps) == 1 or repeats or len(set(raw)) <= _FEW


def _to_text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _from_text(text: str) -> bytes:
    padded = text.rstrip("=") + "=" * (-len(text.rstrip("=")) % 4)
    try:
        return base64.b64decode(padded.replace("+", "-").replace("/", "_"), b"-_", validate=True)
    except binascii.Error:
        pass
    msg = "not base64"
    raise ValueError(msg)
