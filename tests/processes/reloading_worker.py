"""
A worker that reloads its secrets on SIGHUP, as `docs/how-to/rotation.md` recommends.

It reads commands, one a line, and answers each with one line.
"""

import asyncio
import signal
import sys

from flexiti_async import FlexitiConfig, FlexitiError, FlexitiSession, PurchaseWidget


async def obey(flexiti: FlexitiSession, command: str, argument: str) -> str:
    """Obey a command, and return its result."""
    if command == "begin":
        return (await flexiti.checkout(argument)).reference_id
    checkout = await flexiti.resume(argument)
    await checkout.init_widget(PurchaseWidget(account_number=20009100))
    return checkout.token.token_id


async def main() -> None:
    """Obey until the commands end."""
    loop = asyncio.get_running_loop()
    async with FlexitiSession(FlexitiConfig.load()) as flexiti:

        def reload() -> None:
            flexiti.reload(FlexitiConfig.load())
            print("reloaded", flush=True)  # noqa: T201 - its protocol

        loop.add_signal_handler(signal.SIGHUP, reload)
        print("ready", flush=True)  # noqa: T201
        while line := await asyncio.to_thread(sys.stdin.readline):
            try:
                answer = await obey(flexiti, *line.split())
            except FlexitiError as error:
                answer = f"{type(error).__name__}: {error}"
            print(answer, flush=True)  # noqa: T201


asyncio.run(main())
