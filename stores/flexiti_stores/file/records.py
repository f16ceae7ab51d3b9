"""What stands in a record's file, and how the file is called."""

import hashlib
import json
from typing import Final

from flexiti_async.store.interface import Entry

__all__ = ["LOCKS", "decode", "encode", "kept_for", "lock_name", "record_name"]

LOCKS: Final = 256
"""
Number of lock files. They are never unlinked, because a lock on an unlinked file excludes nobody;
so keys share them, or every checkout would leave one behind.
"""

_MARK: Final = "flexiti1"


def record_name(key: str) -> str:
    """Name the file of a key: a hash, so that no key can be a path, too long, or read in `ls`."""
    return hashlib.blake2b(key.encode(errors="surrogatepass"), digest_size=20).hexdigest()


def lock_name(name: str) -> str:
    """Name the file to be locked before the file `name` is changed."""
    return f"{int(name[:8], 16) % LOCKS:02x}.lock"


def encode(name: str, entry: Entry) -> bytes:
    """Write an entry down; the digest tells a torn file, and a file that belongs to another key."""
    header = json.dumps([entry.version, float(entry.keep_for)])
    body = f"{header}\n{entry.payload}".encode()
    return f"{_MARK} {_digest(name, body)}\n".encode() + body


def decode(name: str, stored: bytes) -> Entry | None:
    """Read an entry; None for anything that `encode` did not write whole under this name."""
    head, _, body = stored.partition(b"\n")
    if head != f"{_MARK} {_digest(name, body)}".encode():
        return None
    header, _, payload = body.decode().partition("\n")
    version, keep_for = json.loads(header)
    return Entry(version, payload, keep_for)


def kept_for(name: str, stored: bytes) -> float:
    """Tell for how long a file is to be kept; what is not a record was never to be kept."""
    entry = decode(name, stored)
    return 0.0 if entry is None else entry.keep_for


def _digest(name: str, body: bytes) -> str:
    return hashlib.blake2b(name.encode() + b"\n" + body, digest_size=16).hexdigest()
