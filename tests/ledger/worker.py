"""A worker of the ledger's driver: makes the captures that it is told to, and prints outcomes."""

import asyncio
import json
import sys
from contextlib import suppress
from typing import Any

from flexiti_async import FlexitiConfig, FlexitiSession
from flexiti_async.errors import FlexitiError

__all__ = ["main"]


async def _capture(flexiti: FlexitiSession, job: dict[str, Any]) -> dict[str, Any]:
    """Make one capture; return its outcome."""
    try:
        answer = await flexiti.authorizations.capture(
            job["authorization_id"],
            "0.01",
            reference=job["key"],
            idempotency_key=job["key"],
        )
    except FlexitiError as error:
        return {"key": job["key"], "outcome": type(error).__name__}
    outcome = "replayed" if answer.replayed else "done"
    return {"key": job["key"], "outcome": outcome, "capture_id": answer.capture_id}


async def _work(options: dict[str, Any]) -> None:
    reader = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    running: set[asyncio.Task[None]] = set()

    async with FlexitiSession(FlexitiConfig(**options)) as flexiti:
        with suppress(FlexitiError):
            await flexiti.checkout("ready")  # it has looked at the journal, whatever it has found
        print(flush=True)  # noqa: T201

        async def carry_out(job: dict[str, Any]) -> None:
            print(json.dumps(await _capture(flexiti, job)), flush=True)  # noqa: T201

        while line := await reader.readline():
            task = asyncio.create_task(carry_out(json.loads(line)))
            running.add(task)
            task.add_done_callback(running.discard)
        await asyncio.gather(*running)


def main() -> None:
    """Work until the standard input ends."""
    asyncio.run(_work(json.loads(sys.argv[1])))


if __name__ == "__main__":
    main()
