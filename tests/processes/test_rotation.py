"""The recipe of `docs/how-to/rotation.md`: secrets in files, and SIGHUP, in real processes."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from flexiti_async.sandbox import Sandbox

from ..support.patience import PATIENCE, PATIENT_VARIABLES

WORKER = Path(__file__).with_name("reloading_worker.py")
STAGES = (("old", "old"), ("old", "new"), ("new", "old"), ("new", "new"))
"""The contents of both files: before, and after each of the three steps."""


class Worker:
    """A worker in a process of its own."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process
        assert "ready" == self.line()

    def line(self) -> str:
        """Return its next line."""
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()

    def ask(self, command: str, argument: str) -> str:
        """Return the answer to a command."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{command} {argument}\n")
        self._process.stdin.flush()
        return self.line()

    def reload(self) -> None:
        """Send the signal, and wait until it has reloaded."""
        self._process.send_signal(signal.SIGHUP)
        assert "reloaded" == self.line()


@contextmanager
def worker(variables: dict[str, str]) -> Generator[Worker]:
    """Start a worker; it ends with its input."""
    with subprocess.Popen(
        [sys.executable, "-P", str(WORKER)],
        env={**os.environ, **variables},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        yield Worker(process)
        assert process.stdin is not None
        process.stdin.close()
        assert 0 == process.wait()


async def test_a_rotation_without_a_restart_loses_no_checkout(tmp_path: Path) -> None:
    """
    Each step reaches one worker after the other; checkouts pass between them, either way.

    Flexiti accepts the new secret from the second step on, and the old one no longer.
    """
    files = [tmp_path / "secret", tmp_path / "other"]
    async with Sandbox(client_secret="old") as sandbox:
        variables = {
            "FLEXITI_BASE_URL": sandbox.base_url,
            "FLEXITI_CLIENT_ID": sandbox.client_id,
            "FLEXITI_CLIENT_SECRET_FILE": str(files[0]),
            "FLEXITI_OTHER_CLIENT_SECRET_FILE": str(files[1]),
            "FLEXITI_STORE": f"file://{tmp_path}/store?timeout={PATIENCE}",
            **PATIENT_VARIABLES,
        }
        await asyncio.to_thread(rotate, sandbox, files, variables)


def rotate(sandbox: Sandbox, files: list[Path], variables: dict[str, str]) -> None:
    """Rotate the secret of two workers."""
    with ExitStack() as stack:
        for file, secret in zip(files, STAGES[0], strict=True):
            file.write_text(secret)
        workers = [stack.enter_context(worker(variables)) for _ in range(2)]
        hand_over(workers, "order-0")
        for number, stage in enumerate(STAGES[1:], start=1):
            for file, secret in zip(files, stage, strict=True):
                file.write_text(secret)
            sandbox.client_secret = stage[0]
            for reached, each in enumerate(workers):
                each.reload()
                hand_over(workers, f"order-{number}-{reached}")


def hand_over(workers: list[Worker], order: str) -> None:
    """Begin a checkout in each worker, and go on with it in the other one."""
    for here, there in (workers, workers[::-1]):
        reference_id = here.ask("begin", f"{order}-{workers.index(here)}")
        tokens = {each.ask("resume", reference_id) for each in (there, here)}

        assert 1 == len(tokens), tokens
        assert not any(":" in token for token in tokens), tokens
