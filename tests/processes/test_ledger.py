"""Processes capture money under faults and kills; then the bank's books and the journal agree."""

import uuid
from pathlib import Path

import pytest

from ..ledger.driver import Plan, drive
from ..stores.servers import Server


@pytest.mark.parametrize("store", ["file", "redis"])
async def test_the_books_agree_with_the_journal(store: str, valkey: Server, tmp_path: Path) -> None:
    """
    Nothing moves twice, everything that moved is in the journal, and nothing else is.

    `python -m tests.ledger --store URL` does the same with any store and any number of operations.
    """
    urls = {
        "file": f"{tmp_path.as_uri()}/journal?timeout=60",
        "redis": f"{valkey.url}&prefix={uuid.uuid4().hex}",
    }
    books = await drive(Plan(urls[store], operations=200, workers=3, kills=2))

    assert [] == books.violations
    assert 200 == sum(books.phases.values())
    assert {"done", "OutcomeUnknown", "replayed"} <= books.outcomes.keys()
