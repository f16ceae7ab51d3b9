"""The support id of a problem: the customer reads it out, and the log is searched for it."""

import json
import logging
import re
from collections.abc import Awaitable, Callable
from typing import Any, cast

import pytest
from aiohttp.test_utils import TestClient as AiohttpClient
from aiohttp.test_utils import TestServer
from django.test import AsyncClient
from fastapi.testclient import TestClient as FastApiClient
from litestar import Litestar
from litestar.testing import TestClient as LitestarClient
from quart import Quart
from starlette.testclient import TestClient as StarletteClient

from flexiti_async import FlexitiConfig
from flexiti_async.errors import FlexitiError, OutcomeUnknown, ServerError
from flexiti_async.integrations import django
from flexiti_async.integrations.problems import INSTANCE_PREFIX, problem_of
from flexiti_async.integrations.serving import open_session

from .apps import (
    NO_CHECKOUT,
    in_aiohttp,
    in_django,
    in_fastapi,
    in_litestar,
    in_quart,
    in_starlette,
)

ID = re.compile(INSTANCE_PREFIX + r"([0-9A-HJKMNP-TV-Z]{10})", re.ASCII)


async def by_aiohttp(config: FlexitiConfig) -> bytes:
    """Post with aiohttp's client."""
    async with AiohttpClient(TestServer(in_aiohttp(config))) as client:
        return await (await client.post("/refuse")).read()


async def by_starlette(config: FlexitiConfig) -> bytes:
    """Post with Starlette's client."""
    with StarletteClient(cast("Any", in_starlette(config))) as client:
        return client.post("/refuse").content


async def by_fastapi(config: FlexitiConfig) -> bytes:
    """Post with FastAPI's client."""
    with FastApiClient(cast("Any", in_fastapi(config))) as client:
        return client.post("/refuse").content


async def by_litestar(config: FlexitiConfig) -> bytes:
    """Post with Litestar's client."""
    with LitestarClient(cast("Litestar", in_litestar(config))) as client:
        return client.post("/refuse").content


async def by_quart(config: FlexitiConfig) -> bytes:
    """Post with Quart's client."""
    async with cast("Quart", in_quart(config)).test_app() as app:
        answer = await app.test_client().post("/refuse")
        return await answer.get_data(as_text=False)


async def by_django(config: FlexitiConfig) -> bytes:
    """Post with Django's client."""
    in_django(config)
    async with open_session(config) as session:
        with django.override_session(session):
            return (await AsyncClient().post("/refuse")).content


@pytest.mark.parametrize(
    "post", [by_aiohttp, by_starlette, by_fastapi, by_litestar, by_quart, by_django]
)
async def test_a_support_id_is_found_in_the_log(
    post: Callable[[FlexitiConfig], Awaitable[bytes]],
    flexiti_config: FlexitiConfig,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """One line has the id of the answer, with the error and what it is about."""
    with caplog.at_level(logging.INFO, "flexiti_async"):
        problem = json.loads(await post(flexiti_config))

    found = ID.fullmatch(problem["instance"])
    assert found is not None
    [line] = [one for one in caplog.records if found[1] in one.getMessage()]
    assert found[1] == vars(line)["flexiti_support_id"]
    assert (NO_CHECKOUT, "CheckoutNotFound", problem["type"]) == (
        vars(line)["flexiti_reference_id"],
        vars(line)["flexiti_error"],
        vars(line)["flexiti_problem"],
    )
    assert f"reference id {NO_CHECKOUT}" in line.getMessage()
    assert NO_CHECKOUT not in str(problem)


def test_an_unknown_outcome_is_found_by_its_support_id(caplog: pytest.LogCaptureFixture) -> None:
    """The line leads to the operation; the document does not."""
    error = OutcomeUnknown(
        "may or may not have run",
        operation_id="a" * 32,
        kind="authorize",
        idempotency_key="order-9",
        reference_id="f" * 32,
    )
    problem = problem_of(error)

    [line] = [one for one in caplog.records if problem.support_id in one.getMessage()]
    assert logging.WARNING == line.levelno
    for known in ("authorize:order-9", "a" * 32, "f" * 32):
        assert known in line.getMessage()
        assert known not in problem.json().decode()


@pytest.mark.parametrize(
    ("error", "level"),
    [(ServerError("x", status=503), logging.INFO), (FlexitiError("x"), logging.ERROR)],
)
def test_the_level_of_a_problem(
    error: FlexitiError, level: int, caplog: pytest.LogCaptureFixture
) -> None:
    """An outage is a warning already; each customer who meets it is an info."""
    caplog.set_level(logging.INFO, logger="flexiti_async")
    problem = problem_of(error)

    assert [level] == [one.levelno for one in caplog.records if problem.support_id in one.message]


def test_support_ids_differ() -> None:
    """Each occurrence has an id of its own, and problems are compared without it."""
    problems = [problem_of(FlexitiError("x")) for _ in range(100)]

    assert 100 == len({one.support_id for one in problems})
    assert problems[0] == problems[1]
