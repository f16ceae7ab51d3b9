"""
`python -m flexiti_async.demo`: the shop with any number of workers, until Ctrl-C.

It is configured by `FLEXITI_*`; `SHOP_SECRET_KEY` and `SHOP_DATABASE` are generated if not set.
`SHOP_ORIGIN` is the address that customers open: https, through a proxy on this machine that ends
TLS and sets `X-Forwarded-For`; without it only a shop on loopback starts. `SHOP_STAFF_PASSWORD`
opens the pages of the staff, `/en/staff`.
The first line on stdout is the shop's URL, which accepts connections from then on.
"""

import argparse
import contextlib
import errno
import os
import secrets
import signal
import socket
import sys
import tempfile
from pathlib import Path
from typing import Final

import uvicorn

from flexiti_async.demo.settings import DATABASE, ORIGIN, SECRET_KEY, ShopSettings

__all__ = ["main"]

_BACKLOG: Final = 2048


def main() -> None:
    """Run the shop."""
    parser = argparse.ArgumentParser(prog="flexiti_async.demo")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8000, help="0 picks a free one")
    parser.add_argument("--workers", type=int, default=1)
    given = parser.parse_args()
    # uvicorn stops first, and then raises the signal again for this handler.
    signal.signal(signal.SIGTERM, _stop)
    with (
        contextlib.suppress(KeyboardInterrupt),
        tempfile.TemporaryDirectory(prefix="flexiti-shop-") as folder,
    ):
        os.environ.setdefault(SECRET_KEY, secrets.token_hex(32))
        os.environ.setdefault(DATABASE, str(Path(folder) / "orders.sqlite"))
        serve(given.host, given.port, given.workers)


def serve(host: str, port: int, workers: int) -> None:
    """Listen, print the URL, and serve."""
    with _listen(host, port) as listening:
        # Connections from here on wait in the backlog for the first worker.
        name, number = listening.getsockname()[:2]
        url = f"http://{f'[{name}]' if ':' in name else name}:{number}"
        os.environ.setdefault(ORIGIN, url)
        try:
            settings = ShopSettings.from_env()
        except ValueError as error:
            sys.exit(str(error))
        sys.stdout.write(f"{url}/\n")
        sys.stdout.flush()
        uvicorn.run(
            "flexiti_async.demo.app:create",
            factory=True,
            fd=listening.fileno(),
            workers=workers,
            log_level="warning",
            # Only a proxy on this machine is believed, and only where there has to be one.
            proxy_headers=settings.is_secure,
            forwarded_allow_ips="127.0.0.1",
        )


def _stop(*_: object) -> None:
    sys.exit()


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=_BACKLOG)
    except OSError as error:
        why = "is in use" if error.errno == errno.EADDRINUSE else str(error.strerror)
        sys.exit(f"port {port} of {host} {why}; --port 0 picks a free one")


if __name__ == "__main__":
    main()
