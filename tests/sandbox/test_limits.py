"""The limits of the specification's tables, as the sandbox checks them: the second reading."""

from typing import Any
from urllib.parse import urlencode

import pytest

from flexiti_async.protocol.json_codec import decode, encode

from ..support.parameters import ENDPOINTS, Parameter
from ..support.sample_calls import SAMPLES, Sample
from .conftest import Answer, changed
from .shop import Shop

OF_EVERY_CALL = {"authorization", "x-reference-id", "client_id"}
LIMITS = [
    pytest.param(name, sample, row, id=f"{name}-{number}-{row.name}")
    for name, samples in SAMPLES.items()
    for number, sample in enumerate(samples)
    for row in ENDPOINTS[name].parameters
    if row.most is not None and row.name not in OF_EVERY_CALL and sample.has(row.name)
    # The API does not validate the items bought (section 5.14).
    if not row.inferred and not row.in_sku_data
]


async def sent(shop: Shop, name: str, sample: Sample, row: Parameter, value: object) -> Answer:
    """Send the request of a sample with another value of a parameter, past the models."""
    call = sample.call()
    body: Any = None if call.body is None else decode(encode(call.body))
    query, path = dict(call.query), ENDPOINTS[name].path.partition("{client_id}/")[2]
    if row.place == "body":
        body = changed(body, row.name, value)
    elif row.place == "query":
        query[row.name] = str(value)
    else:
        path = path.replace(f"{{{row.name}}}", str(value))
    return await shop.api.call(
        path.format(account_number=10000001, authorizationId=1, captureId=1),
        shop.merchant,
        method=call.method,
        version=call.version,
        query=f"?{urlencode(query)}" if query else "",
        headers={"content-type": "application/json"},
        data=None if body is None else encode(body),
    )


def problem(answer: Answer, row: Parameter) -> str | None:
    """Return the problem of a parameter, None without one."""
    if "field_errors" not in answer.body:
        return None
    return dict(answer.field_errors).get(row.name)


@pytest.mark.parametrize(("name", "sample", "row"), LIMITS)
async def test_limits(shop: Shop, name: str, sample: Sample, row: Parameter) -> None:
    """A value that is longer is refused by the parameter's name, the longest one is not."""
    longer = await sent(shop, name, sample, row, row.too_long)
    if row.place == "path":  # a number of nothing that exists
        assert (404, "not_found") == longer.refusal
        return
    value = row.longest
    longest = None if value is None else await sent(shop, name, sample, row, value)

    assert problem(longer, row) in {"length", "wrong format", "invalid"}
    assert longest is None or problem(longest, row) is None


def test_every_limit_is_tested() -> None:
    """No limit that the specification has is left out."""
    assert len(LIMITS) > 70
