"""The HTTP engine of sessions and transports whose test does not name one."""

from collections.abc import Callable
from typing import Final

import pytest

from flexiti_async.config import model
from flexiti_async.config.options import HttpEngine
from flexiti_async.transport.pool import Transport

__all__ = ["ENGINES", "engine_in_use", "use_engine"]

ENGINES: Final = tuple(engine.value for engine in HttpEngine)


def engine_in_use() -> str:
    """Return the default of this process, for the configuration of another one."""
    return str(_defaults(Transport.__init__)["http"])


def use_engine(patch: pytest.MonkeyPatch, name: str) -> None:
    """Make an engine the default of this process."""
    for function, value in (
        (model._generated_init, HttpEngine(name)),
        (Transport.__init__, name),
    ):
        patch.setitem(_defaults(function), "http", value)


def _defaults(function: Callable[..., None]) -> dict[str, object]:
    found: dict[str, object] | None = getattr(function, "__kwdefaults__", None)
    assert found is not None
    return found
