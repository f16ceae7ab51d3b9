"""The demo shop as a process, and the sandbox behind it."""

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, Self

from attrs import define

from flexiti_async.sandbox import Sandbox

from .patience import PATIENCE, PATIENT_VARIABLES

__all__ = ["STAFF_PASSWORD", "Shop", "sandbox_in_a_thread"]

STAFF_PASSWORD: Final = "canary-staff-password"


@contextmanager
def sandbox_in_a_thread() -> Generator[Sandbox, None, None]:
    """Run a sandbox in a thread."""
    running, loop = Sandbox(), asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    asyncio.run_coroutine_threadsafe(running.start(), loop).result(PATIENCE)
    yield running
    asyncio.run_coroutine_threadsafe(running.aclose(), loop).result(PATIENCE)
    loop.call_soon_threadsafe(loop.stop)
    thread.join(PATIENCE)
    loop.close()


@define
class Shop:
    """
    The shop, as `python -m flexiti_async.demo` runs it.

    Attributes:
        url: Where it is.
    """

    url: str
    _folder: Path
    _process: "subprocess.Popen[str]"

    @classmethod
    def open(
        cls,
        sandbox: Sandbox,
        folder: Path,
        *,
        workers: int = 1,
        store: str | None = None,
        **variables: str,
    ) -> Self:
        """Start the shop on a free port; without a store its workers share a folder."""
        ours = {name: value for name, value in os.environ.items() if "FLEXITI" not in name}
        env = {
            **ours,
            "FLEXITI_BASE_URL": sandbox.base_url,
            "FLEXITI_CLIENT_ID": sandbox.client_id,
            "FLEXITI_CLIENT_SECRET": sandbox.client_secret,
            **PATIENT_VARIABLES,
            "FLEXITI_STORE": store or f"file://{folder}/tokens?timeout={PATIENCE}",
            "SHOP_DATABASE": f"{folder}/orders.sqlite",
            "SHOP_SANDBOX": "1",
            "SHOP_STAFF_PASSWORD": STAFF_PASSWORD,
            **variables,
        }
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "flexiti_async.demo", "--port=0", f"--workers={workers}"],
            env=env,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        assert process.stdout is not None
        return cls(process.stdout.readline().strip(), folder, process)

    @property
    def database(self) -> Path:
        """Its orders and sessions."""
        return self._folder / "orders.sqlite"

    def workers(self) -> list[int]:
        """Return the process ids of its workers."""
        return [pid for pid, command in _children(self._process.pid) if "spawn_main" in command]

    def kill_workers(self) -> None:
        """Kill all workers at once; new ones replace them."""
        for pid in self.workers():
            os.kill(pid, signal.SIGKILL)

    def forget_checkouts(self) -> None:
        """Remove the checkouts from the store, as if all had ended; the journal stays."""
        for record in self._folder.joinpath("tokens").rglob("*.record"):
            if b"flexiti-checkout-" in record.read_bytes():
                record.unlink()

    def close(self) -> None:
        """Stop the shop as a service manager does."""
        self._process.terminate()
        try:
            self._process.wait(PATIENCE)
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            if self._process.stdout is not None:
                self._process.stdout.close()


def _children(pid: int) -> Iterator[tuple[int, str]]:
    for folder in Path("/proc").iterdir():
        # A process may end while it is read.
        with contextlib.suppress(OSError):
            if folder.name.isdigit():
                after_name = folder.joinpath("stat").read_text().rpartition(")")[2].split()
                if int(after_name[1]) == pid:
                    yield int(folder.name), folder.joinpath("cmdline").read_text()
