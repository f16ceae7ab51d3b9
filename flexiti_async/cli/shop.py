"""`flexiti-async demo --shop`: the demo shop, backed by a sandbox, until Ctrl-C."""

import asyncio
import contextlib
import os
import secrets
import sys
from collections.abc import AsyncGenerator
from importlib.util import find_spec
from typing import Annotated, Final

from attrs import frozen
from cyclopts import Group, Parameter, validators

from flexiti_async.cli.options import Flag, Whole
from flexiti_async.cli.output import WRONG, CommandError, print_note, print_text
from flexiti_async.cli.signals import on_signals
from flexiti_async.sandbox import Sandbox
from flexiti_async.store.loading import open_store

__all__ = ["ShopOptions", "run_shop"]

_SHOP: Final = Group("Demo shop", sort_key=10)
_PARTS: Final = (
    "flexiti_async.demo",
    "jinja2",
    "python_multipart",
    "starlette",
    "uvicorn",
)
_MEMORY: Final = "memory:"
_PORT: Final = validators.Number(gte=0, lte=65535)


@Parameter(name="*", group=_SHOP)
@frozen(kw_only=True)
class ShopOptions:
    """
    Options of the demo shop.

    Attributes:
        shop: Open a demo shop, backed by a sandbox, until Ctrl-C; its URL is printed.
        workers: Number of worker processes, 1 by default; several share tokens and checkouts
            through --store, which must then be shared: file:///…, postgresql://… or redis://….
        port: Port of the shop; a free one by default.
    """

    shop: Flag = False
    workers: Annotated[int | None, Whole, Parameter(validator=validators.Number(gte=1))] = None
    port: Annotated[int | None, Whole, Parameter(validator=_PORT)] = None


async def run_shop(options: ShopOptions, store: str) -> None:
    """
    Run the shop until Ctrl-C or SIGTERM.

    Raises:
        CommandError: It cannot run; the text says why, and what to do.
    """
    workers = options.workers or 1
    if not _is_complete():
        msg = "the shop is an extra: install flexiti-async[shop]"
        raise CommandError(msg)
    if workers > 1 and store.startswith(_MEMORY):
        msg = (
            "several workers cannot share a memory:// store: add --store file:///…, "
            "postgresql://… or redis://…"
        )
        raise CommandError(msg, status=WRONG)
    await open_store(store).aclose()  # a wrong URL is reported before anything starts
    password = secrets.token_urlsafe(12)
    stopped = asyncio.Event()
    on_signals(stopped.set)
    async with (
        Sandbox() as sandbox,
        _serving(sandbox, store, password, workers, options.port or 0) as (process, url),
    ):
        print_text(f"Shop:    {url}  (Ctrl-C stops it)", 9)
        print_text(f"Sandbox: {sandbox.base_url}  (no account needed, no money moves)", 9)
        print_text(f"Staff:   {url}en/staff  (user staff, password {password})", 9)
        ended = asyncio.create_task(process.wait())
        stopping = asyncio.create_task(stopped.wait())
        await asyncio.wait([ended, stopping], return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        if not stopped.is_set():
            msg = f"the shop stopped unexpectedly, with status {await ended}"
            raise CommandError(msg)
    print_note(
        f"token requests: {sandbox.count('oauth/token'):,}, "
        f"widget/init: {sandbox.count('widget/init'):,}, "
        f"authorizations: {len(sandbox.authorizations):,}"
    )


def _is_complete() -> bool:
    return all(find_spec(part) is not None for part in _PARTS)


@contextlib.asynccontextmanager
async def _serving(
    sandbox: Sandbox, store: str, password: str, workers: int, port: int
) -> AsyncGenerator[tuple[asyncio.subprocess.Process, str], None]:
    """Run the shop in processes of its own; yield the parent process and the shop's URL."""
    arguments = ("-P", "-m", "flexiti_async.demo", f"--workers={workers}", f"--port={port}")
    env = _environment(sandbox, store, password)
    process = await asyncio.create_subprocess_exec(
        sys.executable, *arguments, stdout=asyncio.subprocess.PIPE, env=env
    )
    try:
        assert process.stdout is not None  # noqa: S101 - a pipe was asked for
        url = (await process.stdout.readline()).decode().strip()
        if not url:
            msg = "the shop did not start; its output above says why"
            raise CommandError(msg)
        yield process, url
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        await process.wait()


def _environment(sandbox: Sandbox, store: str, password: str) -> dict[str, str]:
    """Return an environment for the sandbox, without this process's own `FLEXITI_*`, `SHOP_*`."""
    ours = ("FLEXITI_", "SHOP_")
    others = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    return {
        **others,
        "FLEXITI_BASE_URL": sandbox.base_url,
        "FLEXITI_CLIENT_ID": sandbox.client_id,
        "FLEXITI_CLIENT_SECRET": sandbox.client_secret,
        "FLEXITI_STORE": store,
        "SHOP_SANDBOX": "1",
        "SHOP_BEHIND": "1",
        "SHOP_STAFF_PASSWORD": password,
    }
