"""What the same application in every framework raises: in groups, late, or on a WebSocket."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from typing import Any, NoReturn

from flexiti_async import FlexitiConfig, OutcomeUnknown
from flexiti_async.errors import CreditExceeded

CONFIG = FlexitiConfig(client_id="shop", client_secret="…", base_url="http://127.0.0.1:9/pos-api")


async def credit() -> NoReturn:
    """Raise an error of the library."""
    raise CreditExceeded("not enough", status=409)


async def _unknown() -> NoReturn:
    raise OutcomeUnknown("lost")


async def _foreign() -> NoReturn:
    raise ZeroDivisionError("of the shop")


async def _together(*calls: Callable[[], Any]) -> None:
    async with asyncio.TaskGroup() as group:
        for call in calls:
            group.create_task(call())


async def in_group() -> None:
    """Raise two errors of the library, the worse one last."""
    await _together(credit, _unknown)


async def group() -> NoReturn:
    """
    Raise the same without `TaskGroup`.

    On Python 3.12.1 that leaves a cancellation behind, which ends Starlette's WebSocket client.
    """
    raise ExceptionGroup("two", [CreditExceeded("not enough", status=409), OutcomeUnknown("lost")])


async def mixed() -> None:
    """Raise one together with an error of the shop."""
    await _together(credit, _foreign)


async def mixed_unknown() -> None:
    """Raise an unknown outcome together with an error of the shop, in a group in a group."""
    await _together(credit, mixed, _unknown)


WAYS = {"group": in_group, "mixed": mixed, "mixed-unknown": mixed_unknown}


async def chunks() -> AsyncGenerator[bytes, None]:
    """Begin a response, and fail."""
    yield b"begun"
    await credit()
