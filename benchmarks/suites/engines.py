"""
The HTTP engine httptools against the same call by hand, by an expert, and with the engine aiohttp.

Besides one call and 64 in flight there are answers with as many headers as gateways add, and TLS.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import trustme
from attrs import frozen

from benchmarks.harness.children import LOOPS, Child
from benchmarks.harness.client import start_clients
from benchmarks.harness.duel import Duel, Subject
from benchmarks.harness.measure import Spread, ratios
from benchmarks.harness.server import running_server
from benchmarks.peers import BASELINE, HTTPTOOLS, OURS, WHAT
from benchmarks.report.charts import bars
from benchmarks.report.report import Chart, Goal, Report, Table

__all__ = ["measure"]

_AT_MOST: Final = {BASELINE: 0.50, "expert": 0.65}
"""CPU time as a share of theirs, at most."""
_RIVALS: Final = (*_AT_MOST, OURS)
_TURNS: Final = 30
_TURN_SECONDS: Final = 0.1


@frozen
class _Case:
    """What the calls of a duel are like."""

    name: str
    in_flight: int
    headers: int = 2
    tls: bool = False


_CASES: Final = (
    _Case("1 in flight", 1),
    _Case("64 in flight", 64),
    _Case("64 in flight, 14 headers", 64, headers=14),
    _Case("64 in flight, TLS", 64, tls=True),
)


async def measure(*, smoke: bool) -> Report:
    """Run the suite."""
    cases, loops = (_CASES[-1:], LOOPS[:1]) if smoke else (_CASES, LOOPS)
    turns, seconds = (1, 0.02) if smoke else (_TURNS, _TURN_SECONDS)
    duels: list[tuple[_Case, Duel]] = []
    missing: list[str] = []
    with TemporaryDirectory() as folder:
        trusted, certificate = _certificates(Path(folder))
        for case in cases:
            async with AsyncExitStack() as stack:
                served = certificate if case.tls else None
                target = await stack.enter_async_context(
                    running_server(headers=case.headers, certificate=served)
                )
                clients, missing = await start_clients(
                    stack, (HTTPTOOLS, *_RIVALS), loops, {"SSL_CERT_FILE": str(trusted)}
                )
                for child in clients.values():
                    await child.ask("open", target=target.to_json())
                for duel in _duels(case, loops, clients):
                    await duel.play(turns, seconds)
                    duels.append((case, duel))
    return Report(
        name="engines",
        title="CPU time of a whole widget/init with the engine httptools",
        tables=[_table(case, [duel for its, duel in duels if its is case]) for case in cases],
        goals=[
            Goal(
                f"CPU / {WHAT[duel.other.peer]}, {case.name}, {duel.ours.loop}",
                _ratio(duel),
                _AT_MOST[duel.other.peer],
            )
            for case, duel in duels
            if duel.other.peer in _AT_MOST
        ],
        charts=[_chart(duels)],
        parameters={"turns of two": turns, "seconds per turn": seconds},
        missing=missing,
    )


def _certificates(folder: Path) -> tuple[Path, Path]:
    """Write a certificate to trust, and one of a server with its key; return their files."""
    authority = trustme.CA()
    trusted, certificate = folder / "ca.pem", folder / "server.pem"
    authority.cert_pem.write_to_path(str(trusted))
    authority.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(str(certificate))
    return trusted, certificate


def _duels(
    case: _Case, loops: Sequence[str], clients: Mapping[tuple[str, str], Child]
) -> Iterator[Duel]:
    """Yield the duels with each rival, on each event loop."""
    for loop in loops:
        for rival in _RIVALS:
            if {(HTTPTOOLS, loop), (rival, loop)} <= clients.keys():
                ours = Subject(HTTPTOOLS, loop, clients[HTTPTOOLS, loop])
                yield Duel(ours, Subject(rival, loop, clients[rival, loop]), case.in_flight)


def _ratio(duel: Duel) -> Spread:
    return ratios(duel.ours.cpu, duel.other.cpu)


def _table(case: _Case, duels: list[Duel]) -> Table:
    rows = [
        (
            f"{WHAT[duel.other.peer]}, {duel.ours.loop}",
            Spread.of(duel.ours.cpu).scaled(1e6),
            Spread.of(duel.other.cpu).scaled(1e6),
            _ratio(duel),
        )
        for duel in duels
    ]
    columns = ("against", "CPU µs of httptools", "CPU µs of theirs", "ratio")
    return Table(f"One widget/init, {case.name}", columns, rows)


def _chart(duels: list[tuple[_Case, Duel]]) -> Chart:
    rows = {
        case.name: _ratio(duel)
        for case, duel in duels
        if (duel.other.peer, duel.ours.loop) == (BASELINE, LOOPS[0])
    }
    title = "One widget/init with the engine httptools: CPU time, the same by hand is 1"
    return bars(title, rows, unit="CPU time / by hand, less is better", ours=_CASES[1].name)
