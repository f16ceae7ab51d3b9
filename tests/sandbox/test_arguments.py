"""Every wrong setting of a sandbox, of whatever type, is a `ConfigError` that names it."""

from collections.abc import Callable, Iterator
from typing import Any, Final, cast

import attrs
import pytest

from flexiti_async.errors import ConfigError
from flexiti_async.sandbox import OAuthRules, Sandbox
from flexiti_async.sandbox.state.plans import SEED_PLANS

from ..hostile.values import HOSTILE, Raising

ARGUMENTS: Final = [str(each.alias) for each in attrs.fields(Sandbox) if each.init]
make = cast("Callable[..., Sandbox]", Sandbox)
"""As callers without a type checker see it."""
WRONG: Final[list[tuple[str, object]]] = [
    ("scopes", 5),
    ("scopes", "merchant"),
    ("scopes", [5]),
    ("plans", 5),
    ("plans", [5]),
    ("plans", {1: 2}),
    ("account_types", 5),
    ("account_types", [5]),
    ("external_location_ids", "store-1"),
    ("latency", 5),
    ("latency", [("oauth/token", 1)]),
    ("latency", {"oauth/token": "1"}),
    ("latency", {"token": 1}),
    ("control_token", 5),
    ("control_token", "short"),
    ("expires_in", 0),
    ("expires_in", 1.5),
    ("expires_in", True),
    ("oauth", "Documented"),
    ("oauth", {"basic": True}),
    ("conflicting_identifiers", "first"),
    ("one_authorization_per_session", 1),
    ("merchant_id", 100200),
    ("client_id", ""),
    ("client_id", "x" * 101),
    ("port", 65536),
    ("port", "8099"),
    ("host", None),
    ("clock", 1_800_000_000.0),
    ("on_request", "print"),
    ("expire_in", 1200),
]


@pytest.mark.parametrize(("name", "value"), WRONG)
def test_a_wrong_argument(name: str, value: object) -> None:
    """It is refused when the sandbox is made."""
    with pytest.raises(ConfigError, match=name) as caught:
        make(**{name: value})

    assert name == caught.value.option


def outcomes(build: Callable[[], object]) -> Iterator[BaseException]:
    """Yield the error of a build, except a `ConfigError`."""
    try:
        build()
    except ConfigError:
        return
    except BaseException as error:  # noqa: BLE001 - the test names it
        yield error


def test_hostile_arguments() -> None:
    """Each argument with a value of each kind makes a sandbox or a `ConfigError`."""
    foreign = {
        (name, kind): error
        for name in ARGUMENTS
        for kind, value in HOSTILE.items()
        for error in outcomes(lambda: make(**{name: value()}))  # noqa: B023 - called at once
    }

    assert {} == foreign
    assert {"scopes", "oauth", "host", "on_request"} <= set(ARGUMENTS)


@pytest.mark.parametrize("name", [field.name for field in attrs.fields(OAuthRules)])
def test_wrong_rules(name: str) -> None:
    """The rules of the token service are checked alike."""
    rules: dict[str, Any] = {name: Raising()}
    with pytest.raises(ConfigError, match=f"{name} must be"):
        OAuthRules(**rules)


def test_assignments_are_checked_too() -> None:
    """A running sandbox keeps the setting that it had."""
    sandbox = Sandbox()
    for name, value in (("scopes", 5), ("plans", [5]), ("expires_in", "1"), ("oauth", None)):
        with pytest.raises(ConfigError, match=name):
            setattr(sandbox, name, value)

    assert (1200, SEED_PLANS) == (sandbox.expires_in, sandbox.plans)


def test_an_unknown_setting() -> None:
    """The error names the nearest one, and quotes nothing but names."""
    with pytest.raises(ConfigError, match="'expire_in': did you mean 'expires_in'"):
        make(expire_in=5)
    with pytest.raises(ConfigError) as caught:
        make(**{"0123 4567": 5})

    assert "0123" not in str(caught.value)
