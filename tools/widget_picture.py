"""
Take the picture of the widget in the demo shop, which the README shows.

`python tools/widget_picture.py` writes docs/assets/widget.png, with the machine's Chromium: on
PATH, or named in CHROMIUM. It needs the extra `shop` and the dependency group `browser`.
"""
# ruff: noqa: T201 - printing is its purpose

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from playwright.sync_api import Page, sync_playwright

from flexiti_async.sandbox import Sandbox

__all__ = ["main", "take"]

PICTURE: Final = Path(__file__).parents[1] / "docs/assets/widget.png"
ACCOUNT: Final = "10000001"
CHROMIUM: Final = ("chromium", "chromium-browser", "google-chrome")
WIDTH: Final = 880
HEIGHT: Final = 800
TOP: Final = 165
"""Where the picture begins: at the heading, below the shop's own header."""


def main() -> None:
    """Take the picture."""
    parser = argparse.ArgumentParser(description="Take the picture of the widget in the shop.")
    parser.add_argument("picture", nargs="?", type=Path, default=PICTURE)
    picture: Path = parser.parse_args().picture
    take(picture)
    print(f"{picture}: {picture.stat().st_size:,} bytes")


def take(picture: Path) -> None:
    """Open the shop, go to the widget, and write what is on the screen."""
    chromium = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, CHROMIUM)), None)
    if chromium is None:
        sys.exit("no chromium: install it, or name it in CHROMIUM")
    with (
        Sandbox(merchant_name="Maple & Oak") as sandbox,
        _shop(sandbox) as url,
        sync_playwright() as playwright,
    ):
        # As in a container, where it may run as root; it shows only our own pages.
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page(
            viewport={"width": WIDTH, "height": HEIGHT}, color_scheme="light", locale="en-CA"
        )
        page.goto(url)
        _go_to_the_widget(page)
        page.screenshot(
            path=picture, clip={"x": 0, "y": TOP, "width": WIDTH, "height": HEIGHT - TOP}
        )
        browser.close()


@contextmanager
def _shop(sandbox: Sandbox) -> Generator[str, None, None]:
    """Run the shop, and yield its URL."""
    with tempfile.TemporaryDirectory() as folder:
        env = {
            **{name: value for name, value in os.environ.items() if "FLEXITI" not in name},
            "FLEXITI_BASE_URL": sandbox.base_url,
            "FLEXITI_CLIENT_ID": sandbox.client_id,
            "FLEXITI_CLIENT_SECRET": sandbox.client_secret,
            "FLEXITI_STORE": "memory://",
            "SHOP_DATABASE": f"{folder}/orders.sqlite",
            "SHOP_SANDBOX": "1",
        }
        with subprocess.Popen(
            [sys.executable, "-P", "-m", "flexiti_async.demo", "--port=0"],
            env=env,
            stdout=subprocess.PIPE,
            text=True,
        ) as process:
            assert process.stdout is not None  # noqa: S101 - a pipe was asked for
            yield process.stdout.readline().strip()
            process.terminate()


def _go_to_the_widget(page: Page) -> None:
    page.locator("main button[type=submit]").first.click()
    page.fill("#account_number", ACCOUNT)
    page.locator("main button[type=submit]").first.click()
    widget = page.frame_locator("#flexiti")
    hint = widget.locator("#hint")
    hint.wait_for()
    pin = "".join(letter for letter in hint.inner_text() if letter.isdigit())
    widget.locator("#pin").fill(pin)


if __name__ == "__main__":
    main()
