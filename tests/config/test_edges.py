"""Edge cases of the configuration and the request builder that were bugs once."""

from typing import Any

import pytest

from flexiti_async import ConfigError, FlexitiConfig
from flexiti_async.protocol.request import quote_segment

from ..support.canaries import sightings

GOOD: dict[str, Any] = {"client_id": "c", "client_secret": "s", "environment": "training"}
CHOICES = ["account_type_place", "local_rules", "on_store_failure", "refresh_revokes_access"]
ROWS: list[tuple[str, object]] = [
    *((name, 5) for name in CHOICES),
    *(("store", value) for value in ("", 5)),
    ("token_keys", 5),
    ("client_secret", "\udcffcanary"),
    ("client_id", "\udcffcanary"),
]


@pytest.mark.parametrize(("option", "value"), ROWS, ids=map(str, range(len(ROWS))))
def test_invalid_values(option: str, value: object) -> None:
    """Values that would fail later are rejected by the configuration, by the option's name."""
    options: dict[str, Any] = {**GOOD, option: value}
    with pytest.raises(ConfigError) as caught:
        FlexitiConfig(**options)

    assert option == caught.value.option
    assert [] == sightings(caught.value, "canary")


def test_a_password_in_the_base_url_is_not_shown() -> None:
    """A base URL that is rejected for its password shows it in no frame."""
    with pytest.raises(ConfigError) as caught:
        FlexitiConfig(client_id="c", client_secret="s", base_url="https://u:canary@h/")

    assert [] == sightings(caught.value, "canary")


@pytest.mark.parametrize("value", ["", ".", ".."])
def test_dot_segments(value: str) -> None:
    """A path value that servers and proxies would remove is rejected."""
    with pytest.raises(ValueError, match="dot segment"):
        quote_segment(value)
