"""The URL of a store can hold a password: it shows nowhere, and is quoted in no error."""

import pickle
from collections.abc import Callable
from typing import Any, Final

import attrs
import pytest

from flexiti_async import ConfigError, FlexitiConfig, FlexitiSession, Secret, TokenStore, open_store
from flexiti_stores.file import FileStore
from flexiti_stores.postgres import PostgresStore
from flexiti_stores.redis import RedisStore

from ..support.canaries import sightings

PASSWORD: Final = "hush-canary"
WRONG: Final[list[str]] = [
    f"redis://shop:{PASSWORD}@localhost:bad/0",
    f"redis://shop:{PASSWORD}@localhost/x",
    f"redis://shop:{PASSWORD}@localhost/0?tmeout=1",
    f"redis://shop:{PASSWORD}@localhost/0?{PASSWORD}=1",
    f"redis://shop:a/{PASSWORD}@localhost/0",
    f"rediss://shop:{PASSWORD}@localhost/0?ssl_ca_certs=/nowhere",
    f"redis+sentinel://shop:{PASSWORD}@localhost",
    f"redis+cluster://shop:{PASSWORD}@localhost/1",
    f"postgresql://shop:{PASSWORD}@localhost:bad/shop",
    f"postgresql://shop:{PASSWORD}@localhost/shop?sslmode=allow",
    f"postgresql://localhost/shop?passwort={PASSWORD}",
    f"postgresql://shop:{PASSWORD}@localhost/shop?table=a-b",
    f"file://{PASSWORD}",
    f"file:///tmp/x?{PASSWORD}",
    f"redsi://shop:{PASSWORD}@localhost",
    f"shop:{PASSWORD}@localhost",
    f"{PASSWORD}://shop@localhost",
    f"{PASSWORD.replace('-', '')}:x@localhost",
    PASSWORD,
    f"{__name__}:Raising?password={PASSWORD}",
]
OPENED: Final[dict[str, Callable[[str], object]]] = {
    "open_store": open_store,
    "a secret": lambda url: open_store(Secret(url)),
    "a session": lambda url: FlexitiSession(config_with(url)),
    "redis": RedisStore.from_url,
    "postgres": PostgresStore.from_url,
    "file": FileStore.from_url,
}


class Raising:
    """A third party's store that quotes its URL."""

    @classmethod
    def from_url(cls, url: str) -> TokenStore:
        """Raise."""
        raise LookupError(url)


def config_with(url: str) -> FlexitiConfig:
    """Return a configuration."""
    given: dict[str, Any] = {"client_id": "c", "client_secret": "s", "environment": "training"}
    return FlexitiConfig(**given, store=url, journal=url)


@pytest.mark.parametrize("way", ["open_store", "a secret", "a session"])
def test_a_wrong_url_shows_no_password(way: str) -> None:
    """Text, attributes and frames of the error name the part that is wrong, and no value."""
    shown: list[str] = []
    for url in WRONG:
        with pytest.raises(ConfigError) as caught:
            OPENED[way](url)
        shown += sightings(caught.value, PASSWORD, PASSWORD.replace("-", ""))

    assert [] == shown


@pytest.mark.parametrize("way", ["redis", "postgres", "file"])
def test_a_store_that_is_opened_directly_shows_no_password(way: str) -> None:
    """`from_url` is public, too."""
    urls = [url for url in WRONG[:14] if url.startswith(way)]
    for url in urls:
        with pytest.raises(ConfigError) as caught:
            OPENED[way](url)

        assert [] == sightings(caught.value, PASSWORD)
    assert len(urls) >= 2


def test_a_configuration_hides_its_stores() -> None:
    """`attrs.asdict`, repr and pickle do not show the URL."""
    config = config_with(f"redis://shop:{PASSWORD}@localhost/0")

    assert (Secret, Secret) == (type(config.store), type(config.journal))
    assert PASSWORD not in f"{config!r} {attrs.asdict(config)} {attrs.astuple(config)}"
    with pytest.raises(TypeError, match="cannot be pickled"):
        pickle.dumps(config)


@pytest.mark.parametrize("name", ["hush4canary", "hush-canary", "a" * 200, "hush canary", "0xhush"])
def test_unknown_names_are_quoted_only_if_they_look_like_names(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A secret on the wrong side of an equals sign is not shown."""
    wrong: dict[str, Any] = {name: "x"}
    calls: list[Callable[[], object]] = [
        lambda: FlexitiConfig(**wrong),
        lambda: FlexitiConfig.load(**wrong),
    ]
    for call in calls:
        with pytest.raises(ConfigError, match="unknown option") as caught:
            call()

        assert name not in str(caught.value)
        assert None is caught.value.option
    monkeypatch.setenv(f"FLEXITI_{name}", "x")
    with pytest.raises(ConfigError, match="unknown option") as caught:
        FlexitiConfig.load()

    assert name not in str(caught.value)
