"""`flexiti-async doctor`: every finding and its advice, without secrets."""

import asyncio
import json
import os
import secrets
import ssl
import tempfile
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import pytest
import trustme

from flexiti_async import Scope, open_store
from flexiti_async.sandbox import Sandbox
from flexiti_async.store.interface import Entry

from ..support.keys import token_key
from ..support.patience import PATIENCE
from .conftest import CLIENT_SECRET, STORE_PASSWORD, Command, Ran, process

Findings = dict[str, list[dict[str, str]]]


def findings(ran: Ran) -> Findings:
    """Return the doctor's findings, by check."""
    report = cast("dict[str, Any]", json.loads(ran.out))
    found: Findings = {}
    for finding in report["findings"]:
        found.setdefault(finding["check"], []).append(finding)
    levels = [finding["level"] for finding in report["findings"]]
    assert (levels.count("error"), levels.count("warning")) == (
        report["errors"],
        report["warnings"],
    )
    assert ran.status == (1 if report["errors"] else 0)
    return found


def levels(found: list[dict[str, str]]) -> list[str]:
    """Return the levels of findings."""
    return [finding["level"] for finding in found]


def worst(found: list[dict[str, str]]) -> dict[str, str]:
    """Return the only finding that is an error or a warning."""
    [finding] = [finding for finding in found if finding["level"] in {"error", "warning"}]
    assert finding["advice"]
    return finding


@pytest.fixture
def folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Configure a token folder."""
    folder = tmp_path / "tokens"
    monkeypatch.setenv("FLEXITI_STORE", f"file://{folder}?timeout={PATIENCE}")
    monkeypatch.setenv("FLEXITI_STORE_TIMEOUT", "10")
    return folder


def test_a_healthy_shop(command: Command, sandbox: Sandbox) -> None:
    """Every check passes; one token is requested, not shared, and announced before."""
    ran = command("doctor", "--json")
    found = findings(ran)

    checks = ["configuration", "connections", "dns", "tls", "clock", "credentials", "store"]
    assert [*checks, "journal"] == list(found)
    assert (["ok"], ["ok"]) == (levels(found["configuration"]), levels(found["credentials"]))
    assert "1200 s" in found["credentials"][0]["text"]
    assert sandbox.requests[-1].reference_id is not None
    assert sandbox.requests[-1].reference_id in found["credentials"][0]["text"]
    assert 1 == sandbox.tokens_issued
    assert f"note: requesting one token from {sandbox.base_url}" in ran.err
    assert "not shared" in found["store"][0]["text"]


@pytest.mark.usefixtures("sandbox")
def test_in_words(command: Command) -> None:
    """Each finding is a line with its advice below; the last line counts them."""
    ran = command("doctor")
    lines = ran.out.splitlines()

    assert 0 == ran.status
    assert lines[0].startswith("flexiti-async ")
    assert "ok       configuration: complete: base_url" in lines[1]
    assert any(line.strip().startswith("→ with several workers") for line in lines)
    assert "0 errors, 0 warnings" == lines[-1]


def test_without_a_token_request(command: Command, sandbox: Sandbox) -> None:
    """No request with credentials is sent."""
    found = findings(command("doctor", "--json", "--no-token-request"))

    assert ["note"] == levels(found["credentials"])
    assert ["unknown"] == [request.endpoint for request in sandbox.requests]


def test_a_configuration_that_is_wrong(command: Command) -> None:
    """It is the only finding, and names the variable to set."""
    ran = command("doctor", "--json")

    assert ["configuration"] == list(findings(ran))
    assert "FLEXITI_CLIENT_ID" in ran.out


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """Yield a folder that other users can enter, unlike those of pytest."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)


@pytest.mark.usefixtures("sandbox")
@pytest.mark.parametrize("folder", [0o700, 0o754])
def test_a_folder_that_others_cannot_enter_protects_a_file(
    command: Command, open_folder: Path, monkeypatch: pytest.MonkeyPatch, folder: int
) -> None:
    """Its mode for entering decides, not its mode for listing."""
    file = open_folder / "shop.toml"
    file.write_text(f'[flexiti]\nclient_secret = "{CLIENT_SECRET}"\n')
    file.chmod(0o604)
    open_folder.chmod(folder)
    monkeypatch.setenv("FLEXITI_CONFIG", str(file))

    assert ["ok"] == levels(
        findings(command("doctor", "--json", "--no-token-request"))["configuration"]
    )


@pytest.mark.usefixtures("sandbox")
@pytest.mark.parametrize(
    ("mode", "written", "who"),
    [
        (0o644, 'client_secret = "{secret}"', "other users can read"),
        (0o640, 'client_secret = "{secret}"', "its group can read"),
        (0o604, 'store = "redis://:{secret}@cache/"', "other users can read"),
        (0o600, 'client_secret = "{secret}"', ""),
        (0o644, 'flow_ttl = 600\nstore = "memory://"', ""),
    ],
)
def test_a_configuration_that_others_can_read(
    command: Command,
    open_folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    mode: int,
    written: str,
    who: str,
) -> None:
    """A file that holds a secret and that others can read is a warning that names the secret."""
    file = open_folder / "shop.toml"
    file.write_text(f"[flexiti]\n{written.format(secret=CLIENT_SECRET)}\n")
    file.chmod(mode)
    monkeypatch.setenv("FLEXITI_CONFIG", str(file))
    found = findings(command("doctor", "--json", "--no-token-request"))["configuration"]

    if not who:
        assert ["ok"] == levels(found)
        return
    finding = worst(found)
    assert finding["text"].startswith(f"{who} {file} (FLEXITI_CONFIG), which holds ")
    assert finding["text"].endswith(written.partition(" ")[0])
    assert f"chmod 600 {file}" == finding["advice"]


@pytest.mark.usefixtures("sandbox")
def test_a_folder_that_nobody_else_can_enter_protects_a_file(
    command: Command, open_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither the mode of the file nor a link to it matters then."""
    (open_folder / "private").mkdir(mode=0o700)
    file = open_folder / "private" / "shop.toml"
    file.write_text(f'[flexiti]\nclient_secret = "{CLIENT_SECRET}"\n')
    file.chmod(0o644)
    (open_folder / "link.toml").symlink_to(file)
    monkeypatch.setenv("FLEXITI_CONFIG", str(open_folder / "link.toml"))
    found = findings(command("doctor", "--json", "--no-token-request"))["configuration"]

    assert ["ok"] == levels(found)


def test_a_file_of_a_secret_that_others_can_read(
    command: Command, sandbox: Sandbox, open_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file of one secret, and of the private key of a certificate, as well."""
    secret, key, certificate = (open_folder / name for name in ("secret", "key.pem", "cert.pem"))
    secret.write_text(sandbox.client_secret)
    issued = trustme.CA().issue_cert("shop.example")
    issued.private_key_pem.write_to_path(key)
    issued.cert_chain_pems[0].write_to_path(certificate)
    for file in (secret, key, certificate):
        file.chmod(0o644)
    monkeypatch.delenv("FLEXITI_CLIENT_SECRET")
    monkeypatch.setenv("FLEXITI_CLIENT_SECRET_FILE", str(secret))
    monkeypatch.setenv("FLEXITI_CLIENT_CERT", str(certificate))
    monkeypatch.setenv("FLEXITI_CLIENT_KEY", str(key))
    found = findings(command("doctor", "--json", "--no-token-request"))["configuration"]

    key.unlink()
    missing = findings(command("doctor", "--json", "--no-token-request"))

    assert ["ok", "warning"] == levels(missing["configuration"])
    assert "cannot be used" in worst(missing["connections"])["text"]
    assert ["ok", "warning", "warning"] == levels(found)
    assert [f"chmod 600 {secret}", f"chmod 600 {key}"] == [one["advice"] for one in found[1:]]


def test_credentials_that_are_wrong(
    command: Command, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The advice is to compare with the portal, and to check the environment."""
    monkeypatch.setenv("FLEXITI_CLIENT_ID", "somebody-else")
    finding = worst(findings(command("doctor", "--json"))["credentials"])

    assert ("error", True) == (finding["level"], "developer portal" in finding["advice"])
    assert 0 == sandbox.tokens_issued


def test_a_token_endpoint_that_asks_for_patience(command: Command, sandbox: Sandbox) -> None:
    """No second request is sent; the advice says how long to wait."""
    sandbox.fail("oauth/token", status=429, headers={"Retry-After": "70"}, times=None)
    finding = worst(findings(command("doctor", "--json"))["credentials"])

    assert "wait 70 s" in finding["advice"]
    assert 1 == sandbox.count("oauth/token")


def test_a_token_endpoint_that_fails(command: Command, sandbox: Sandbox) -> None:
    """The advice is to report the reference id."""
    sandbox.fail("oauth/token", status=500)
    finding = worst(findings(command("doctor", "--json"))["credentials"])

    assert str(sandbox.requests[-1].reference_id) in finding["text"]
    assert "reference id" in finding["advice"]


PAGE = b"<!DOCTYPE html><html><body><h1>Access denied</h1></body></html>"
ON_THE_WAY = "a proxy or a login page on the way has answered"
GATEWAY = "a gateway or a proxy has answered"
OWN = "Flexiti itself has answered"
ANSWERS: dict[str, tuple[int, dict[str, str], bytes, str, str]] = {
    "squid denies": (403, {"Server": "squid/5.7"}, PAGE, ON_THE_WAY, "Server: squid/5.7"),
    "squid asks who": (407, {"Server": "squid/5.7"}, PAGE, ON_THE_WAY, "HTTP 407"),
    "nginx has no upstream": (502, {"Server": "nginx/1.22.1"}, PAGE, GATEWAY, "nginx/1.22.1"),
    "tinyproxy is busy": (503, {"Server": "tinyproxy/1.11"}, PAGE, GATEWAY, "tinyproxy/1.11"),
    "a login page": (200, {}, PAGE, ON_THE_WAY, "text/html"),
    "a way to a login page": (302, {"Location": "http://login.example/"}, b"", ON_THE_WAY, "302"),
    "a gateway's JSON": (
        *(403, {"Content-Type": "application/json"}, b'{"message": "Forbidden"}'),
        *(GATEWAY, "application/json"),
    ),
    "the API": (401, {}, b'{"error": "invalid_client", "message": "No!"}', OWN, "invalid_client"),
    "the API, down": (503, {}, b'{"error": "server_error"}', OWN, "server_error"),
    "the API blocks": (465, {}, PAGE, OWN, "HTTP 465"),
}


@pytest.mark.parametrize("case", ANSWERS)
def test_whose_answer_a_refusal_was(command: Command, sandbox: Sandbox, case: str) -> None:
    """By status, headers and body; a page on the way is no reason to compare the secret."""
    status, headers, body, whose, shown = ANSWERS[case]
    headers = {"Content-Type": "text/html", **headers}
    sandbox.fail("oauth/token", status=status, headers=headers, body=body, times=None)
    finding = worst(findings(command("doctor", "--json"))["credentials"])

    assert whose in finding["text"]
    assert shown in finding["text"]
    assert ("developer portal" in finding["advice"]) is (case in {"the API", "the API blocks"})
    assert ("login page" in finding["advice"]) is (whose in {ON_THE_WAY, GATEWAY})


@pytest.mark.usefixtures("sandbox")
def test_a_flow_that_is_too_long(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    """A flow_ttl beyond the token's lifetime is an error, although the credentials are valid."""
    monkeypatch.setenv("FLEXITI_FLOW_TTL", "1190")
    found = findings(command("doctor", "--json"))["credentials"]

    assert ["ok", "error"] == levels(found)
    assert "flow_ttl" in worst(found)["advice"]


@pytest.mark.parametrize(("offset", "side"), [(-90.0, "ahead of"), (90.0, "behind")])
def test_a_clock_that_is_wrong(
    command: Command, sandbox: Sandbox, offset: float, side: str
) -> None:
    """A wrong clock is a warning that says by how much, also without a token request."""
    sandbox.clock_offset = offset
    finding = worst(findings(command("doctor", "--json", "--no-token-request"))["clock"])

    assert "warning" == finding["level"]
    assert side in finding["text"]
    assert finding["text"].startswith(("89 s", "90 s", "91 s"))


def test_no_connection(command: Command, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """If nothing listens on the port, the network checks end; the store is checked all the same."""
    monkeypatch.setenv("FLEXITI_BASE_URL", "http://127.0.0.1:9/flexiti/pos-api")
    found = findings(command("doctor", "--json"))

    assert "cannot be reached" in worst(found["connection"])["text"]
    assert ["note"] == levels(found["credentials"])
    assert found["store"]
    assert 0 == len(sandbox.requests)


@pytest.mark.usefixtures("sandbox")
def test_an_unknown_name(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    """A host that does not exist is a finding of the check `dns`."""
    monkeypatch.setenv("FLEXITI_BASE_URL", "https://posapi.invalid/flexiti/pos-api")
    found = findings(command("doctor", "--json"))

    assert "posapi.invalid cannot be resolved" in worst(found["dns"])["text"]
    assert "tls" not in found


# The store


@pytest.mark.usefixtures("sandbox")
def test_a_plain_text_folder(command: Command, folder: Path) -> None:
    """A store without token_keys is a warning: readers can use its tokens."""
    found = findings(command("doctor", "--json"))["store"]

    assert "plain text" in worst(found)["text"]
    assert any(f"only its owner can access {folder}" in finding["text"] for finding in found)
    assert any("stores, compares and swaps entries" in finding["text"] for finding in found)


@pytest.mark.usefixtures("sandbox")
def test_an_encrypted_folder(
    command: Command, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With token_keys the finding needs no advice, and the disk holds no plain text."""
    monkeypatch.setenv("FLEXITI_TOKEN_KEYS", command("keys", "generate").out.strip())
    found = findings(command("doctor", "--json"))["store"]

    assert {"ok", "note"} == set(levels(found))
    assert any("encrypted" in finding["text"] for finding in found)
    assert not any(b"doctor was here" in file.read_bytes() for file in folder.glob("*.record"))


@pytest.mark.usefixtures("sandbox")
def test_a_folder_that_others_can_read(command: Command, folder: Path) -> None:
    """The store accepts it, since they cannot write; the doctor warns."""
    folder.mkdir(mode=0o755)
    folder.chmod(0o755)
    found = findings(command("doctor", "--json"))["store"]

    assert f"chmod 700 {folder}" in [finding["advice"] for finding in found]


@pytest.mark.usefixtures("sandbox")
def test_a_folder_that_others_can_write_into(command: Command, folder: Path) -> None:
    """The store rejects a folder that other users can write to."""
    folder.mkdir(mode=0o700)
    folder.chmod(0o777)
    found = findings(command("doctor", "--json"))["store"]

    assert "error" in levels(found)


def test_tokens_sealed_with_another_key(
    command: Command, sandbox: Sandbox, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The store works, but the token in it was encrypted with a key that is not configured."""
    monkeypatch.setenv("FLEXITI_TOKEN_KEYS", command("keys", "generate").out.strip())
    command("token", "refresh")
    there = findings(command("doctor", "--json"))["store"]
    monkeypatch.setenv("FLEXITI_TOKEN_KEYS", command("keys", "generate").out.strip())
    finding = worst(findings(command("doctor", "--json"))["store"])

    assert any("a customer token is stored and readable" in f["text"] for f in there)
    assert ("error", True) == (finding["level"], "token_keys" in finding["advice"])
    assert folder.is_dir()
    assert 3 == sandbox.tokens_issued


def test_a_record_of_another_release(command: Command, sandbox: Sandbox) -> None:
    """A record that this release cannot read is reported, not overwritten."""
    key = token_key(sandbox, Scope.MERCHANT)
    entry = Entry(secrets.token_hex(16), json.dumps({"v": 99, "key": key}), keep_for=3600)
    store = open_store(os.environ["FLEXITI_STORE"])
    assert asyncio.run(store.swap(key, entry, expected=None))
    finding = worst(findings(command("doctor", "--json"))["store"])

    assert "the merchant token cannot be read" in finding["text"]


@pytest.mark.usefixtures("sandbox")
@pytest.mark.parametrize(
    ("store", "told"),
    [
        ("Down", "failed to load: OSError"),
        ("ReadOnly", "an entry for a key that was never written"),
        ("Denier", "rejects a write"),
        ("Overwriter", "overwrites an existing entry"),
        ("Careless", "although another one was expected"),
        ("Mixer", "does not return what was written"),
        ("Stubborn", "does not replace the entry that was just loaded"),
    ],
)
def test_a_store_that_is_broken(
    command: Command, monkeypatch: pytest.MonkeyPatch, odd_stores: str, store: str, told: str
) -> None:
    """The finding says how it breaks the contract, and does not repeat the store's own text."""
    monkeypatch.setenv("FLEXITI_STORE", f"{odd_stores}{store}")
    finding = worst(findings(command("doctor", "--json"))["store"])

    assert ("error", True) == (finding["level"], told in finding["text"])


@pytest.mark.usefixtures("sandbox")
def test_a_store_without_ages(
    command: Command, monkeypatch: pytest.MonkeyPatch, odd_stores: str
) -> None:
    """A store without ages is usable; a note says what that means."""
    monkeypatch.setenv("FLEXITI_STORE", f"{odd_stores}Timeless")
    found = findings(command("doctor", "--json"))["store"]

    assert any("does not report ages" in finding["text"] for finding in found)


@pytest.mark.usefixtures("sandbox")
def test_a_store_that_is_slow(
    command: Command, monkeypatch: pytest.MonkeyPatch, odd_stores: str
) -> None:
    """The time is that of one operation, which is a sleep of 50 ms here."""
    monkeypatch.setenv("FLEXITI_STORE", f"{odd_stores}Slow")
    found = findings(command("doctor", "--json"))["store"]
    [text] = [one["text"] for one in found if "ms per operation" in one["text"]]

    assert float(text.split()[-4]) >= 50


@pytest.mark.usefixtures("sandbox")
def test_a_store_that_cannot_list_its_keys(
    command: Command, monkeypatch: pytest.MonkeyPatch, odd_stores: str
) -> None:
    """It has a life, which is not enough for a journal."""
    monkeypatch.setenv("FLEXITI_STORE", f"{odd_stores}Unlistable")
    found = findings(command("doctor", "--json"))["journal"]

    assert any("cannot keep a journal: it has no keys()" in one["text"] for one in found)


@pytest.mark.usefixtures("sandbox")
def test_a_store_that_is_not_installed(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error lists the installed stores, and shows no password."""
    monkeypatch.setenv("FLEXITI_STORE", f"etcd://shop:{STORE_PASSWORD}@example.com/")
    found = findings(command("doctor", "--json"))["store"]

    assert "no store is installed for etcd://" in worst(found)["text"]
    assert (
        "etcd://****@example.com/ is shared by all processes that can reach it" == found[0]["text"]
    )


# TLS: in a process of its own, because OpenSSL reads SSL_CERT_FILE once.

Serve = Callable[[trustme.CA, trustme.LeafCert], int]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Return a function that serves a certificate on a loopback port, with a date and a 404."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    servers: list[asyncio.Server] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        date = datetime.now(UTC).strftime("%a, %d %b %Y %H:%M:%S GMT")  # noqa: TID251
        writer.write(f"HTTP/1.1 404 Not Found\r\nServer: x\r\nDate: {date}\r\n\r\n".encode())
        writer.close()

    def start(ca: trustme.CA, leaf: trustme.LeafCert) -> int:
        del ca
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        cast("Any", leaf).configure_cert(context)
        starting = asyncio.start_server(answer, "127.0.0.1", 0, ssl=context)
        server = asyncio.run_coroutine_threadsafe(starting, loop).result(PATIENCE)
        servers.append(server)
        return int(server.sockets[0].getsockname()[1])

    yield start
    for server in servers:
        loop.call_soon_threadsafe(server.close)
    loop.call_soon_threadsafe(loop.stop)
    thread.join(10)
    loop.close()


def _examine(
    monkeypatch: pytest.MonkeyPatch, port: int, trusted: Path, host: str = "localhost"
) -> dict[str, str]:
    """Run the doctor against a port with a trusted certificate; return its finding for TLS."""
    monkeypatch.setenv("FLEXITI_BASE_URL", f"https://{host}:{port}/flexiti/pos-api")
    monkeypatch.setenv("FLEXITI_CLIENT_ID", "shop")
    monkeypatch.setenv("FLEXITI_CLIENT_SECRET", CLIENT_SECRET)
    monkeypatch.setenv("FLEXITI_CONNECT_TIMEOUT", "30")
    monkeypatch.setenv("SSL_CERT_FILE", str(trusted))
    found = findings(process("doctor", "--json", "--no-token-request"))
    [finding] = found["tls"]
    if finding["level"] != "error":
        assert ["ok"] == levels(found["clock"])
    return finding


DAYS = timedelta(days=1)


@pytest.mark.parametrize(
    ("host", "days", "trusted", "level", "told"),
    [
        ("localhost", 365, True, "ok", "certificate issued by trustme v"),
        ("localhost", 5, True, "warning", " 5 days left"),
        ("localhost", -1, True, "error", "certificate has expired"),
        ("posapi.example.com", 365, True, "error", "Hostname mismatch"),
        ("localhost", 365, False, "error", "unable to get local issuer certificate"),
    ],
)
def test_certificates(
    serve: Serve,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    host: str,
    days: int,
    trusted: bool,
    level: str,
    told: str,
) -> None:
    """Certificates are valid, about to expire, expired, for another host, or of an unknown CA."""
    ca, other = trustme.CA(), trustme.CA()
    today = datetime.now(UTC)  # noqa: TID251 - the certificate is judged by the machine's clock
    leaf = ca.issue_cert(
        host, not_before=today - 30 * DAYS, not_after=today + days * DAYS + timedelta(hours=1)
    )
    (ca if trusted else other).cert_pem.write_to_path(tmp_path / "trusted.pem")
    finding = _examine(monkeypatch, serve(ca, leaf), tmp_path / "trusted.pem")

    assert (level, True) == (finding["level"], told in finding["text"])
    assert bool(finding["advice"]) is (level != "ok")


def test_a_root_certificate_of_the_shops_own(
    serve: Serve, command: Command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """`ca_file` is trusted by the checks, too, and a report says so; a bad file is an error."""
    ca, file = trustme.CA(), tmp_path / "ca.pem"
    ca.cert_pem.write_to_path(file)
    port = serve(ca, ca.issue_cert("localhost"))
    monkeypatch.setenv("FLEXITI_BASE_URL", f"https://localhost:{port}/x")
    monkeypatch.setenv("FLEXITI_CLIENT_ID", "shop")
    monkeypatch.setenv("FLEXITI_CLIENT_SECRET", CLIENT_SECRET)
    monkeypatch.setenv("FLEXITI_CA_FILE", str(file))
    good = findings(command("doctor", "--json", "--no-token-request"))["tls"]
    file.write_text("nothing of the kind")
    bad = findings(command("doctor", "--json", "--no-token-request"))["connections"]

    assert (["note", "ok"], True) == (levels(good), str(file) in good[0]["text"])
    assert "ca_file: ca.pem cannot be used" in worst(bad)["text"]


@pytest.mark.parametrize("source", ["proxy", "trust_env"])
def test_a_proxy_that_refuses(
    sandbox: Sandbox, command: Command, monkeypatch: pytest.MonkeyPatch, source: str
) -> None:
    """It is named with its status and without its password; nothing is checked around it."""
    url = f"http://ada:hush@127.0.0.1:{sandbox.port}"  # which answers CONNECT with an error
    monkeypatch.setenv("FLEXITI_BASE_URL", "https://api.invalid/x")
    if source == "proxy":
        monkeypatch.setenv("FLEXITI_PROXY", url)
    else:
        monkeypatch.setenv("FLEXITI_TRUST_ENV", "true")
        monkeypatch.setenv("HTTPS_PROXY", url)
    ran = command("doctor", "--json")
    found = findings(ran)
    finding = worst(found["credentials"])

    assert f"127.0.0.1:{sandbox.port} (`{source}`)" in found["proxy"][0]["text"]
    assert f"the proxy 127.0.0.1:{sandbox.port} answered CONNECT with 4" in finding["text"]
    assert finding["text"].endswith(": Flexiti was not asked")
    assert "check the proxy" in finding["advice"]
    assert "hush" not in ran.out + ran.err
    assert not {"dns", "tls", "clock"} & found.keys()


def test_no_tls_where_tls_should_be(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A port that speaks http is reported as such, not as a bad certificate."""
    trustme.CA().cert_pem.write_to_path(tmp_path / "ca.pem")
    finding = _examine(monkeypatch, sandbox.port, tmp_path / "ca.pem")

    assert "does not speak TLS" in finding["text"]
