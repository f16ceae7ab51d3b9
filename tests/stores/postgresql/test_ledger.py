"""As in tests/processes, over PostgreSQL: killed, promoted, emptied, and behind PgBouncer."""

import pytest

from ...ledger.postgresql import DRIVES
from ...ledger.short_run import check_that_books_and_journal_agree


@pytest.mark.parametrize("name", DRIVES)
async def test_the_books_agree_with_the_journal(name: str) -> None:
    """Nothing moves twice, everything that moved is in the journal, and nothing else is."""
    await check_that_books_and_journal_agree(DRIVES[name]())
