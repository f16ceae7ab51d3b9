"""Violations of each rule on purpose: they prove that the rules can fail."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

import aiohttp

from flexiti_async.api.widget import PurchaseWidget
from flexiti_async.clock import SYSTEM_CLOCK, now
from flexiti_async.protocol.token import Token

from .limits import MARGIN, limit_of
from .plan import Verb

if TYPE_CHECKING:
    from .worker import Worker

__all__ = ["MISDEEDS"]

_BUY: Final = PurchaseWidget(account_number=20009100)
_TOO_LONG: Final = limit_of(Verb.TOKEN) + 2 * MARGIN
_MOMENT: Final = 0.1


async def _resend(worker: "Worker", flow: str) -> None:
    """Send a refresh token twice."""
    assert worker.session is not None
    config = worker.session.config
    form = {"client_id": config.client_id, "client_secret": config.client_secret.reveal()}
    headers = {"x-reference-id": flow}
    async with aiohttp.ClientSession(headers=headers) as http:

        async def ask(**more: str) -> dict[str, Any]:
            url = f"{config.api_url}/v2.5/oauth/token"
            async with http.post(url, data={**form, **more}) as answer:
                text: dict[str, Any] = await answer.json()
                return text

        spent = (await ask())["refresh_token"]
        for _ in range(2):
            await ask(grant_type="refresh_token", refresh_token=spent)


async def _use_after_end(worker: "Worker", flow: str) -> None:
    """Use an expired token."""
    assert worker.session is not None
    checkout = await worker.session.checkout(flow, reference_id=flow)
    while checkout.remaining > -1:
        await asyncio.sleep(0.1)
    await _call(worker, checkout.token, flow)


async def _call(worker: "Worker", token: Token, flow: str) -> None:
    assert worker.session is not None
    config = worker.session.config
    url = f"{config.api_url}/v2.5/client-id/{config.client_id}/merchants/login"
    bearer = {"authorization": f"Bearer {token.access_token.reveal()}", "x-reference-id": flow}
    async with aiohttp.ClientSession() as http, http.post(url, headers=bearer) as answer:
        await answer.read()


async def _change_token(worker: "Worker", flow: str) -> None:
    """Change the token of a checkout in progress."""
    assert worker.session is not None
    checkout = await worker.session.resume(flow)
    other = await worker.session.checkout("another", sharing="dedicated")
    checkout._flow.token = other.token
    await checkout.init_widget(_BUY)


async def _hang(worker: "Worker", _: str) -> None:
    """Let the caller wait beyond the deadline, without blocking the loop."""
    begun = time.monotonic()
    while _answered_in_time(worker, begun):
        await asyncio.sleep(_MOMENT)


async def _block(worker: "Worker", _: str) -> None:
    """Block the loop beyond the deadline, which does not count as the machine's delay."""
    begun = time.monotonic()
    while _answered_in_time(worker, begun):
        time.sleep(_MOMENT)  # noqa: ASYNC251 - on purpose


def _answered_in_time(worker: "Worker", begun: float) -> bool:
    """Return whether an answer now would be in time: what a busy machine costs is excused."""
    return time.monotonic() - begun - worker.lost(begun) < _TOO_LONG


async def _compute(_: "Worker", __: str) -> None:
    """Compute beyond the deadline, in CPU time of this thread: a busy machine excuses nobody."""
    end = time.thread_time() + _TOO_LONG
    while time.thread_time() < end:
        now(SYSTEM_CLOCK)


async def _raise_untyped(_: "Worker", __: str) -> None:
    """Raise an error that is not one of ours."""
    raise KeyError


async def _leave_task(worker: "Worker", _: str) -> None:
    """Leave a task running."""
    worker.leftovers.append(asyncio.create_task(asyncio.sleep(3600), name="forgotten"))


async def _leave_socket(worker: "Worker", _: str) -> None:
    """Leave a connection to the API open."""
    assert worker.session is not None
    url = worker.session.config.api_url.removeprefix("http://").partition("/")[0]
    host, port = url.split(":")
    worker.leftovers.append(await asyncio.open_connection(host, int(port)))


async def _starve(worker: "Worker", _: str) -> None:
    """Keep the process from getting a token ever again."""
    assert worker.session is not None
    await worker.session.aclose()


async def _never_answer(_: "Worker", __: str) -> None:
    """Never return."""
    await asyncio.Event().wait()


MISDEEDS: Final[Mapping[str, Callable[["Worker", str], Awaitable[None]]]] = MappingProxyType(
    {
        "resend": _resend,
        "use after end": _use_after_end,
        "change token": _change_token,
        "hang": _hang,
        "block": _block,
        "compute": _compute,
        "raise untyped": _raise_untyped,
        "leave task": _leave_task,
        "leave socket": _leave_socket,
        "starve": _starve,
        "never answer": _never_answer,
    }
)
"""Violations by name."""
