"""`flexiti-async keys …`: keys that a token store is encrypted with."""

import secrets

from flexiti_async.cli.output import print_line
from flexiti_async.store.encryption import KEY_BYTES, key_from_bytes

__all__ = ["generate"]


def generate() -> None:
    """
    Make a key for `token_keys` (FLEXITI_TOKEN_KEYS) and print it.

    To rotate, put the new key behind the old one everywhere, then before it, then leave the old
    one out: the first key seals, all of them open. The key is a secret: keep it as you keep the
    client secret.
    """
    print_line(key_from_bytes(secrets.token_bytes(KEY_BYTES)).reveal())
