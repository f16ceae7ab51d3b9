"""
Token stores of flexiti-async: one module each, found by the scheme of their URL.

They implement `flexiti_async.store.interface.TokenStore` and know nothing else of the library.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

__all__ = ["SCHEMES"]

SCHEMES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "file": "file:FileStore",
        "memory": "memory:MemoryStore",
        "postgres": "postgres:PostgresStore",
        "postgresql": "postgres:PostgresStore",
        "redis": "redis:RedisStore",
        "redis+cluster": "redis:RedisStore",
        "redis+sentinel": "redis:RedisStore",
        "rediss": "redis:RedisStore",
        "unix": "redis:RedisStore",
    }
)
"""Module and class by the scheme of a store's URL. A table, because a frozen program has no
entry points; modules are called as the extras that they need."""
