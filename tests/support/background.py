"""The tasks that the library runs in the background."""

import asyncio

__all__ = ["settle"]


async def settle() -> None:
    """Wait for the refreshes in the background, of all sessions in this event loop."""
    while running := [t for t in asyncio.all_tasks() if t.get_name().startswith("flexiti-async")]:
        await asyncio.wait(running)
        await asyncio.sleep(0)
