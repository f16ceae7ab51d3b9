"""Operations whose connection is never made: nothing was sent, so the key is free."""

import socket
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

import aiohttp
import pytest
from aiohttp.abc import AbstractResolver, ResolveResult

from flexiti_async import FlexitiConfig, FlexitiSession, Scope
from flexiti_async.errors import ConnectError
from flexiti_async.protocol import points
from flexiti_async.protocol.call import OperationKind
from flexiti_async.sandbox import Sandbox
from flexiti_async.testing import ManualClock

from ..conftest import MakeSession
from ..support.authority import Authority
from ..support.patience import PATIENT
from ..support.relay import relay_to
from .acts import ACTS
from .test_faults import trial_of

PATH: Final = "/flexiti/pos-api"
FAULTS: Final = ("another authority", "another name", "expired")


@pytest.mark.parametrize(
    ("kind", "fault"),
    [*((kind, FAULTS[0]) for kind in ACTS), *(("capture", one) for one in FAULTS[1:])],
)
async def test_a_certificate_that_is_changed_frees_the_key(
    kind: str,
    fault: str,
    make_session: MakeSession,
    sandbox: Sandbox,
    clock: ManualClock,
    tmp_path: Path,
) -> None:
    """The token was obtained before; with the right certificate the same key makes the call."""
    ours = Authority(tmp_path)
    theirs = Authority(tmp_path / "theirs") if fault == FAULTS[0] else ours
    context = ours.server()
    async with relay_to(sandbox.port, tls=context) as relay:
        session = make_session(
            base_url=f"https://localhost:{relay.port}{PATH}",
            ca_file=str(ours.ca_file),
            account="shop",
        )
        trial = await trial_of(ACTS[kind], session, sandbox, clock)
        name = "elsewhere.example" if fault == FAULTS[1] else "localhost"
        theirs.certify(context, name, expired=fault == FAULTS[2])
        outcome = await trial.make()

        assert isinstance(outcome, ConnectError)
        assert (0, 0) == trial.counts()
        found = await session.operations.get(kind=OperationKind(kind), key=trial.key)
        assert found is not None
        assert "free" == found.phase

        ours.certify(context)
        await trial.check(outcome)
        await session.aclose()


class Names(AbstractResolver):
    """A resolver that knows this machine, until it fails."""

    failing = False

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Return the address of this machine."""
        if self.failing:
            msg = "Temporary failure in name resolution"
            raise OSError(socket.EAI_AGAIN, msg)
        return [
            ResolveResult(
                hostname=host, host="127.0.0.1", port=port, family=family, proto=0, flags=0
            )
        ]

    async def close(self) -> None:
        """Do nothing."""


@pytest.fixture
async def lent() -> AsyncIterator[tuple[Names, aiohttp.ClientSession]]:
    """Lend a client session that keeps neither connections nor addresses."""
    names = Names()
    connector = aiohttp.TCPConnector(resolver=names, use_dns_cache=False, force_close=True)
    async with aiohttp.ClientSession(connector=connector) as client:
        yield names, client


@pytest.mark.parametrize("kind", ACTS)
async def test_a_name_that_is_not_resolved_frees_the_key(
    kind: str,
    lent: tuple[Names, aiohttp.ClientSession],
    sandbox: Sandbox,
    clock: ManualClock,
) -> None:
    """DNS fails after the claim; afterwards the same key makes the call."""
    names, client = lent
    config = FlexitiConfig(
        client_id=sandbox.client_id,
        client_secret=sandbox.client_secret,
        base_url=f"http://localhost:{sandbox.port}{PATH}",
        store=f"memory://names-{sandbox.run_id}",
        **PATIENT,
    )
    async with FlexitiSession(config, client_session=client, clock=clock) as session:
        trial = await trial_of(ACTS[kind], session, sandbox, clock)
        names.failing = True
        outcome = await trial.make()

        assert isinstance(outcome, ConnectError)
        assert (0, 0) == trial.counts()
        found = await session.operations.get(kind=OperationKind(kind), key=trial.key)
        assert found is not None
        assert "free" == found.phase

        names.failing = False
        await trial.check(outcome)


@pytest.mark.parametrize("kind", ["authorize", "capture"])
async def test_a_machine_that_is_suspended_while_it_connects_sends_nothing(
    kind: str,
    make_session: MakeSession,
    sandbox: Sandbox,
    clock: ManualClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The event loop's clock stands still meanwhile; by all others the deadline has passed."""
    session = make_session(request_timeout=10, connect_timeout=10, store_timeout=5)
    trial = await trial_of(ACTS[kind], session, sandbox, clock)
    for scope in Scope:
        await session.token(scope)

    async def suspend(point: points.Point) -> None:
        if point == "call connected":
            clock.advance(31)

    monkeypatch.setattr(points, "hook", suspend)
    outcome = await trial.make()

    assert isinstance(outcome, ConnectError)
    assert (0, 0) == trial.counts()
