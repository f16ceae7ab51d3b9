"""A `min_ttl` that is not a number of seconds fails its own call, and no other."""

import asyncio
from typing import Any, cast

import pytest

from flexiti_async import FlexitiSession, ValidationError
from flexiti_async.protocol.token import Token
from flexiti_async.sandbox import Sandbox

from ..conftest import MakeSession

WRONG: list[Any] = ["300", "", float("nan"), float("inf"), -1, -0.5, True, False, [], 10**400]


@pytest.mark.parametrize("wrong", WRONG, ids=range(len(WRONG)))
@pytest.mark.parametrize("warm", [False, True])
async def test_only_the_culprit_fails(
    make_session: MakeSession, sandbox: Sandbox, wrong: object, *, warm: bool
) -> None:
    """The other calls of its session, and of another one on the same store, get their token."""
    one, other = make_session(), make_session()
    if warm:
        await one.token()
    culprit, *rest = await asyncio.gather(
        one.token(min_ttl=cast("float", wrong)),
        one.token(),
        one.checkout("order-1"),
        other.token(),
        other.checkout("order-2"),
        return_exceptions=True,
    )

    assert isinstance(culprit, ValidationError)
    assert ["min_ttl"] == [fault.param for fault in culprit.field_errors]
    assert [] == [type(result) for result in rest if isinstance(result, BaseException)]
    assert 1 == sandbox.count("oauth/token")


@pytest.mark.parametrize("wrong", [*WRONG, 0], ids=range(len(WRONG) + 1))
async def test_a_flow_ttl_is_checked_before_anything_is_sent(
    session: FlexitiSession, sandbox: Sandbox, wrong: object
) -> None:
    """A checkout that is not for any time is no checkout."""
    for start in (session.checkout, session.in_store_checkout):
        with pytest.raises(ValidationError) as caught:
            await start("order-1", flow_ttl=cast("float", wrong))

        assert ["flow_ttl"] == [fault.param for fault in caught.value.field_errors]
    assert 0 == sandbox.count("oauth/token")


@pytest.mark.parametrize("right", [0, 0.0, 300, 300.5, None])
async def test_numbers_are_accepted(session: FlexitiSession, right: float | None) -> None:
    """Whole numbers and fractions are seconds; None is half of a lifetime."""
    assert isinstance(await session.token(min_ttl=right), Token)
