"""The URL of a PostgreSQL store: what it means, and what its errors do not show."""

import pytest

from flexiti_async.errors import ConfigError
from flexiti_async.protocol.secret import Secret
from flexiti_async.store.loading import open_store
from flexiti_stores._certificates import Certificates
from flexiti_stores.postgres import PostgresStore
from flexiti_stores.postgres.location import Location, Tls, parse_location

CANARY = "hush-canary"
FULL = Tls("verify-full")
EVERYTHING = (
    "postgresql://localhost/shop?table=pay.records&timeout=2&connect_timeout=1"
    "&connections=9&pgbouncer=true&durable=synchronous"
)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("postgresql://", Location((("localhost", 5432),))),
        (
            "postgresql://db/shop",
            Location((("db", 5432),), database="shop", tls=FULL),
        ),
        (
            "postgresql://shop:p%40ss@db:6/s%20hop",
            Location(
                (("db", 6),),
                database="s hop",
                username="shop",
                password=Secret("p@ss"),
                tls=FULL,
            ),
        ),
        (
            "postgres://a:1,b/shop?sslmode=disable",
            Location((("a", 1), ("b", 5432)), database="shop"),
        ),
        (
            "postgresql:///shop?host=/run/postgresql&port=7&user=u&password=pw",
            Location(
                (("localhost", 7),),
                "/run/postgresql",
                "shop",
                username="u",
                password=Secret("pw"),
            ),
        ),
        (
            "postgresql:///shop?host=db",
            Location((("db", 5432),), database="shop", tls=FULL),
        ),
        (
            "postgresql://127.0.0.1/shop?sslrootcert=/ca&sslcert=/crt&sslkey=/key&sslpassword=pw",
            Location(
                (("127.0.0.1", 5432),),
                database="shop",
                tls=Tls("verify-full", Certificates("/ca", "/crt", "/key", Secret("pw"))),
            ),
        ),
        (
            EVERYTHING,
            Location(
                (("localhost", 5432),),
                database="shop",
                table="pay.records",
                timeout=2,
                connect_timeout=1,
                connections=9,
                pgbouncer=True,
                synchronous=True,
            ),
        ),
    ],
)
def test_every_form_of_the_url_is_read(url: str, expected: Location) -> None:
    """Hosts and TLS as libpq reads them, and the parameters of the store."""
    assert expected == parse_location(url)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("postgresql://db?timout=1", "unknown parameter timout; did you mean timeout?"),
        ("postgresql://db?sslmode=prefer", "sslmode neither"),
        ("postgresql://db?sslmode=disable&sslcert=/crt", "has certificates, but sslmode=disable"),
        ("postgresql://db?durable=always", "durable neither"),
        ("postgresql://db?pgbouncer=yes", "pgbouncer neither true nor false"),
        ("postgresql://db?table=a;drop", "table that is not a plain"),
        ("postgresql://db?table=A", "table that is not a plain"),
        ("postgresql://db:65536", "host or port"),
        ("postgresql://db?host=other", "host in its parameters"),
        ("postgresql://db?sslrootcert=/no/such/file", "FileNotFoundError"),
    ],
)
def test_a_wrong_url_names_the_part(url: str, expected: str) -> None:
    """Before anything is connected to, with the nearest parameter."""
    with pytest.raises(ConfigError) as caught:
        PostgresStore.from_url(url)

    assert expected in str(caught.value)
    assert "store" == caught.value.option


@pytest.mark.parametrize(
    "url",
    [
        f"postgresql://:{CANARY}/@db",
        f"postgresql://:{CANARY}#@db",
        f"postgresql://:{CANARY}",
        f"postgresql://db?{CANARY}=1",
        f"postgresql://db?table={CANARY}",
    ],
)
def test_an_error_quotes_no_value(url: str) -> None:
    """A password that was not percent-encoded ends up anywhere in a URL."""
    with pytest.raises(ConfigError) as caught:
        PostgresStore.from_url(url)

    assert CANARY not in str(caught.value)


def test_a_store_shows_its_place_and_no_secret() -> None:
    """Both schemes open it."""
    for scheme in ("postgresql", "postgres"):
        store = open_store(f"{scheme}://shop:{CANARY}@127.0.0.1/shop?table=records")

        assert "<PostgresStore on postgresql://127.0.0.1:5432/shop>" == repr(store)
