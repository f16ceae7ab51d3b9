"""The endpoint names of the sandbox's faults, counts and latency."""

from collections.abc import Callable

import pytest

from flexiti_async.api.endpoints import NAMES
from flexiti_async.sandbox import Sandbox, faults
from flexiti_async.sandbox.app import HANDLERS
from flexiti_async.sandbox.wire.endpoints import ENDPOINTS


def test_names_are_those_of_the_client() -> None:
    """An endpoint name from a log or an error of the client can be passed to the sandbox."""
    assert set(NAMES) == set(ENDPOINTS)


def test_every_endpoint_has_a_handler() -> None:
    """Every endpoint has a handler."""
    assert list(ENDPOINTS) == list(HANDLERS)


def _set_latency(sandbox: Sandbox, name: str) -> None:
    sandbox.latency = {name: 0.1}


USES: dict[str, Callable[[Sandbox, str], object]] = {
    "fail": lambda sandbox, name: sandbox.fail(name, status=500),
    "inject": lambda sandbox, name: sandbox.inject(faults.Drop(), endpoint=name),
    "heal": lambda sandbox, name: sandbox.heal(name),
    "count": lambda sandbox, name: sandbox.count(name),
    "latency": _set_latency,
}


@pytest.mark.parametrize("use", USES)
@pytest.mark.parametrize(
    ("name", "nearest"),
    [
        ("calculate-intrest", "calculate-interest"),
        ("widget", "widget/init"),
        # paths of the API, and the names that the sandbox had before
        ("account/verify", "verify"),
        ("accounts/calculate-interest", "calculate-interest"),
        ("accounts/close", "close"),
        ("accounts/refund", "refund"),
        ("authorization/return", "authorization/capture/return"),
    ],
)
def test_unknown_name(use: str, name: str, nearest: str) -> None:
    """An unknown name is refused, and the error suggests the nearest one."""
    with pytest.raises(ValueError, match=f"{name!r}: did you mean {nearest!r}"):
        USES[use](Sandbox(), name)


def test_name_without_a_neighbour() -> None:
    """If no name is near, the error lists all of them."""
    with pytest.raises(ValueError, match=r"expected one of: oauth/token, .*, captures, unknown"):
        Sandbox().count("xyz")
