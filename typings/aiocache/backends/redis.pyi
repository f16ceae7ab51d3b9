from aiocache.base import BaseCache
from redis.asyncio import Redis, RedisCluster

class RedisBackend(BaseCache):
    client: Redis | RedisCluster
