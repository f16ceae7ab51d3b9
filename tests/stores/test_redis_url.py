"""The URL of a Redis store: its meaning, and its errors, which show no secrets."""

import pickle
import traceback

import pytest
import redis

from flexiti_async.errors import ConfigError
from flexiti_async.protocol.secret import Secret
from flexiti_stores._certificates import Certificates
from flexiti_stores.redis import RedisStore
from flexiti_stores.redis.location import Location, parse_location

CANARY = "hush-canary"


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("redis://", Location("redis", (("localhost", 6379),))),
        ("REDIS://cache:7/2", Location("redis", (("cache", 7),), db=2)),
        ("redis://cache/2?db=3", Location("redis", (("cache", 6379),), db=3)),
        ("redis://[::1]:7", Location("redis", (("::1", 7),))),
        ("redis://cache:65535", Location("redis", (("cache", 65535),))),
        (
            "redis://shop:p%40ss%2F%23@cache",
            Location("redis", (("cache", 6379),), username="shop", password=Secret("p@ss/#")),
        ),
        (
            "redis://:pw@cache?prefix=a:&timeout=0.25&connect_timeout=0.1&connections=5",
            Location(
                "redis",
                (("cache", 6379),),
                password=Secret("pw"),
                prefix="a:",
                timeout=0.25,
                connect_timeout=0.1,
                connections=5,
            ),
        ),
        (
            "rediss://cache?ssl_ca_certs=/ca&ssl_certfile=/crt&ssl_keyfile=/key&ssl_password=pw",
            Location(
                "rediss", (("cache", 6379),), tls=Certificates("/ca", "/crt", "/key", Secret("pw"))
            ),
        ),
        (
            "unix://shop:pw@/run/re%40dis.sock?db=4",
            Location("unix", path="/run/re@dis.sock", db=4, username="shop", password=Secret("pw")),
        ),
        (
            "redis+sentinel://u:pw@a:1,b,c:3/till/5?sentinel_username=s&sentinel_password=spw",
            Location(
                "redis+sentinel",
                (("a", 1), ("b", 26379), ("c", 3)),
                service="till",
                db=5,
                username="u",
                password=Secret("pw"),
                sentinel_username="s",
                sentinel_password=Secret("spw"),
            ),
        ),
        (
            "redis://cache?durable=aof-always",
            Location("redis", (("cache", 6379),), aof_always=True),
        ),
        (
            "redis+cluster://a:1,b?ssl=true&ssl_ca_certs=/ca",
            Location("redis+cluster", (("a", 1), ("b", 6379)), tls=Certificates("/ca")),
        ),
    ],
)
def test_the_meaning_of_a_url(url: str, expected: Location) -> None:
    """Every form of the URL and every parameter is read."""
    assert expected == parse_location(url)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("redis://cache?timout=1", "unknown parameter timout; did you mean timeout?"),
        ("redis://cache?ssl_ca_certs=/ca", "unknown parameter ssl_ca_certs"),
        ("redis://cache?sentinel_password=x", "unknown parameter"),
        ("redis+cluster://a?db=1", "unknown parameter db"),
        ("redis+cluster://a?durable=aof-always", "aof-always, which is for one server"),
        ("redis+sentinel://a/till?durable=aof-always", "aof-always, which is for one server"),
        ("redis://cache?durable=always", "durable neither"),
        ("redis+cluster://a/1", "only one database"),
        ("redis+cluster://a?ssl_ca_certs=/ca", "ssl=true"),
        ("redis+cluster://a?ssl=yes", "neither true nor false"),
        ("redis+sentinel://a,b", "names no service"),
        ("redis://a,b", "several hosts"),
        ("redis://cache/zero", "database that is not a number"),
        ("redis://cache?db=-1", "db that is not a whole number"),
        ("redis://cache?connections=0", "whole number from 1"),
        ("redis://cache:65536", "host or port"),
        ("redis://cache:port", "host or port"),
        ("redis://cache?timeout=0", "timeout that is not a number of seconds"),
        ("redis://cache?timeout=inf", "timeout that is not a number of seconds"),
        ("redis://cache?timeout=long", "timeout that is not a number of seconds"),
        ("unix://host/run/redis.sock", "absolute path"),
        ("unix://", "absolute path"),
        ("rediss://cache?ssl_ca_certs=/no/such/file", "FileNotFoundError"),
    ],
)
def test_what_is_wrong_is_said(url: str, expected: str) -> None:
    """An error names the part that is wrong, and the nearest parameter."""
    with pytest.raises(ConfigError) as caught:
        RedisStore.from_url(url)

    assert expected in str(caught.value)
    assert "store" == caught.value.option


@pytest.mark.parametrize(
    "url",
    [
        f"redis://:{CANARY}/@cache",
        f"redis://:{CANARY}#@cache",
        f"redis://:{CANARY}?@cache",
        f"redis://:{CANARY}?x=1@cache",
        f"redis://:{CANARY}",
        f"redis://cache:{CANARY}",
        f"redis://cache/{CANARY}",
        f"redis://:pw@cache?{CANARY}",
        f"redis://:pw@cache?timeout={CANARY}",
        f"redis+sentinel://:{CANARY}@a",
        f"unix://:{CANARY}@host/path",
        f"rediss://:{CANARY}@cache?ssl_ca_certs={CANARY}",
        f"redis://[{CANARY}]",
    ],
)
def test_no_error_repeats_a_secret(url: str) -> None:
    """A password may be in any wrong place, so no part of a wrong URL is quoted or chained."""
    with pytest.raises(ConfigError) as caught:
        RedisStore.from_url(url)
    shown = "".join(traceback.format_exception(caught.value))

    assert CANARY not in str(caught.value)
    assert "During handling" not in shown
    assert "direct cause" not in shown


async def test_a_store_does_not_show_its_password() -> None:
    """Neither the store nor the place in its errors names user or password."""
    store = RedisStore.from_url(f"redis://shop:{CANARY}@cache:7/1?prefix=x")

    assert "<RedisStore on redis://cache:7>" == repr(store)
    assert CANARY not in repr(parse_location(f"redis://shop:{CANARY}@cache:7/1"))
    with pytest.raises(TypeError):
        pickle.dumps(parse_location(f"redis://:{CANARY}@cache"))


@pytest.mark.parametrize(("version", "refused"), [((8, 0, 9), True), ((8, 1, 0), False)])
def test_a_cluster_needs_a_client_that_loses_no_connections(
    monkeypatch: pytest.MonkeyPatch, version: tuple[int, ...], refused: bool
) -> None:
    """In an older redis-py a few calls that are cancelled take all connections, for good."""
    monkeypatch.setattr(redis, "VERSION", version)
    _ = RedisStore.from_url("redis://cache")
    outcome: object = None
    try:
        outcome = RedisStore.from_url("redis+cluster://cache")
    except ConfigError as error:
        outcome = error

    assert refused == isinstance(outcome, ConfigError)
    assert not refused or "needs redis-py 8.1 or newer" in str(outcome)
