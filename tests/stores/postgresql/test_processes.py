"""The tests of many processes, and of processes that are killed, with PostgreSQL between them."""

import asyncio
import uuid
from collections.abc import Callable

import pytest

from flexiti_stores.postgres.statements import schema

from ...processes.conftest import MakeShop, crew, make_shop, shop
from ...processes.controlled_stores import ControlledPostgresStore, ControlledStore
from ...processes.shop import Shop
from ...processes.test_kills import Round, _expected, _rounds
from .servers import Postgres

__all__ = ["crew", "make_shop", "shop"]

PROCESSES = 16
KILLS_OF_A_SHOP = 20


@pytest.fixture
def new_store(machine: Postgres) -> Callable[[], ControlledStore]:
    """Give a function that makes tables with nothing in them."""

    def make() -> ControlledStore:
        table = f"t{uuid.uuid4().hex}"
        machine.ask(schema(table))
        return ControlledPostgresStore(machine.ask, machine.url, table)

    return make


async def test_16_processes_make_one_request(shop: Shop) -> None:
    """Cold, and when the token has ended."""
    shop.sandbox.latency = {"oauth/token": 0.02}
    await shop.start_workers(PROCESSES)
    cold = await shop.token(20)
    await shop.advance(1200)
    again = await shop.token(20)

    assert 2 == shop.requests()
    assert [(1, 20 * PROCESSES)] * 2 == [(len(one.tokens), one.served) for one in (cold, again)]
    assert shop.all_live(again.tokens)


async def test_200_kills_cost_a_lease_each_and_no_refresh_token(make_shop: MakeShop) -> None:
    """As on the other stores, wherever a process dies."""
    shops = [await make_shop() for _ in range(10)]
    rounds: list[Round] = []
    for half in (shops[:5], shops[5:]):
        done = await asyncio.gather(
            *(_rounds(one, KILLS_OF_A_SHOP * number) for number, one in enumerate(half))
        )
        rounds += [one for of_shop in done for one in of_shop]
    expected = [_expected(number % 100, one) for number, one in enumerate(rounds)]

    assert 200 == len(rounds)
    assert expected == rounds
