"""
`examples/containers/compose.yaml`, without a container runtime.

Its services run as processes of this machine, with the commands, variables, secrets and health
checks of the file; only names, ports and the folder of the secrets are this machine's.
"""

import json
import os
import re
import subprocess
import sys
from collections.abc import Generator, Mapping
from contextlib import ExitStack, contextmanager
from html import unescape
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qs, unquote
from urllib.request import Request, urlopen

import pytest
import yaml
from attrs import frozen

from flexiti_async.config.secret_files import FILE_VARIABLES

from ...demo.client import Browser
from ...support.patience import PATIENCE, PATIENT_VARIABLES
from ...support.ports import free_port
from ..servers import Server, wait_until
from .servers import Postgres

FOLDER: Final = Path(__file__).parents[3] / "examples" / "containers"
FILE: Final[Mapping[str, Any]] = yaml.safe_load((FOLDER / "compose.yaml").read_text())
SERVICES: Final[Mapping[str, Any]] = FILE["services"]
OURS: Final = ("sandbox", "journal", "shop")
ACCOUNT: Final = "10000001"


@frozen
class Host:
    """
    This machine in place of the containers.

    Attributes:
        places: What stands in the file, and what stands for it here.
    """

    places: Mapping[str, str]

    def here(self, text: str) -> str:
        """Return a text of the file for this machine."""
        for theirs, ours in self.places.items():
            text = text.replace(theirs, ours)
        return text

    def command(self, words: list[str]) -> list[str]:
        """Return a command of the file for this machine."""
        program, *arguments = map(self.here, words)
        programs = {"python": [], "flexiti-async": ["-m", "flexiti_async"]}
        if program not in programs:
            return [program, *arguments]
        return [sys.executable, "-P", *programs[program], *arguments]

    def variables(self, service: str) -> dict[str, str]:
        """Return the environment of a service."""
        ours = {name: value for name, value in os.environ.items() if "FLEXITI" not in name}
        given: Mapping[str, str] = SERVICES[service].get("environment", {})
        theirs = {name: self.here(value) for name, value in given.items()}
        return {**ours, **(PATIENT_VARIABLES if service == "shop" else {}), **theirs}

    @contextmanager
    def runs(self, service: str) -> Generator[None]:
        """Run a service until its health check passes, and stop it as a runtime does."""
        command = self.command(SERVICES[service]["command"])
        env = self.variables(service)
        with subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL) as process:
            try:
                wait_until(lambda: self.is_healthy(service) or process.poll() is not None)
                assert process.poll() is None
                yield
            finally:
                process.terminate()
                process.wait(PATIENCE)

    def is_healthy(self, service: str, **variables: str) -> bool:
        """Run the health check of a service."""
        kind, *words = SERVICES[service]["healthcheck"]["test"]
        assert "CMD" == kind
        done = subprocess.run(
            self.command(words),
            env={**self.variables(service), **variables},
            capture_output=True,
            check=False,
        )
        return done.returncode == 0


@pytest.fixture
def host(machine: Postgres, valkey: Server, tmp_path: Path) -> Host:
    """Return this machine, with a database of the file's name and copies of the secrets."""
    environment = SERVICES["postgres"]["environment"]
    user, database = environment["POSTGRES_USER"], environment["POSTGRES_DB"]
    machine.ask(f"create role {user} login")
    machine.ask(f"create database {database} owner {user}")
    sandbox, shop = free_port(), free_port()
    # The sandbox by an address that leads here and is not known as loopback.
    places = {
        "sandbox:8099": f"0.0.0.0:{sandbox}",
        "8099": str(sandbox),
        "8000": str(shop),
        "redis:6379": f"127.0.0.1:{valkey.port}",
        "postgres:5432": f"127.0.0.1:{machine.port}",
        "/run/secrets": str(tmp_path),
    }
    found = Host(places)
    for secret in FILE["secrets"].values():
        file = FOLDER / secret["file"]
        (tmp_path / file.name).write_text(found.here(file.read_text()))
    return found


def test_the_file_is_complete() -> None:
    """Each service has what it needs: health checks, secrets, variables, extras."""
    for service in SERVICES.values():
        for name, need in service.get("depends_on", {}).items():
            healthy = need["condition"] == "service_healthy"
            assert healthy is ("healthcheck" in SERVICES[name])
        mounted = {f"/run/secrets/{name}" for name in service.get("secrets", ())}
        named = {
            value
            for name, value in service.get("environment", {}).items()
            if name in FILE_VARIABLES or name == "POSTGRES_PASSWORD_FILE"
        }
        assert named == mounted
    project = (FOLDER.parents[1] / "pyproject.toml").read_text()
    (extras,) = re.findall(r"install .*'\.\[(.*)\]'", (FOLDER / "Dockerfile").read_text())
    assert all(f"\n{extra} = [" in project for extra in extras.split(","))


def test_a_customer_buys_in_the_shop_of_the_file(
    host: Host, machine: Postgres, valkey: Server
) -> None:
    """The shop finds Redis, PostgreSQL and the sandbox by their names; the browser by its own."""
    programs = str(machine.programs)
    found = {"PATH": f"{programs}:{os.environ['PATH']}", "PGHOST": "127.0.0.1"}
    assert host.is_healthy("postgres", **found, PGPORT=str(machine.port))
    assert ["CMD", "redis-cli", "ping"] == SERVICES["redis"]["healthcheck"]["test"]
    with valkey.client() as client:
        assert client.ping()
    for _ in range(2):  # it runs at every `docker compose up`
        begun = subprocess.run(
            host.command(SERVICES["journal"]["command"]), env=host.variables("journal"), check=False
        )
        assert 0 == begun.returncode
    with ExitStack() as running:
        for name in ("sandbox", "shop"):
            running.enter_context(host.runs(name))
        browser = Browser(host.here("http://localhost:8000"))
        shown = browser.to_widget(ACCOUNT)
        address = unescape(re.findall(r'<iframe[^>]* src="([^"]+)"', shown.text)[0])

        assert address.startswith(host.here("http://localhost:8099/flexiti/pos-api/#/widget/"))
        assert (
            host.here("frame-src http://localhost:8099;")
            in shown.headers["Content-Security-Policy"]
        )
        assert 200 == browser.event(json.dumps(verified(address))).status
        browser.get("/en/plans")
        assert "/en/order" == browser.post("/en/plans", {"plan": "101:12"}).where
    stored = machine.url_for("shop").replace("/postgres?", "/shop?")
    listed = subprocess.run(
        [sys.executable, "-P", "-m", "flexiti_async", "journal", "check", "--store", stored],
        check=False,
    )
    assert 0 == listed.returncode


def verified(address: str) -> object:
    """Return the event of a customer who has entered the PIN on the page at an address."""
    path, _, query = address.partition("#/widget/")[2].partition("?")
    client_id, token = map(unquote, path.split("/"))
    where = {
        "client_id": client_id,
        "token": token,
        "widget_session_id": parse_qs(query)["widget_session_id"][0],
    }
    origin = address.partition("/flexiti/")[0]
    pin = ask(f"{origin}/sandbox/widget/open", where)["pin"]
    more = {"choice": "approve", "pin": pin, "account_number": int(ACCOUNT)}
    return ask(f"{origin}/sandbox/widget/finish", {**where, **more})["event"]


def ask(url: str, body: object) -> dict[str, Any]:
    """Make a request as the sandbox's page does."""
    request = Request(  # noqa: S310 - the sandbox's
        url, json.dumps(body).encode(), {"content-type": "application/json"}
    )
    with urlopen(request, timeout=PATIENCE) as answer:  # noqa: S310
        answered: dict[str, Any] = json.loads(answer.read())
        return answered
