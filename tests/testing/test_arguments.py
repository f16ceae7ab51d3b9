"""Any argument of a helper is taken, or refused by name."""

import inspect
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from flexiti_async import FlexitiError, FlexitiSession, ValidationError
from flexiti_async.sandbox import Sandbox
from flexiti_async.testing import (
    FaultyStore,
    ManualClock,
    Recorder,
    Wire,
    is_linearizable,
    verified,
)

from ..hostile.values import HOSTILE

GOOD: dict[Callable[..., object], dict[str, object]] = {
    FaultyStore: {},
    ManualClock: {},
    ManualClock().advance: {"seconds": 1},
    ManualClock().jump: {"seconds": -1},
    Recorder: {"store": FaultyStore(), "key": "token:shop"},
    Wire: {"target": 6379},
    is_linearizable: {"history": []},
}


async def faults(helper: Callable[..., Any], good: dict[str, object]) -> list[str]:
    """List what ends in anything but a value or an error that names the argument."""
    found: list[str] = []
    for name in inspect.signature(helper).parameters:
        for kind, value in HOSTILE.items():
            try:
                result = helper(**{**good, name: value()})
                if isinstance(result, Awaitable):
                    await result
            except ValidationError as error:
                if name not in str(error):
                    found.append(f"{name}={kind}: {error}")
            except FlexitiError:
                pass  # a good one, which the sandbox refuses
            except Exception as error:  # noqa: BLE001 - that is what is looked for
                found.append(f"{name}={kind}: {type(error).__name__}")
    return found


@pytest.mark.parametrize("helper", GOOD, ids=lambda helper: helper.__qualname__)
async def test_any_argument_is_taken_or_refused_by_name(helper: Callable[..., Any]) -> None:
    """53 kinds of value for each argument, the others being good."""
    assert [] == await faults(helper, GOOD[helper])


async def test_any_argument_of_verified(session: FlexitiSession, sandbox: Sandbox) -> None:
    """The same for the helper that leads a checkout through the widget."""
    good: dict[str, object] = {"checkout": await session.checkout("order-1"), "sandbox": sandbox}

    assert [] == await faults(verified, good)


def test_a_clock_does_not_go_back() -> None:
    """No time since boot goes back, so a test cannot make it."""
    with pytest.raises(ValidationError, match="seconds"):
        ManualClock().advance(-1)
