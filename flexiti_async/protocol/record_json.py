"""The JSON of stored records: plain ASCII, with secrets as text. Records are encrypted whole."""

import json

from flexiti_async.protocol.secret import Secret

__all__ = ["as_ascii", "decode_secret", "encode_secret"]


def encode_secret(value: object) -> str:
    """Encode a Secret as its text; an `enc_hook` of msgspec."""
    if isinstance(value, Secret):
        return value.reveal()
    raise NotImplementedError


def decode_secret(kind: type, value: object) -> object:
    """Decode a Secret from its text; a `dec_hook` of msgspec."""
    if kind is not Secret:
        raise NotImplementedError
    if isinstance(value, str):
        return Secret(value)
    # msgspec turns it into a ValidationError; a NotImplementedError would pass through.
    msg = "a secret must be text"
    raise TypeError(msg)


def as_ascii(text: bytes) -> str:
    """Escape non-ASCII characters in JSON, so that a store's encoding does not matter."""
    return json.dumps(json.loads(text)) if not text.isascii() else text.decode()
