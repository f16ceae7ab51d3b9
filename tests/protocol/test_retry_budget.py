"""Repeats are a share of the calls of the last minute."""

from flexiti_async.protocol.retry_budget import RetryBudget


def _taken(budget: RetryBudget, now: float, tries: int = 1000) -> int:
    return sum(budget.take(now) for _ in range(tries))


def test_a_session_with_few_calls_may_repeat_ten_times_a_minute() -> None:
    """Single faults are repeated, also without any other call in that minute."""
    budget = RetryBudget(20)

    assert _taken(budget, 5.5) == 10
    assert _taken(budget, 65.4) == 0
    assert _taken(budget, 66.0) == 10


def test_a_broken_connection_that_was_kept_is_replaced_without_being_counted() -> None:
    """Once for each connection that answers can have left, however many break at once."""
    budget = RetryBudget(20)
    for _ in range(500):
        budget.note_kept()

    assert sum(budget.take(5.0, kept=True) for _ in range(100)) == 20 + 10


def test_each_answer_leaves_one_connection() -> None:
    """Fewer answers than connections: no more are replaced without being counted."""
    budget = RetryBudget(20)
    for _ in range(7):
        budget.note_kept()

    assert sum(budget.take(5.0, kept=True) for _ in range(100)) == 7 + 10


def test_repeats_are_a_tenth_of_the_calls_of_the_last_minute() -> None:
    """However many callers fail in an outage, the API gets a tenth more requests."""
    budget = RetryBudget(20)
    for tenth in range(6000):
        budget.note_call(100.0 + tenth / 100)

    assert _taken(budget, 159.99) == 600
    # The calls of the first half are forgotten, the repeats are not.
    assert _taken(budget, 190.0) == 0
    for _ in range(5000):
        budget.note_call(190.0)
    assert _taken(budget, 190.5) == 190
