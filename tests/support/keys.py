"""Keys of tests: those that encrypt, and the store keys of the records of a shop."""

import hashlib

from flexiti_async import FlexitiConfig, Scope
from flexiti_async.protocol.secret import Secret
from flexiti_async.sandbox import Sandbox
from flexiti_async.store.encryption import key_from_bytes
from flexiti_async.store.interface import store_key
from flexiti_async.tokens.record import TokenKey

__all__ = ["checkout_key", "encryption_key", "token_key"]


def encryption_key(name: str) -> Secret:
    """Return the same key for `token_keys` each time; a key that is a simple pattern is refused."""
    return key_from_bytes(hashlib.sha256(name.encode()).digest())


def token_key(sandbox: Sandbox, scope: Scope = Scope.CUSTOMER) -> str:
    """Return the store key of the tokens of a session on a sandbox."""
    config = FlexitiConfig(
        client_id=sandbox.client_id,
        client_secret=sandbox.client_secret,
        base_url=sandbox.base_url,
    )
    return TokenKey.of(config, scope).store_key


def checkout_key(config: FlexitiConfig, reference_id: str) -> str:
    """Return the store key of a checkout."""
    return store_key("checkout", config.api_url, config.client_id, config.fingerprint, reference_id)
