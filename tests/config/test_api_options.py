"""Options about the API itself: endpoint versions and the cache of reference answers."""

from pathlib import Path
from typing import Any

import pytest
from aiocache import SimpleMemoryCache
from aiocache.serializers import BaseSerializer, JsonSerializer, PickleSerializer

from flexiti_async import FlexitiConfig
from flexiti_async.api.endpoints import NAMES
from flexiti_async.api.reference import I18nMethod

from .test_config import GOOD, rejected


def test_defaults() -> None:
    """By default the documented versions are used, and answers are cached in memory for an hour."""
    config = FlexitiConfig(**GOOD)

    assert {} == config.api_versions
    assert (I18nMethod.POST, 3600.0, None) == (
        config.i18n_method,
        config.reference_ttl,
        config.reference_cache,
    )


@pytest.mark.parametrize(
    "given",
    [
        {"refund": "v2.5.1", "widget/init": "v3"},
        "refund=v2.5.1,widget/init=v3",
        " refund = v2.5.1 , widget/init=v3, ",
    ],
    ids=["mapping", "text", "spaces"],
)
def test_versions(given: Any) -> None:  # noqa: ANN401 - a mapping or a text
    """Versions are set by a mapping, or by one text."""
    config = FlexitiConfig(**GOOD, api_versions=given)

    assert {"refund": "v2.5.1", "widget/init": "v3"} == config.api_versions


@pytest.mark.parametrize("name", sorted(NAMES))
def test_every_endpoint_has_a_version(name: str) -> None:
    """The version of each endpoint can be set."""
    given: dict[str, Any] = {**GOOD, "api_versions": {name: "v9.9"}}

    assert {name: "v9.9"} == FlexitiConfig(**given).api_versions


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"refnd": "v2.5"}, "no endpoint 'refnd'; did you mean 'refund'?"),
        ({"zzz": "v2.5"}, "no endpoint 'zzz'"),
        ({"refund": "2.5"}, "the version of refund must be like v2.5.1"),
        ({"refund": "v2.5/x"}, "the version of refund must be like v2.5.1"),
        ({"refund": ""}, "must be a mapping of texts"),
        ({"refund": 2.5}, "must be a mapping of texts"),
        ("refund", "must be a mapping of texts"),
        (5, "must be a mapping of texts"),
    ],
    ids=map(str, range(8)),
)
def test_invalid_versions(given: object, words: str) -> None:
    """Unknown endpoints are reported with the nearest name, and invalid versions are rejected."""
    error = rejected(FlexitiConfig, **GOOD, api_versions=given)

    assert "api_versions" == error.option
    assert words in str(error)


@pytest.mark.parametrize("where", ["environment", "toml"])
def test_versions_from_outside(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, where: str) -> None:
    """Versions are text in an environment variable and a table in TOML."""
    if where == "environment":
        monkeypatch.setenv("FLEXITI_API_VERSIONS", "refund=v2.5.1, i18n=v3")
        monkeypatch.setenv("FLEXITI_I18N_METHOD", "GET")
        monkeypatch.setenv("FLEXITI_REFERENCE_TTL", "60")
    else:
        file = tmp_path / "flexiti.toml"
        file.write_text(
            '[flexiti]\ni18n_method = "get"\nreference_ttl = 60\n'
            '[flexiti.api_versions]\nrefund = "v2.5.1"\ni18n = "v3"\n',
            encoding="utf-8",
        )
        monkeypatch.setenv("FLEXITI_CONFIG", str(file))
    config = FlexitiConfig.load(**GOOD)

    assert {"refund": "v2.5.1", "i18n": "v3"} == config.api_versions
    assert (I18nMethod.GET, 60.0) == (config.i18n_method, config.reference_ttl)


def test_a_cache_of_the_shop() -> None:
    """Any aiocache cache can be used, and shows in no repr."""
    cache = SimpleMemoryCache()
    config = FlexitiConfig(**GOOD, reference_cache=cache)

    assert cache is config.reference_cache
    assert "Cache" not in repr(config)


class _Compressed(JsonSerializer):
    """A serializer of the shop's own, of which nothing is known."""


@pytest.mark.parametrize("serializer", [PickleSerializer, _Compressed])
def test_a_cache_that_may_run_code(serializer: type[BaseSerializer]) -> None:
    """
    A writer of a cache with pickle runs code in the shop: such a cache is refused, and so
    is one with a serializer that this release does not know.
    """
    error = rejected(reference_cache=SimpleMemoryCache(serializer=serializer()))

    assert "reference_cache" == error.option
    assert "serializer=JsonSerializer()" in str(error)
    assert "may run code that the cache holds" in str(error)


@pytest.mark.parametrize(
    ("option", "given", "words"),
    [
        ("i18n_method", "put", "one of post, get"),
        ("reference_ttl", 0, "greater than 0"),
        ("reference_cache", "redis://h", "a cache of aiocache"),
        ("reference_cache", {}, "a cache of aiocache"),
    ],
    ids=map(str, range(4)),
)
def test_invalid_values(option: str, given: object, words: str) -> None:
    """An invalid value is reported with the option's rule."""
    error = rejected(FlexitiConfig, **{**GOOD, option: given})

    assert option == error.option
    assert words in str(error)


def test_configurations_are_values() -> None:
    """A configuration with versions can still be hashed and compared."""
    one, other = (FlexitiConfig(**GOOD, api_versions={"i18n": version}) for version in ("v2", "v3"))

    assert one != other
    assert 1 == len({one, FlexitiConfig(**GOOD, api_versions={"i18n": "v2"})})
