"""The part of aiocache 0.12 that this project uses; aiocache itself has no types."""

from aiocache.backends.memory import SimpleMemoryCache as SimpleMemoryCache
from aiocache.base import BaseCache as BaseCache
