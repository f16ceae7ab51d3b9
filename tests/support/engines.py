"""The HTTP engine of sessions and transports whose test does not name one."""

from typing import cast

import pytest

from flexiti_async.config import model
from flexiti_async.config.options import HttpEngine
from flexiti_async.transport.pool import Transport

__all__ = ["ENGINES", "engine_in_use", "use_engine"]

ENGINES = tuple(engine.value for engine in HttpEngine)


def engine_in_use() -> str:
    """Return the default of this process, for the configuration of another one."""
    return Transport.__init__.__kwdefaults__["http"]


def use_engine(patch: pytest.MonkeyPatch, name: str) -> None:
    """Make an engine the default of this process."""
    for function, value in (
        (model._generated_init, HttpEngine(name)),
        (Transport.__init__, name),
    ):
        patch.setitem(cast("dict[str, object]", function.__kwdefaults__), "http", value)
