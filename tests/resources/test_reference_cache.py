"""The reference cache: fresh, shared, stale while the API is down, with any cache."""

import asyncio
import gc
import logging
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from decimal import Decimal
from typing import Any

import pytest
from aiocache import SimpleMemoryCache
from aiocache.serializers import JsonSerializer, StringSerializer

from flexiti_async import errors
from flexiti_async.api.reference import I18nMethod, ReferenceData, i18n, terms_and_conditions
from flexiti_async.config.options import Cache
from flexiti_async.errors import ApiError, Conflict, RequestTimeout, ServerError
from flexiti_async.protocol.call import Call
from flexiti_async.resources import Reference
from flexiti_async.resources.reference_cache import ReferenceCache
from flexiti_async.testing import ManualClock
from flexiti_async.transport.reference_id import ReferenceId

MakeCache = Callable[..., ReferenceCache]
TTL = 600.0
ENGLISH, FRENCH = i18n(), i18n(lang="fr")


class Api:
    """An API that answers with the number of the request, or fails."""

    def __init__(self) -> None:
        self.calls: list[Call[ReferenceData]] = []
        self.error: Exception | None = None
        self.gate = asyncio.Event()
        self.gate.set()

    async def fetch(self, call: Call[ReferenceData]) -> ReferenceData:
        """Answer one request."""
        self.calls.append(call)
        number = len(self.calls)
        await self.gate.wait()
        if self.error is not None:
            raise self.error
        return ReferenceData({"request": number, "rate": Decimal("0.10")})

    async def send(self, call: Call[Any], *, reference_id: ReferenceId | None = None) -> Any:  # noqa: ANN401 - any answer
        """Answer one request, like a session."""
        assert reference_id is None
        return await self.fetch(call)


class Broken(SimpleMemoryCache):
    """A cache that is down."""

    async def get(self, *_: object, **__: object) -> str | None:
        """Fail like a client, with an address in the text."""
        msg = "redis://user:canary@host"
        raise ConnectionError(msg)

    set = get


class Hanging(SimpleMemoryCache):
    """A cache that does not answer."""

    async def get(self, *_: object, **__: object) -> str | None:
        """Wait for ever."""
        await asyncio.Event().wait()
        return None

    set = get


@pytest.fixture
def api() -> Api:
    """Return an API."""
    return Api()


@pytest.fixture
def make(clock: ManualClock) -> MakeCache:
    """Return a factory of reference caches with the test's clock."""

    def make(cache: Cache | None = None, **options: Any) -> ReferenceCache:
        given: dict[str, Any] = {"place": "shop", "ttl": TTL, "clock": clock, **options}
        return ReferenceCache(cache, **given)

    return make


@pytest.fixture(params=["own", "memory", "json", "string"])
async def cache(request: pytest.FixtureRequest) -> AsyncIterator[SimpleMemoryCache | None]:
    """Return no cache, or one of several kinds."""
    serializers = {"json": JsonSerializer, "string": StringSerializer}
    if request.param == "own":
        yield None
    elif request.param == "memory":
        yield SimpleMemoryCache()
    else:
        yield SimpleMemoryCache(serializer=serializers[request.param](), namespace="shop:")


async def test_fresh_answers(
    api: Api, make: MakeCache, clock: ManualClock, cache: Cache | None
) -> None:
    """A fresh answer is requested once, and is exact; an expired one is requested again."""
    kept = make(cache)
    first = await kept.answer(ENGLISH, api.fetch)
    clock.advance(TTL - 1)
    second = await kept.answer(ENGLISH, api.fetch)
    clock.advance(1)
    third = await kept.answer(ENGLISH, api.fetch)

    assert ReferenceData({"request": 1, "rate": Decimal("0.10")}) == first == second
    assert 2 == third.fields["request"] == len(api.calls)


@pytest.mark.parametrize(
    "call",
    [
        FRENCH,
        i18n("province"),
        i18n(method="get"),
        i18n().at_version("v2.6"),
        i18n(query={"province": "ON"}),
        terms_and_conditions(),
    ],
    ids=["language", "key", "method", "version", "query", "endpoint"],
)
async def test_what_sets_answers_apart(
    api: Api, make: MakeCache, call: Call[ReferenceData]
) -> None:
    """Each language, key, method, version, query and endpoint has its own answer."""
    kept = make()
    one, other = await kept.answer(ENGLISH, api.fetch), await kept.answer(call, api.fetch)

    assert one != other
    assert other == await kept.answer(call, api.fetch)
    assert 2 == len(api.calls)


async def test_places_are_apart(api: Api, make: MakeCache) -> None:
    """Two shops in one cache do not see each other's answers; two processes of one do."""
    shared = SimpleMemoryCache()
    places = [make(shared, place=place) for place in ("a", "b", "a")]
    answers = [await kept.answer(ENGLISH, api.fetch) for kept in places]

    assert answers[0] != answers[1]
    assert answers[0] == answers[2]


async def test_answers_are_independent(api: Api, make: MakeCache) -> None:
    """A caller's changes to an answer do not reach the next caller."""
    kept = make()
    await kept.answer(ENGLISH, api.fetch)
    spoilt: Any = (await kept.answer(ENGLISH, api.fetch)).content
    spoilt.clear()

    assert 1 == (await kept.answer(ENGLISH, api.fetch)).fields["request"]


async def test_concurrent_callers_share_one_request(api: Api, make: MakeCache) -> None:
    """A hundred concurrent callers share one request for each language."""
    kept = make()
    api.gate.clear()
    asked = [asyncio.create_task(kept.answer(call, api.fetch)) for call in (ENGLISH, FRENCH) * 50]
    while len(api.calls) < 2:
        await asyncio.sleep(0)
    api.gate.set()
    answers = await asyncio.gather(*asked)

    assert 2 == len(api.calls)
    assert 50 == sum(answer == answers[0] for answer in answers)


async def test_cancelled_callers_do_not_cancel_the_request(api: Api, make: MakeCache) -> None:
    """If the first caller is cancelled, the others get the answer of the same request."""
    kept = make()
    api.gate.clear()
    first, second = (asyncio.create_task(kept.answer(ENGLISH, api.fetch)) for _ in range(2))
    while not api.calls:
        await asyncio.sleep(0)
    first.cancel()
    await asyncio.wait([first])
    api.gate.set()

    assert 1 == (await second).fields["request"]
    assert first.cancelled()


async def test_failures_without_waiters(
    api: Api, make: MakeCache, caplog: pytest.LogCaptureFixture
) -> None:
    """If all callers were cancelled, a failure is not logged."""
    kept = make()
    api.gate.clear()
    api.error = RequestTimeout("x")
    asked = asyncio.create_task(kept.answer(ENGLISH, api.fetch))
    while not api.calls:
        await asyncio.sleep(0)
    (flight,) = (task for task in asyncio.all_tasks() if "i18n" in task.get_name())
    asked.cancel()
    api.gate.set()
    await asyncio.wait([asked, flight])
    del asked, flight
    gc.collect()

    assert [] == caplog.records


DOWN = [
    RequestTimeout("x"),
    ServerError("x", status=503),
    errors.Throttled("x", status=429),
    errors.MalformedAnswer("x", status=302),
    errors.TokenUnavailable("x"),
    errors.TokenThrottled("x"),
]


@pytest.mark.parametrize("error", DOWN, ids=lambda error: type(error).__name__)
async def test_stale_answers_while_the_api_is_down(
    api: Api,
    make: MakeCache,
    clock: ManualClock,
    caplog: pytest.LogCaptureFixture,
    error: Exception,
) -> None:
    """While the API is down, the stale answer is served with one warning and one request."""
    kept = make()
    await kept.answer(ENGLISH, api.fetch)
    clock.advance(10 * TTL)
    api.error = error
    with caplog.at_level(logging.WARNING, "flexiti_async.cache"):
        old = [await kept.answer(ENGLISH, api.fetch) for _ in range(3)]

    assert [1, 1, 1] == [answer.fields["request"] for answer in old]
    assert 2 == len(api.calls)
    assert [
        f"i18n: the API is down ({type(error).__name__}), serving an answer from 6000 s ago"
    ] == [record.getMessage() for record in caplog.records]


async def test_after_the_outage(api: Api, make: MakeCache, clock: ManualClock) -> None:
    """After half a minute the API is called again, and its new answer is cached."""
    kept = make()
    await kept.answer(ENGLISH, api.fetch)
    clock.advance(TTL)
    api.error = DOWN[0]
    await kept.answer(ENGLISH, api.fetch)
    api.error = None
    clock.advance(29)
    still = await kept.answer(ENGLISH, api.fetch)
    clock.advance(1)
    new = await kept.answer(ENGLISH, api.fetch)

    assert (1, 3) == (still.fields["request"], new.fields["request"])
    assert new == await kept.answer(ENGLISH, api.fetch)


@pytest.mark.parametrize(
    "error", [*DOWN, Conflict("x", status=409)], ids=lambda e: type(e).__name__
)
async def test_nothing_cached(api: Api, make: MakeCache, error: Exception) -> None:
    """Without a cached answer all callers get the error of one request."""
    kept = make()
    api.error = error
    asked = await asyncio.gather(
        *(kept.answer(ENGLISH, api.fetch) for _ in range(3)), return_exceptions=True
    )

    assert [error] * 3 == asked
    assert 1 == len(api.calls)


async def test_business_errors_are_raised(api: Api, make: MakeCache, clock: ManualClock) -> None:
    """A business error is raised, not replaced by the stale answer."""
    kept = make()
    await kept.answer(ENGLISH, api.fetch)
    clock.advance(TTL)
    api.error = Conflict("x", status=409)
    with pytest.raises(ApiError):
        await kept.answer(ENGLISH, api.fetch)


@pytest.mark.parametrize("kind", [Broken, Hanging])
async def test_caches_that_fail(
    api: Api, make: MakeCache, caplog: pytest.LogCaptureFixture, kind: type[SimpleMemoryCache]
) -> None:
    """A cache that is down or hangs counts as empty; the log says so without its secrets."""
    kept = make(kind(), timeout=0.01)
    with caplog.at_level(logging.WARNING, "flexiti_async.cache"):
        answers = [await kept.answer(ENGLISH, api.fetch) for _ in range(2)]
    logged = [record.getMessage().split(":")[0] for record in caplog.records]

    assert [1, 2] == [answer.fields["request"] for answer in answers]
    assert ["could not read the reference cache"] == logged  # one state, one line
    assert "canary" not in caplog.text


@pytest.mark.parametrize(
    "stored",
    [
        "not JSON",
        "{}",
        "[]",
        "[1, 2]",
        "[2, 1800000000, {}]",
        '[1, "x", {}]',
        "[1, 1800000000.5, {}]",
        b"\xff",
        5,
        ["x"],
    ],
    ids=repr,
)
async def test_foreign_entries(api: Api, make: MakeCache, stored: object) -> None:
    """Entries that this release did not write count as missing."""
    shared = SimpleMemoryCache()
    kept = make(shared)
    await kept.answer(ENGLISH, api.fetch)
    entries: dict[str, object] = vars(shared)["_cache"]
    entries.update(dict.fromkeys(entries, stored))
    answer = await kept.answer(ENGLISH, api.fetch)

    assert 2 == answer.fields["request"]
    assert answer == await kept.answer(ENGLISH, api.fetch)


async def test_clocks_that_go_back(api: Api, make: MakeCache, clock: ManualClock) -> None:
    """An answer from the future counts as expired: a wrong clock cannot keep it for ever."""
    kept = make()
    await kept.answer(ENGLISH, api.fetch)
    clock.jump(-1000)

    assert 2 == (await kept.answer(ENGLISH, api.fetch)).fields["request"]


def test_several_event_loops(api: Api, make: MakeCache, clock: ManualClock) -> None:
    """An answer is cached, and expires, across event loops."""
    kept = make()
    numbers: list[object] = []
    for seconds in (0, TTL - 1, 1, 0):
        clock.advance(seconds)
        answer = asyncio.run(kept.answer(ENGLISH, api.fetch))
        numbers.append(answer.fields["request"])

    assert [1, 1, 2, 2] == numbers


@pytest.mark.parametrize(
    ("ttl", "expected"), [(1.0, 86_400), (7 * 86_400.0, 30 * 86_400), (7200.0, 172_800)]
)
async def test_time_to_live(api: Api, make: MakeCache, ttl: float, expected: float) -> None:
    """The time to live in a shop's cache is 24 times `ttl`, at least a day and at most 30."""
    shared = SimpleMemoryCache()
    await make(shared, ttl=ttl).answer(ENGLISH, api.fetch)
    (timer,) = vars(shared)["_handlers"].values()
    timer.cancel()

    assert expected == pytest.approx(timer.when() - asyncio.get_running_loop().time(), abs=5)


async def test_reference(api: Api, make: MakeCache) -> None:
    """The group caches form values and terms per language, and uses its HTTP method."""
    reference = Reference(api.send, make(), i18n_method=I18nMethod.GET)
    asked = [
        await reference.form_values(lang="fr"),
        await reference.form_values(lang="fr"),
        await reference.form_values("province"),
        await reference.terms(),
        await reference.terms(lang="en"),
        await reference.information(),
        await reference.information(),
    ]

    assert [1, 1, 2, 3, 3, 4, 5] == [answer.fields["request"] for answer in asked]
    assert ["GET", "GET", "GET", "POST", "POST"] == [call.method for call in api.calls]


def test_imported_when_used() -> None:
    """Only form values and terms import aiocache."""
    program = (
        "import sys, flexiti_async.resources.reference_cache; sys.exit('aiocache' in sys.modules)"
    )

    assert 0 == subprocess.run([sys.executable, "-P", "-c", program], check=False).returncode
