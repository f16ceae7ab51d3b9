"""Warnings about states: begin, one a minute, end, and three lines a minute in all."""

import logging

import pytest

from flexiti_async.events.states import Line, State, States

LOG = logging.getLogger("test")


def line(text: str = "no %s", *args: object, **extra: object) -> Line:
    """Return a line about one failure."""
    return Line(LOG, logging.WARNING, text, args or ("answer",), extra)


def texts(lines: list[Line]) -> list[str]:
    """Return the texts of lines."""
    return [one.text % one.args for one in lines]


def test_a_state_begins_lasts_and_ends() -> None:
    """One line when it begins, one a minute with a count, one when it ends."""
    states = States()
    written = [(0, text) for text in texts(states.failed(State.CALLS, line(), 0.0))]
    for second in range(1, 150):
        written += [(second, text) for text in texts(states.failed(State.CALLS, line(), second))]
    for second in range(150, 200):
        written += [(second, text) for text in texts(states.succeeded(State.CALLS, second))]

    rest = "60 of them in the last 60 s; the last: no answer"
    assert [
        (0, "no answer"),
        (
            60,
            f"calls still fail for 60 s, failures: 61, {rest}",
        ),
        (
            120,
            f"calls still fail for 120 s, failures: 121, {rest}",
        ),
        (159, "calls succeed again after 159 s, failures: 150; the last: no answer"),
    ] == written
    assert not states.any


def test_an_end_without_another_failure_repeats_nothing() -> None:
    """A failure that has its line is not repeated."""
    states = States()
    states.failed(State.CALLS, line(), 0.0)

    assert [] == states.succeeded(State.CALLS, 9.9)
    assert ["calls succeed again after 300 s, failures: 1"] == texts(states.passed(300.0))


def test_successes_between_failures_end_nothing() -> None:
    """A state lasts while failures are less than ten seconds apart."""
    states, count = States(), 0
    for tenth in range(6000):
        at = tenth / 10
        count += len(states.failed(State.CALLS, line(), at))
        count += len(states.succeeded(State.CALLS, at))

    assert 10 == count
    assert states.any


@pytest.mark.parametrize("apart", [0.7, 7.0, 11.0, 19.0, 61.0])
def test_three_lines_a_minute_whatever_fails(apart: float) -> None:
    """All states together write at most three lines in any minute, and nothing grows."""
    states, at = States(), 0.0
    times: list[float] = []
    while at < 1000:
        for state in State:
            times += [at] * len(states.failed(state, line(f"{at}"), at))
        at += apart
        for state in State:
            times += [at] * len(states.succeeded(state, at))
        at += apart

    assert 10 < len(times)
    assert 3 >= max(sum(0 <= other - one < 60 for other in times) for one in times)
    assert len(State) >= len(vars(states)["_episodes"])
    assert 3 >= len(vars(states)["_written"])


def test_a_line_without_room_is_written_later_with_its_count() -> None:
    """A state that begins while the minute is full is announced as soon as there is room."""
    states = States()
    for at, state in enumerate((State.CALLS, State.TOKENS, State.STORE)):
        assert 1 == len(states.failed(state, line(), float(at)))

    assert [] == states.failed(State.JOURNAL, line("no %s", "journal"), 10.0)
    assert [] == states.failed(State.JOURNAL, line("no %s", "journal"), 20.0)
    assert ["no journal (failures: 2 in 50 s)"] == texts(states.passed(60.0))


def test_a_state_that_ends_before_there_is_room_is_written() -> None:
    """One that begins and ends while the minute is full has one line, at its end."""
    states = States()
    for at, state in enumerate((State.CALLS, State.TOKENS, State.STORE)):
        states.failed(state, line(), float(at))
    states.failed(State.JOURNAL, line("no %s", "journal"), 10.0)
    states.succeeded(State.JOURNAL, 30.0)

    assert "the journal works again after 50 s, failures: 1; the last: no journal" in texts(
        states.passed(60.0)
    )


def test_a_holder_reports_the_end() -> None:
    """A store that is down stays down until each one that reported it reports its end."""
    states = States()
    states.failed(State.STORE, line(), 0.0, holder="a")
    states.failed(State.STORE, line(), 1.0, holder="b")

    assert 1 == len(states.passed(600.0))  # still
    assert [] == states.ended(State.STORE, "a", 601.0)
    assert ["token store available again after 602 s, failures: 2"] == texts(
        states.ended(State.STORE, "b", 602.0)
    )
    assert [] == states.ended(State.STORE, "b", 603.0)


def test_a_success_ends_what_a_holder_reported() -> None:
    """A store in which checkouts are saved is not down, though no token was due meanwhile."""
    states = States()
    states.failed(State.STORE, line(), 0.0, holder="a")

    assert ["token store available again after 30 s, failures: 1"] == texts(
        states.succeeded(State.STORE, 30.0)
    )
    assert [] == states.ended(State.STORE, "a", 40.0)


def test_a_state_without_a_success_ends_after_a_quiet_minute() -> None:
    """Rejected tokens show no success: their state ends with a minute without one."""
    states = States()
    states.failed(State.REJECTED, line(), 0.0)

    assert [] == states.passed(59.0)
    assert ["the API rejects no more tokens after 60 s, failures: 1"] == texts(states.passed(60.0))


def test_retries_end_without_a_line() -> None:
    """That calls succeed at once again needs no line."""
    states = States()
    states.failed(State.RETRIES, line(), 0.0)

    assert [] == states.succeeded(State.RETRIES, 30.0)
    assert not states.any


def test_the_attributes_of_a_line() -> None:
    """Lines have the attributes of the newest failure, and how long the state lasts."""
    states = States()
    states.failed(State.CALLS, line(flexiti_reference_id="a"), 0.0)
    [still] = states.failed(State.CALLS, line(flexiti_reference_id="b"), 60.0)

    assert {
        "flexiti_reference_id": "b",
        "flexiti_state": "calls",
        "flexiti_state_seconds": 60.0,
        "flexiti_failures": 2,
    } == still.extra
