"""The Redis store over TLS, with certificates on both sides."""

import asyncio
import ssl
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any, cast

import pytest
import trustme
from attrs import frozen

from flexiti_async.errors import StoreUnavailable
from flexiti_async.store.interface import TokenStore
from flexiti_async.store.loading import open_store
from flexiti_async.testing import AgesContract, ExpiryContract, StoreContract
from flexiti_stores.redis import RedisStore

from ..support.patience import PATIENCE
from .servers import Proxy, Server


@frozen
class Certificates:
    """Paths of certificates, and the proxy that requires them."""

    proxy: Proxy
    ca: Path
    ours: Path
    foreign: Path

    def url(self, **parameters: Path) -> str:
        """Return a URL with these parameters."""
        given = "&".join(f"{name}={value}" for name, value in parameters.items())
        return f"rediss://localhost:{self.proxy.port}?timeout={PATIENCE}&connect_timeout={PATIENCE}&{given}"


@pytest.fixture(scope="module")
def tls(valkey: Server) -> Iterator[Certificates]:
    """Start a TLS proxy for the server, which requires a certificate of the shop."""
    trusted, other = cast("tuple[Any, Any]", (trustme.CA(), trustme.CA()))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trusted.issue_cert("localhost").configure_cert(context)
    trusted.configure_trust(context)
    context.verify_mode = ssl.CERT_REQUIRED
    proxy = Proxy(valkey.port, context)
    proxy.start()
    with tempfile.TemporaryDirectory() as path:
        made = Certificates(
            proxy, Path(path, "ca.pem"), Path(path, "ours.pem"), Path(path, "foreign.pem")
        )
        trusted.cert_pem.write_to_path(made.ca)
        trusted.issue_cert("shop").private_key_and_cert_chain_pem.write_to_path(made.ours)
        other.issue_cert("shop").private_key_and_cert_chain_pem.write_to_path(made.foreign)
        yield made
    proxy.stop()


class TestTls(StoreContract, AgesContract, ExpiryContract):
    """The contract over TLS, with a certificate of the shop."""

    @pytest.fixture
    async def store(self, tls: Certificates) -> AsyncIterator[TokenStore]:
        """Open the store."""
        store = open_store(tls.url(ssl_ca_certs=tls.ca, ssl_certfile=tls.ours))
        yield store
        await store.aclose()


@pytest.mark.parametrize(
    "fault", ["no certificate", "foreign certificate", "wrong CA", "wrong host"]
)
async def test_untrusted_peers_are_rejected(tls: Certificates, fault: str) -> None:
    """The certificates of both sides and the host name are verified."""
    url = {
        "no certificate": tls.url(ssl_ca_certs=tls.ca),
        "foreign certificate": tls.url(ssl_ca_certs=tls.ca, ssl_certfile=tls.foreign),
        "wrong CA": tls.url(ssl_ca_certs=tls.foreign, ssl_certfile=tls.ours),
        "wrong host": tls.url(ssl_ca_certs=tls.ca, ssl_certfile=tls.ours).replace(
            "localhost", "127.0.0.1"
        ),
    }[fault]
    store = RedisStore.from_url(url)
    with pytest.raises(StoreUnavailable, match="failed to load: ConnectionError"):
        await store.load("key")
    await store.aclose()


async def test_the_certificates_are_loaded_once(
    tls: Certificates, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Loading them takes 50 ms, in which the event loop would stand still at every connection."""
    store = RedisStore.from_url(tls.url(ssl_ca_certs=tls.ca, ssl_certfile=tls.ours))
    loaded: list[ssl.SSLContext] = []
    load = ssl.create_default_context

    def count() -> ssl.SSLContext:
        loaded.append(load())
        return loaded[-1]

    monkeypatch.setattr(ssl, "create_default_context", count)
    await asyncio.gather(*(store.load("key") for _ in range(4)))
    await store.aclose()

    assert [] == loaded
