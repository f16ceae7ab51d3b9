"""Processes capture money under faults and kills; then the bank's books and the journal agree."""

import pytest

from ..ledger.drives import DRIVES
from ..ledger.short_run import check_that_books_and_journal_agree


@pytest.mark.parametrize("name", ["file", "valkey", "sentinel"])
async def test_the_books_agree_with_the_journal(name: str) -> None:
    """
    Nothing moves twice, everything that moved is in the journal, and nothing else is.

    `nox -s ledger` does the same with any number of operations, and over the other journals.
    """
    await check_that_books_and_journal_agree(DRIVES[name]())
