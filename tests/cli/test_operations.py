"""`flexiti-async operations …`: an operator's way from an unknown outcome to a recorded one."""

import asyncio
import json
import time

import pytest

from flexiti_async import FlexitiConfig, FlexitiSession
from flexiti_async.errors import OutcomeUnknown
from flexiti_async.sandbox import Sandbox
from flexiti_async.sandbox.faults.kinds import Drop
from flexiti_async.testing import ManualClock

from ..operations.customers import ACCOUNT, purchase
from .conftest import Command

NOT_RUN = Drop(commit=False)


def lose(sandbox: Sandbox, fault: Drop, key: str, *, ago: float = 0.0, journal: str = "") -> str:
    """Have a shop lose the answer of an authorization; return the operation's id."""

    async def shop() -> str:
        config = FlexitiConfig.load(journal=journal or None)
        clock = ManualClock(wall=time.time() - ago)
        async with FlexitiSession(config, clock=clock) as flexiti:
            wanted = await purchase(flexiti, sandbox)
            sandbox.inject(fault, endpoint="authorization")
            with pytest.raises(OutcomeUnknown) as lost:
                await flexiti.authorizations.authorize(wanted, idempotency_key=key)
            return str(lost.value.operation_id)

    return asyncio.run(shop())


@pytest.fixture
def old(sandbox: Sandbox, odd_stores: str) -> str:
    """Name a journal whose entries are an hour old."""
    return f"{odd_stores}Aged?{sandbox.port}"


def test_unknown_outcomes_are_listed_the_oldest_first(command: Command, sandbox: Sandbox) -> None:
    """A line has the id, the name, the amount, the age and the reference id."""
    second, first = lose(sandbox, Drop(), "b"), lose(sandbox, Drop(), "order 9:a", ago=7000)
    ran = command("operations", "list")
    lines = ran.out.splitlines()

    assert (0, "") == (ran.status, ran.err)
    assert f"{first}  authorize:order 9:a  $300.00  7" in lines[0]
    assert second in lines[1]
    assert lines[2].startswith("2 pending operations of http://127.0.0.1")

    young = command("operations", "list", "--older-than", "3600", "--json")
    assert [first] == [one["operation_id"] for one in json.loads(young.out)["operations"]]


def test_an_operation_is_shown_by_id_or_name(command: Command, sandbox: Sandbox) -> None:
    """Both name the same; fields without a value are left out for people."""
    identity = lose(sandbox, Drop(), "order-9")
    by_id, by_name = (
        command("operations", "show", name, "--json") for name in (identity, "authorize:order-9")
    )
    shown = json.loads(by_id.out)

    assert by_id == by_name
    assert ("pending", "300.00", "order-9") == (
        shown["phase"],
        shown["amount"],
        shown["reference"],
    )
    words = command("operations", "show", identity)
    assert "process" in words.out
    assert "capture_id" not in words.out


def test_look_up_and_resolve(command: Command, sandbox: Sandbox) -> None:
    """The number that is found is recorded with a name, and the operation is no longer pending."""
    lose(sandbox, Drop(), "order-9")
    account = ("--account-number", str(ACCOUNT))
    without = command("operations", "look-up", "authorize:order-9")
    found = command("operations", "look-up", "authorize:order-9", *account, "--json")
    [moved] = sandbox.authorizations
    number = str(moved.authorization_id)

    assert (1, True) == (without.status, "pass account_number" in without.err)
    record = "record it: flexiti-async operations resolve authorize:order-9 --executed --by YOU"
    assert {
        "outcome": "found",
        "authorization_id": number,
        "capture_id": None,
        "next": [f"{record} --authorization-id {number}"],
    } == json.loads(found.out)
    resolved = command(
        *("operations", "resolve", "authorize:order-9", "--executed", "--by", "ann"),
        *("--authorization-id", number, "--json"),
    )
    done = json.loads(resolved.out)
    assert ("done", "ann", number) == (
        done["phase"],
        done["resolved_by"],
        done["authorization_id"],
    )
    assert command("operations", "list").out.startswith("0 pending")


def test_a_key_is_freed_once_the_request_cannot_be_executed_any_more(
    command: Command, sandbox: Sandbox, old: str
) -> None:
    """Before, the error says how long to wait."""
    lose(sandbox, NOT_RUN, "order-9", ago=3600, journal=old)
    lose(sandbox, NOT_RUN, "order-10", journal=old)
    words = ("--not-executed", "--by", "ann", "--journal", old)
    missing = command(
        *("operations", "look-up", "authorize:order-9", "--journal", old),
        *("--account-number", str(ACCOUNT)),
    )
    freed = command("operations", "resolve", "authorize:order-9", *words, "--json")
    early = command("operations", "resolve", "authorize:order-10", *words)

    assert (0, True) == (missing.status, "not found" in missing.out)
    assert "resolve authorize:order-9 --not-executed --by YOU" in missing.out
    assert ("free", ["Resolved"]) == (
        json.loads(freed.out)["phase"],
        [one.split()[-1] for one in json.loads(freed.out)["refusals"]],
    )
    assert 1 == early.status
    assert "wait 2" in early.err


@pytest.mark.parametrize(
    ("words", "status", "line"),
    [
        (("show", "0" * 32), 1, "no such operation"),
        (("show", "capture:order-9"), 1, "no such operation"),
        (("look-up", "0" * 32), 1, "no such operation"),
        (("show", "order-9"), 2, "kind:key"),
        (("show", "other:order-9"), 2, "kind:key"),
        (("show", "x" * 32), 2, "32 hex digits"),
        (("resolve", "0" * 32, "--executed", "--by", " "), 2, "by"),
        (("resolve", "0" * 32, "--by", "ann"), 2, "--executed"),
        (
            ("resolve", "0" * 32, "--executed", "--by", "ann", "--capture-id", "x"),
            2,
            "capture_id",
        ),
        (("list", "--older-than", "soon"), 2, "older-than"),
    ],
)
@pytest.mark.usefixtures("sandbox")
def test_errors_are_lines(command: Command, words: tuple[str, ...], status: int, line: str) -> None:
    """Each says what is wrong; the exit status is 2 for a wrong command line."""
    ran = command("operations", *words)

    assert (status, "") == (ran.status, ran.out)
    assert ran.err.startswith("error: ")
    assert line in ran.err
    assert "unexpected" not in ran.err


def test_a_journal_that_is_down_is_a_line(
    command: Command, sandbox: Sandbox, odd_stores: str
) -> None:
    """The text of a foreign error is not shown."""
    del sandbox
    ran = command("operations", "show", "0" * 32, "--journal", f"{odd_stores}Down")

    assert (1, "") == (ran.status, ran.out)
    assert ran.err.startswith("error: the store failed to load")


def test_an_operation_says_what_to_do_next(command: Command, sandbox: Sandbox) -> None:
    """While it may be made: wait. Then: look it up and resolve it. Once it is known: nothing."""
    lose(sandbox, Drop(), "young")
    lose(sandbox, Drop(), "order 9", ago=7000)
    young, old = (
        json.loads(command("operations", "show", name, "--json").out)["next"]
        for name in ("authorize:young", "authorize:order 9")
    )
    words = command("operations", "show", "authorize:order 9").out

    assert ("wait until 2", "then look again: flexiti-async operations show authorize:young") == (
        young[0][:12],
        young[1],
    )
    assert [
        (
            "find out: flexiti-async operations look-up 'authorize:order 9' --account-number N "
            "(the customer's account)"
        ),
        (
            "if it ran: flexiti-async operations resolve 'authorize:order 9' --executed --by YOU "
            "--authorization-id N"
        ),
        "if not: flexiti-async operations resolve 'authorize:order 9' --not-executed --by YOU",
    ] == old
    assert [] == [line for line in old if line not in words]
    # Without a number the answer is not complete; with one there is nothing left to do.
    executed = ("operations", "resolve", "authorize:order 9", "--executed", "--by", "ann", "--json")
    resolved = [
        json.loads(command(*executed, *more).out)["next"]
        for more in ((), ("--authorization-id", "1"))
    ]
    assert ["add the number that the answer lacked"] == [
        line.partition(":")[0] for line in resolved[0]
    ]
    assert [] == resolved[1]


def test_operations_are_found_by_key_reference_and_reference_id(
    command: Command, sandbox: Sandbox
) -> None:
    """By key always; by the others while the outcome is unknown, or with --all."""
    identity = lose(sandbox, Drop(), "order-9", ago=7000)

    def found(*words: str) -> list[str]:
        ran = command("operations", "find", *words, "--json")
        return [
            one["operation_id"] for one in json.loads(ran.out or '{"operations": []}')["operations"]
        ]

    shown = json.loads(command("operations", "show", identity, "--json").out)
    reference = shown["reference_id"]
    dashed = "-".join(
        (reference[:8], reference[8:12], reference[12:16], reference[16:20], reference[20:])
    )
    assert [[identity]] * 3 == [found(text) for text in ("order-9", reference, dashed.upper())]
    command("operations", "resolve", identity, "--executed", "--by", "ann")
    assert [[identity], [], [identity]] == [
        found("order-9"),
        found(reference),
        found(reference, "--all"),
    ]
    missing = command("operations", "find", reference)
    assert (1, "") == (missing.status, missing.out)
    assert "--all" in missing.err
    assert "operation_id" in command("operations", "find", "order-9").out
