"""`flexiti-async keys …`: keys that encrypt a token store."""

import secrets

from flexiti_async.cli.output import print_line
from flexiti_async.store.encryption import KEY_BYTES, key_from_bytes

__all__ = ["generate"]


def generate() -> None:
    """
    Generate a key for `token_keys` (FLEXITI_TOKEN_KEYS) and print it.

    To rotate keys, deploy three times: add the new key second, put it first, remove the old one.
    The first key encrypts, all of them decrypt. The key is a secret: protect it like the client
    secret.
    """
    print_line(key_from_bytes(secrets.token_bytes(KEY_BYTES)).reveal())
