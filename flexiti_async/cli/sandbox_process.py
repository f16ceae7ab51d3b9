"""
A sandbox in a process of its own, so that the cost of a client is measured without it.

The two processes talk by lines of JSON, over the pipes of the child, which ends when its stdin
does, also when its parent was killed. `python -m flexiti_async.cli.sandbox_process` is the child.
"""

import asyncio
import contextlib
import json
import secrets
import signal
import subprocess
import sys
from collections.abc import AsyncGenerator, Mapping, Sequence
from decimal import Decimal
from typing import Final, cast

from attrs import field, frozen

from flexiti_async.cli.output import CommandError
from flexiti_async.sandbox import Sandbox
from flexiti_async.sandbox.faults.codec import rule_from_text

__all__ = ["ACCOUNT", "SandboxProcess", "inject", "sandbox_process"]

ACCOUNT: Final = 10000001
"""An account whose credit never ends here."""
_CREDIT: Final = Decimal(10) ** 9


@frozen
class SandboxProcess:
    """
    A running sandbox.

    Attributes:
        base_url: Its API base URL.
        client_id: Its client id.
        client_secret: Its client secret.
    """

    base_url: str
    client_id: str
    client_secret: str = field(repr=False)
    _process: subprocess.Popen[str] = field(repr=False)
    _turn: asyncio.Lock = field(factory=asyncio.Lock, repr=False)

    async def count(self, endpoint: str) -> int:
        """Return the number of requests that came to an endpoint."""
        return cast("int", await self._ask("count", endpoint))

    async def play(self, redirection_url: str) -> str:
        """Play the customer, who approves; return the event of the widget as JSON."""
        return json.dumps(await self._ask("play", redirection_url))

    async def _ask(self, verb: str, argument: str) -> object:
        async with self._turn:
            return await asyncio.to_thread(_exchange, self._process, [verb, argument])


@contextlib.asynccontextmanager
async def sandbox_process(
    *,
    expires_in: int = 1200,
    latency: Mapping[str, float] | None = None,
    faults: Sequence[str] = (),
) -> AsyncGenerator[SandboxProcess, None]:
    """
    Run a sandbox with another client id each time: no store has a token of an earlier one for it.

    Args:
        expires_in: Lifetime of its tokens in seconds.
        latency: Seconds that endpoints take.
        faults: Faults to inject, in their short text.

    Raises:
        CommandError: It did not start.
    """
    process = await asyncio.to_thread(_start)
    try:
        options = {
            "client_id": f"client-{secrets.token_hex(8)}",
            "expires_in": expires_in,
            "latency": latency or {},
        }
        order = {"options": options, "faults": faults}
        ready = cast("dict[str, str]", await asyncio.to_thread(_exchange, process, order))
        yield SandboxProcess(ready["base_url"], ready["client_id"], ready["client_secret"], process)
    finally:
        await asyncio.to_thread(process.communicate)  # closes its stdin, and waits


def _start() -> subprocess.Popen[str]:
    if getattr(sys, "frozen", False):
        msg = "a frozen program cannot start a second Python for the sandbox: install the library"
        raise CommandError(msg)
    return subprocess.Popen(
        [sys.executable, "-P", "-m", "flexiti_async.cli.sandbox_process"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def _exchange(process: subprocess.Popen[str], order: object) -> object:
    """Send a line to the child, and return its answer."""
    assert process.stdin is not None  # noqa: S101 - pipes were asked for
    assert process.stdout is not None  # noqa: S101
    line = ""
    with contextlib.suppress(BrokenPipeError):
        print(json.dumps(order), file=process.stdin, flush=True)
        line = process.stdout.readline()
    if not line:
        msg = "the sandbox has ended; its output above says why"
        raise CommandError(msg)
    answer: object = json.loads(line)
    return answer


def inject(sandbox: Sandbox, text: str) -> None:
    """
    Inject a fault.

    Raises:
        ValueError: The text is not one of a fault.
    """
    rule = rule_from_text(text)
    sandbox.inject(
        rule.fault,
        endpoint=rule.endpoint,
        times=rule.times,
        probability=rule.probability,
        seed=rule.seed,
        only=rule.only,
    )


def _main() -> None:
    """Run the sandbox until stdin ends. Ctrl-C reaches the parent, too, which decides."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    order = json.loads(sys.stdin.readline())
    with Sandbox(**order["options"]) as sandbox:
        sandbox.account(ACCOUNT).credit_limit = _CREDIT
        for text in order["faults"]:
            inject(sandbox, text)
        _answer(
            {
                "base_url": sandbox.base_url,
                "client_id": sandbox.client_id,
                "client_secret": sandbox.client_secret,
            }
        )
        for line in sys.stdin:
            verb, argument = json.loads(line)
            _answer(sandbox.count(argument) if verb == "count" else sandbox.play(argument))


def _answer(value: object) -> None:
    print(json.dumps(value), flush=True)  # noqa: T201 - its parent reads it


if __name__ == "__main__":
    _main()
