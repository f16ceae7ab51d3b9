"""Authorizations and captures, by id and in pages (spec section 5.12)."""

import pytest

from flexiti_async.sandbox import Sandbox

from .shop import ACCOUNT, REGULAR, Shop

DAY = 86_400


@pytest.fixture
async def three(shop: Shop, sandbox: Sandbox) -> list[int]:
    """Authorize three purchases, the second two days later, and capture of the last."""
    first = await shop.authorized(1)
    sandbox.advance(2 * DAY)
    shop.customer = await shop.api.access_token()
    shop.merchant = await shop.api.access_token("merchant")
    second = await shop.authorized(2, account_number=10000002)
    third, _ = await shop.captured(3, financing_option=REGULAR)
    return [first, second, third]


async def test_by_id(shop: Shop) -> None:
    """An authorization contains its captures."""
    authorization_id = await shop.authorized(10)
    for amount in (1, 2):
        await shop.post(f"authorization/{authorization_id}/capture", {"amount": amount})
    body = (await shop.get(f"authorization/{authorization_id}", "?lang=fr")).body

    assert ("opened", 10, 7) == (
        body["authorization_status"],
        body["amount"],
        body["remaining_authorization_amount"],
    )
    assert [(100000001, 1), (100000002, 2)] == [
        (each["capture_id"], each["amount"]) for each in body["captures"]
    ]


@pytest.mark.parametrize("authorization_id", ["77", "x", "1" * 17])
async def test_by_unknown_id(shop: Shop, authorization_id: str) -> None:
    """An unknown id is a 404."""
    assert (404, "not_found") == (await shop.get(f"authorization/{authorization_id}")).refusal


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ("", [0, 1, 2]),
        (f"?account_number={ACCOUNT}", [0, 2]),
        ("?transaction_type=regular_purchase", [2]),
        ("?authorization_status=opened", [0, 1]),
        ("?authorization_status=closed", [2]),
        ("?creation_date_from=2027-01-16", [1, 2]),
        ("?creation_date_to=2027-01-16", [0]),
        ("?creation_date_from=2027-01-15&creation_date_to=2027-01-17", [0, 1, 2]),
        ("?page_size=2", [0, 1]),
        ("?page_size=2&page_number=2", [2]),
        ("?page_size=2&page_number=3", []),
    ],
)
async def test_filters_and_pages(
    shop: Shop, three: list[int], query: str, wanted: list[int]
) -> None:
    """Each filter and each page returns its rows, the oldest first."""
    body = (await shop.get("authorizations", query)).body

    assert [three[each] for each in wanted] == [
        row["authorization_id"] for row in body["authorizations"]
    ]


async def test_total(shop: Shop, three: list[int]) -> None:
    """The answer contains the total number of rows."""
    body = (await shop.get("authorizations", "?page_size=1")).body

    assert (1, 1, len(three)) == (body["page_number"], body["page_size"], body["total_count"])


async def test_captures(shop: Shop, three: list[int]) -> None:
    """Captures are listed by account, by authorization and by day."""
    queries = ["", f"?authorization_id={three[2]}", f"?authorization_id={three[0]}"]
    queries += ["?account_number=10000002", "?creation_date_to=2027-01-16"]
    lengths = [len((await shop.get("captures", query)).body["captures"]) for query in queries]

    assert [1, 1, 0, 0, 0] == lengths


@pytest.mark.parametrize(
    "query",
    [
        "?page_size=101",
        "?page_number=0",
        "?page_number=x",
        "?authorization_status=lost",
        "?creation_date_from=2027-1-1",
        "?creation_date_from=2027-01-02&creation_date_to=2027-01-01",
        "?colour=blue",
    ],
)
async def test_wrong_queries(shop: Shop, query: str) -> None:
    """An invalid filter is refused."""
    assert (409, "wrong_inputs") == (await shop.get("authorizations", query)).refusal
