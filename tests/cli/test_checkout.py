"""`flexiti-async checkout show`: the saved state of a checkout, and the next steps."""

import asyncio
import json
import re
from collections.abc import Awaitable, Callable

import pytest

from flexiti_async import FlexitiConfig, FlexitiSession
from flexiti_async.checkout.state import Step
from flexiti_async.cli.advice import AT_STEP
from flexiti_async.errors import OutcomeUnknown
from flexiti_async.sandbox import Sandbox
from flexiti_async.sandbox.faults.kinds import Drop

from ..checkout.customers import ACCOUNT, APPLICANT, BUY, authorized, plan, verified, with_code
from .conftest import Command

KEY = "order 9"


def shop(work: Callable[[FlexitiSession], Awaitable[str]]) -> str:
    """Run a shop's code in a session of its own; return the reference id."""

    async def run() -> str:
        async with FlexitiSession(FlexitiConfig.load()) as flexiti:
            return await work(flexiti)

    return asyncio.run(run())


def shown(command: Command, sandbox: Sandbox, reference: str) -> dict[str, object]:
    """Return what the command prints for programs; nothing that it prints is secret or personal."""
    calls = len(sandbox.requests)
    ran, words = (command("checkout", "show", reference, *more) for more in (("--json",), ()))

    assert (0, 0) == (ran.status, words.status)
    assert calls == len(sandbox.requests), "nothing is sent"
    tokens = [token.access_token for token in sandbox.tokens]
    for text in (ran.out, words.out):
        assert [] == [one for one in (*tokens, str(ACCOUNT)) if one in text]
    what: dict[str, object] = json.loads(ran.out)
    assert reference in words.out
    return what


def test_a_checkout_whose_customer_is_in_the_widget(command: Command, sandbox: Sandbox) -> None:
    """The step, the allowed calls and the end of the pinned token are shown."""

    async def begin(flexiti: FlexitiSession) -> str:
        checkout = await flexiti.checkout(KEY)
        await checkout.init_widget(BUY)
        return checkout.reference_id

    what = shown(command, sandbox, shop(begin))

    assert ("widget", ["handle_event", "init_widget"], "shared", "online") == (
        what["step"],
        what["allowed"],
        what["sharing"],
        what["kind"],
    )
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC", str(what["token_ends_at"]))
    assert ([], [AT_STEP[Step.WIDGET]], True) == (
        what["operations"],
        what["next"],
        0 < float(str(what["remaining"])) <= 1200,
    )


def test_a_lost_answer_of_an_authorization(command: Command, sandbox: Sandbox) -> None:
    """The operation is named with its id, nothing is allowed, and the next commands are given."""

    async def lose(flexiti: FlexitiSession) -> str:
        checkout = await verified(await flexiti.checkout(KEY), sandbox)
        sandbox.inject(Drop(), endpoint="authorization")
        with pytest.raises(OutcomeUnknown):
            await checkout.authorize("300.00", **plan())
        return checkout.reference_id

    reference = shop(lose)
    what = shown(command, sandbox, reference)
    words = command("checkout", "show", reference).out

    assert ("verified", [], True) == (what["step"], what["allowed"], what["account_known"])
    [operation] = json.loads(json.dumps(what["operations"]))
    assert ("pending", reference) == (operation["phase"], operation["reference_id"])
    assert f"authorize:{KEY}: its outcome is not known ({operation['operation_id']})" in words
    assert f"flexiti-async operations show 'authorize:{KEY}'" in str(what["next"])


def test_an_authorized_checkout_and_its_operation_are_at_the_end(
    command: Command, sandbox: Sandbox
) -> None:
    """Its number is shown, and nothing is left to do."""

    async def pay(flexiti: FlexitiSession) -> str:
        return (await authorized(await flexiti.checkout(KEY), sandbox)).reference_id

    what = shown(command, sandbox, shop(pay))
    [moved] = sandbox.authorizations

    assert ("authorized", str(moved.authorization_id), []) == (
        what["step"],
        what["authorization_id"],
        what["allowed"],
    )
    assert "nothing: " in str(what["next"])


def test_a_checkout_at_the_counter_with_a_code(command: Command, sandbox: Sandbox) -> None:
    """One in store is found as well, and its verification code is not shown."""

    async def stand(flexiti: FlexitiSession) -> str:
        checkout = await with_code(await flexiti.in_store_checkout(KEY))
        return checkout.reference_id

    what = shown(command, sandbox, shop(stand))

    assert ("in store", "code_sent") == (what["kind"], what["step"])
    assert {"authorize", "lookup", "plans", "verify"} == set(
        json.loads(json.dumps(what["allowed"]))
    )


def test_an_application_has_a_dedicated_token(command: Command, sandbox: Sandbox) -> None:
    """The words that the shop sent are not shown."""

    async def begin(flexiti: FlexitiSession) -> str:
        checkout = await flexiti.checkout(KEY)
        await checkout.init_widget(APPLICANT)
        return checkout.reference_id

    what = shown(command, sandbox, shop(begin))

    assert ("dedicated", "apply") == (what["sharing"], what["flow"])
    assert "Grace" not in str(what)


def test_every_step_has_words() -> None:
    """A step that is added needs them, too."""
    assert set(Step) == set(AT_STEP)


@pytest.mark.parametrize(
    ("reference", "status", "line"),
    [
        ("order-9", 2, "must be a GUID"),
        ("0" * 32, 1, f"Next: flexiti-async operations find {'0' * 32} --all"),
    ],
)
@pytest.mark.usefixtures("sandbox")
def test_no_such_checkout(command: Command, reference: str, status: int, line: str) -> None:
    """One line says why, and how to go on; the note is about memory://."""
    ran = command("checkout", "show", reference)

    assert (status, "") == (ran.status, ran.out)
    assert line in ran.errors[-1]


def test_a_journal_that_is_down(command: Command, sandbox: Sandbox, odd_stores: str) -> None:
    """The checkout is shown without its operation, and the exit status is 1."""
    del sandbox

    async def begin(flexiti: FlexitiSession) -> str:
        return (await flexiti.checkout(KEY)).reference_id

    reference = shop(begin)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FLEXITI_JOURNAL", f"{odd_stores}Down")
        ran, words = (command("checkout", "show", reference, *more) for more in (("--json",), ()))
    what = json.loads(ran.out)

    assert (1, 1) == (ran.status, words.status)
    assert ("open", None, []) == (what["step"], what["operations"], what["allowed"])
    assert "not known: the journal cannot be read" in words.out
    assert "the journal cannot be read, so the outcome is not known" in words.err
