from aiocache.backends.memory import SimpleMemoryCache as SimpleMemoryCache
from aiocache.base import BaseCache as BaseCache
