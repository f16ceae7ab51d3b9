"""Which requests meet a fault: how many, with which probability, where, and from whom."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable, Mapping

import aiohttp
import pytest

from flexiti_async import FlexitiConfig, FlexitiSession, Scope, TokenError
from flexiti_async.sandbox import Only, Sandbox, faults
from flexiti_async.sandbox.faults.rules import FaultRule, FaultRules, Sender
from tests.sandbox.conftest import PURCHASE, Api

from ..support.patience import PATIENT

TOKEN = "oauth/token"
ANY_SENDER = Sender(address="127.0.0.1", headers={}, grant=None, scope=None)


@pytest.fixture
async def workers(sandbox: Sandbox) -> AsyncIterator[list[Api]]:
    """Open the clients of three workers, each distinguishable from the others."""
    async with (
        aiohttp.ClientSession(headers={"X-Worker": "0"}) as first,
        aiohttp.ClientSession(headers={"X-Worker": "1"}) as second,
        aiohttp.ClientSession(connector=aiohttp.TCPConnector(local_addr=("127.0.0.2", 0))) as third,
    ):
        yield [Api(sandbox, http) for http in (first, second, third)]


async def statuses(workers: list[Api]) -> list[int]:
    """Request a token from each worker, and return the statuses."""
    return [(await worker.token()).status for worker in workers]


def caught(rules: FaultRules, requests: int, endpoint: str = TOKEN) -> list[bool]:
    """Return which of some equal requests meet a fault."""
    return [rules.take(endpoint, ANY_SENDER) is not None for _ in range(requests)]


async def test_every_endpoint(api: Api, sandbox: Sandbox) -> None:
    """A fault without an endpoint applies to all of them, unknown paths included."""
    sandbox.inject(faults.Answer(500), times=3)
    answers = [await api.token(), await api.call("widget/init", None), await api.call("x", None)]

    assert [500] * 3 == [answer.status for answer in answers]
    assert 200 == (await api.token()).status


async def test_first_rule_wins(api: Api, sandbox: Sandbox) -> None:
    """Each request meets one fault at most, and uses up only that one."""
    sandbox.inject(faults.Answer(501), endpoint="widget/init")
    sandbox.inject(faults.Answer(502))
    sandbox.inject(faults.Answer(503), endpoint=TOKEN)

    assert [502, 503, 200] == [(await api.token()).status for _ in range(3)]
    assert 501 == (await api.call("widget/init", None)).status


async def test_heal(api: Api, sandbox: Sandbox) -> None:
    """Healing an endpoint keeps other faults, including those for every endpoint."""
    sandbox.inject(faults.Answer(501), endpoint=TOKEN, times=None)
    sandbox.inject(faults.Answer(502), endpoint="widget/init", times=None)
    sandbox.inject(faults.Answer(503), times=None)
    sandbox.heal(TOKEN)

    assert 503 == (await api.token()).status
    assert 502 == (await api.call("widget/init", None)).status
    sandbox.heal()
    assert 200 == (await api.token()).status


def test_probability_is_reproducible() -> None:
    """A seed always picks the same requests, about as many as the probability says."""

    def picked(seed: int, probability: float = 0.25) -> list[bool]:
        rules = FaultRules()
        rules.add(FaultRule(faults.Drop(), TOKEN, None, probability, seed))
        return caught(rules, 4000)

    assert picked(7) == picked(7)
    assert picked(7) != picked(8)
    assert 900 < sum(picked(7)) < 1100
    assert [True] * 4000 == picked(7, probability=1)


def test_rules_are_independent() -> None:
    """Rules of one seed draw independently, and draw only for requests that they match."""
    both, alone = FaultRules(), FaultRules()
    for rules in (both, alone):
        rules.add(FaultRule(faults.Drop(), TOKEN, None, 0.5))
    both.add(FaultRule(faults.Reset(), TOKEN, None, 0.5))
    seen = [both.take(TOKEN, ANY_SENDER) for _ in range(1000)]
    drops = [
        bool(alone.take("widget/init", ANY_SENDER)) or alone.take(TOKEN, ANY_SENDER) is not None
        for _ in range(1000)
    ]

    assert drops == [fault == faults.Drop() for fault in seen]
    assert 200 < seen.count(faults.Reset()) < 300


def test_kind_and_endpoint_are_part_of_the_seed() -> None:
    """FaultRules of one seed pick different requests if their kind or endpoint differs."""
    kinds: list[faults.Fault] = [faults.Drop(), faults.Reset()]
    picked: set[tuple[bool, ...]] = set()
    for fault in kinds:
        for endpoint in (None, TOKEN):
            rules = FaultRules()
            rules.add(FaultRule(fault, endpoint, None, 0.5))
            picked.add(tuple(caught(rules, 100)))

    assert 4 == len(picked)


def test_times_count_requests_that_met_the_fault() -> None:
    """A request that the probability spares does not count."""
    rules = FaultRules()
    rules.add(FaultRule(faults.Drop(), None, 3, 0.1))

    assert 3 == sum(caught(rules, 1000))
    assert () == rules.active()


def test_active_rules() -> None:
    """The active rules are listed with the number of requests that they have left."""
    rules = FaultRules()
    first, second = FaultRule(faults.Drop(), times=2), FaultRule(faults.Reset(), TOKEN, None)
    rules.add(first)
    rules.add(second)
    caught(rules, 1)

    assert ((first, 1), (second, None)) == rules.active()


async def test_one_worker_by_header(workers: list[Api], sandbox: Sandbox) -> None:
    """Only the worker with the header is cut off."""
    sandbox.inject(faults.Answer(503), times=None, only=Only(headers={"x-worker": "1"}))

    assert [200, 503, 200] * 2 == await statuses(workers) + await statuses(workers)


async def test_one_worker_by_address(workers: list[Api], sandbox: Sandbox) -> None:
    """Only the worker with the source address is cut off."""
    sandbox.inject(faults.Answer(503), times=None, only=Only(address="127.0.0.2"))

    assert [200, 200, 503] == await statuses(workers)


@pytest.mark.parametrize("address", ["127.0.0.2", "::ffff:127.0.0.2", "::FFFF:7f00:2"])
async def test_addresses_are_compared_by_meaning(
    workers: list[Api], sandbox: Sandbox, address: str
) -> None:
    """Every spelling of an address matches it."""
    sandbox.inject(faults.Answer(503), times=None, only=Only(address=address))

    assert [200, 200, 503] == await statuses(workers)


async def test_one_session_of_two(sandbox: Sandbox) -> None:
    """A session is cut off by a header of the client session that it borrows."""

    async def got_token(worker: str) -> bool:
        config = FlexitiConfig(
            client_id=sandbox.client_id,
            client_secret=sandbox.client_secret,
            base_url=sandbox.base_url,
            store=f"memory://{sandbox.port}-{worker}",
            **PATIENT,
        )
        async with (
            aiohttp.ClientSession(headers={"x-worker": worker}) as http,
            FlexitiSession(config, client_session=http) as session,
        ):
            try:
                await session.token(Scope.CUSTOMER)
            except TokenError:
                return False
        return True

    sandbox.inject(faults.Reset(), times=None, only=Only(headers={"X-WORKER": "2"}))

    assert [True, False, True] == [await got_token(worker) for worker in "123"]


async def test_one_grant(api: Api, sandbox: Sandbox) -> None:
    """A condition selects a grant or a scope; for calls, the scope of their token."""
    token = (await api.token(scope="customer")).body
    sandbox.inject(faults.Answer(501), times=None, only=Only(grant="refresh_token"))
    sandbox.inject(faults.Answer(502), times=None, only=Only(scope="customer"))
    refresh = {"grant_type": "refresh_token", "refresh_token": token["refresh_token"]}

    assert 501 == (await api.token(scope="customer", **refresh)).status
    assert 502 == (await api.token(scope="customer")).status
    assert 502 == (await api.call("widget/init", token["access_token"], PURCHASE)).status
    assert 200 == (await api.token()).status


@pytest.mark.parametrize(
    ("build", "expected"),
    [
        (lambda: FaultRule(faults.Drop(), "oauth/tokn"), "no endpoint is called"),
        (lambda: FaultRule(faults.Drop(), times=0), "at least 1"),
        (lambda: FaultRule(faults.Drop(), times=True), "at least 1"),
        (lambda: FaultRule(faults.Drop(), probability=0), "probability"),
        (lambda: FaultRule(faults.Drop(), probability=1.1), "probability"),
        (lambda: FaultRule(faults.Drop(), probability=float("nan")), "probability"),
        (lambda: FaultRule(faults.Drop(), seed=-1), "seed"),
        (lambda: Only(address="localhost"), "IP address"),
        (lambda: Only(headers={"Authorization": "Bearer canary"}), "authorization"),
        (lambda: Only(headers={"a b": "c"}), "header name"),
        (lambda: faults.Answer(99), "status"),
        (lambda: faults.Answer(200, {"Content-Length": "5"}), "Content-Length"),
        (lambda: faults.Answer(200, {"x": "canary\r\n"}), "line breaks"),
        (lambda: faults.Answer(200, retry_after=-1), "retry_after"),
        (lambda: faults.Redirect("http://x/\n"), "url"),
        (lambda: faults.Redirect("/", status=200), "status"),
        (lambda: faults.Delay(-1), "seconds"),
        (lambda: faults.Drip(float("inf")), "seconds"),
        (lambda: faults.Truncate(-1), "keep"),
        (lambda: faults.Alter({"a": float("nan")}), "JSON"),
        (lambda: faults.GzipBomb(10**10), "size"),
    ],
    ids=itertools.count(),
)
def test_impossible_values(build: Callable[[], object], expected: str) -> None:
    """An impossible fault is refused when it is built, and no header value is quoted."""
    with pytest.raises(ValueError, match=expected) as caught:
        build()

    assert "canary" not in str(caught.value)


def test_deeply_frozen() -> None:
    """A fault does not change with the mapping that it was built from."""
    headers: dict[str, str] = {"a": "1"}
    fault, only = faults.Answer(200, headers), Only(headers=headers)
    headers["a"] = "2"

    seen: list[Mapping[str, str]] = [fault.headers, only.headers]
    assert [{"a": "1"}] * 2 == seen


async def test_concurrent_requests_share_a_number(api: Api, sandbox: Sandbox) -> None:
    """Of many concurrent requests, exactly `times` meet the fault."""
    sandbox.inject(faults.Answer(503), endpoint=TOKEN, times=20)
    answers = await asyncio.gather(*(api.token() for _ in range(50)))

    assert 20 == [answer.status for answer in answers].count(503)
