"""PostgreSQL over TLS: certificates from the URL, and what is refused."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme

from flexiti_async.errors import StoreUnavailable
from flexiti_async.testing.store_contract import new_entry, new_key
from flexiti_stores.postgres import PostgresStore

from .conftest import of_machine
from .servers import NOBODY, Postgres

CA = trustme.CA()


@pytest.fixture(scope="module")
def server(ground: Path) -> Iterator[Postgres]:
    """Start a server that takes only clients with a certificate."""
    with Postgres.new(of_machine(), ground) as server:
        made = CA.issue_cert("localhost")
        key, cert, ca = (server.folder / name for name in ("key", "cert", "ca"))
        made.private_key_pem.write_to_path(key)
        cert.write_bytes(b"".join(blob.bytes() for blob in made.cert_chain_pems))
        CA.cert_pem.write_to_path(ca)
        for one in (key, cert, ca):
            one.chmod(0o600)
            if os.geteuid() == 0:
                os.chown(one, NOBODY, NOBODY)
        server.options = (
            *("ssl=on", f"ssl_cert_file={cert}", f"ssl_key_file={key}", f"ssl_ca_file={ca}"),
        )
        (server.data / "pg_hba.conf").write_text(
            "hostssl all all 127.0.0.1/32 trust clientcert=verify-ca\n"
            "hostnossl postgres boss 127.0.0.1/32 trust\n"
        )
        server.start()
        yield server


@pytest.fixture
def url(server: Postgres, tmp_path: Path) -> str:
    """Name the server and the certificates."""
    CA.cert_pem.write_to_path(tmp_path / "ca.pem")
    CA.issue_cert("client.shop").private_key_and_cert_chain_pem.write_to_path(tmp_path / "own.pem")
    return (
        f"postgresql://boss@localhost:{server.port}/postgres?timeout=10&connect_timeout=10"
        f"&sslrootcert={tmp_path}/ca.pem"
    )


async def test_both_sides_are_verified(server: Postgres, url: str, tmp_path: Path) -> None:
    """With the right certificates it works, and the connection is encrypted."""
    store = PostgresStore.from_url(f"{url}&sslcert={tmp_path}/own.pem")
    await store.create_schema()

    assert await store.swap(new_key(), new_entry(), expected=None)

    encrypted = server.ask("select count(*) from pg_stat_ssl where ssl and client_dn is not null")
    await store.aclose()

    assert "1" == encrypted


@pytest.mark.parametrize("wrong", ["no own certificate", "another authority", "another name"])
async def test_a_wrong_certificate_is_no_connection(url: str, tmp_path: Path, wrong: str) -> None:
    """Nothing was sent, and the error says that there is no connection."""
    parameters = f"&sslcert={tmp_path}/own.pem"
    if wrong == "no own certificate":
        parameters = ""
    elif wrong == "another authority":
        trustme.CA().cert_pem.write_to_path(tmp_path / "ca.pem")
    else:
        url = url.replace("localhost", "127.0.0.1")
    store = PostgresStore.from_url(f"{url}{parameters}")
    with pytest.raises(StoreUnavailable, match="no connection") as caught:
        await store.swap("key", new_entry(), expected=None)
    await store.aclose()

    assert not caught.value.sent


async def test_verify_ca_takes_any_name(url: str, tmp_path: Path) -> None:
    """Libpq's `verify-ca`: the authority counts, the name does not."""
    store = PostgresStore.from_url(
        f"{url.replace('localhost', '127.0.0.1')}&sslmode=verify-ca&sslcert={tmp_path}/own.pem"
    )
    await store.create_schema()
    await store.aclose()
