"""A short run of the ledger's driver, for the tests."""

from contextlib import AbstractContextManager

from .driver import Plan, drive
from .drives import Drive

__all__ = ["check_that_books_and_journal_agree"]

_OPERATIONS = 60


async def check_that_books_and_journal_agree(journal: AbstractContextManager[Drive]) -> None:
    """Run some operations over a journal, and check every rule."""
    with journal as there:
        books = await drive(Plan(there, operations=_OPERATIONS, workers=2, kills=1))

    assert [] == books.violations
    assert _OPERATIONS == sum(books.phases.values())
    assert {"done", "OutcomeUnknown", "replayed"} <= books.outcomes.keys()
    if None in there.steps:  # it has forgotten captures, which a person has entered
        assert books.lost
        assert "JournalForgot" in books.outcomes
