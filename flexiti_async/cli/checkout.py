"""`flexiti-async checkout show`: the saved state of a checkout, for an operator."""

import shlex
from collections.abc import Sequence
from typing import Annotated, Final

from attrs import frozen
from cyclopts import Parameter

from flexiti_async import FlexitiConfig, FlexitiSession
from flexiti_async.checkout.saved import checkout_key, load_checkout
from flexiti_async.checkout.state import CheckoutState
from flexiti_async.checkout.steps import TABLE, missing
from flexiti_async.cli.advice import AT_STEP, next_of, utc
from flexiti_async.cli.operations import as_json
from flexiti_async.cli.options import PRIVATE_STORE, Connection, Flag, without_password
from flexiti_async.cli.output import (
    CommandError,
    is_scheme,
    print_facts,
    print_json,
    print_note,
)
from flexiti_async.clock import SYSTEM_CLOCK
from flexiti_async.errors import CheckoutNotFound, FlexitiError
from flexiti_async.operations import Operation, OperationKind, Phase
from flexiti_async.store.sealed import SealedStore
from flexiti_async.transport.reference_id import reference_id_of

__all__ = ["show"]

_KINDS: Final = (OperationKind.AUTHORIZE, OperationKind.APPLY)
_OUTCOMES: Final = {
    Phase.PENDING: "its outcome is not known",
    Phase.DONE: "it ran",
    Phase.FREE: "it did not run",
}


async def show(
    reference_id: Annotated[str, Parameter(metavar="REFERENCE_ID")],
    /,
    *,
    store: Annotated[str | None, Parameter(metavar="URL")] = None,
    json: Flag = False,
    connection: Connection | None = None,
) -> None:
    """
    Show the saved state of a checkout, and what to do next about it.

    It includes the step, the calls that are allowed next, the end of the pinned token, and the
    operation of its key in the journal. No token, number of an account or personal data is shown,
    nothing is sent to Flexiti, and nothing is written.

    Args:
        reference_id: The reference id of the checkout, from the order, an error or a log line.
        store: URL of the store, instead of the configuration's.
        json: Print one JSON object.
    """
    url = None if store is None else without_password(store)
    config = (connection or Connection()).load(store=url)
    reference = reference_id_of(reference_id)
    async with FlexitiSession(config) as flexiti:
        try:
            state = await _load(flexiti, config, reference)
        except CheckoutNotFound as error:
            msg = f"{error}. Next: flexiti-async operations find {shlex.quote(reference)} --all"
            raise CommandError(msg) from None
        view = await _view(flexiti, state)
    if json:
        print_json(view.as_json())
    else:
        print_facts(view.as_facts())
    if view.problem:
        msg = f"the journal cannot be read, so the outcome is not known: {view.problem}"
        raise CommandError(msg)


@frozen
class _View:
    """
    A checkout as an operator sees it.

    Attributes:
        state: Its saved state.
        operations: The operations of its key; None if the journal cannot be read.
        problem: Why it cannot be read.
    """

    state: CheckoutState
    operations: Sequence[Operation] | None
    problem: str = ""

    @property
    def allowed(self) -> list[str]:
        """The calls that the table and the journal allow now."""
        if self.operations is None or any(one.phase is not Phase.FREE for one in self.operations):
            return []
        state = self.state
        return sorted(
            {row.method for row in TABLE if row.at is state.step and not missing(row, state)}
        )

    def next(self, now: float) -> list[str]:
        """Return what to do next."""
        if self.operations is None:
            return ["flexiti-async journal check, and flexiti-async doctor, say why"]
        settled = [one for one in self.operations if one.phase is not Phase.FREE]
        lines = [line for one in settled for line in next_of(one, now)]
        if not settled:
            lines.append(AT_STEP[self.state.step])
        elif not lines:
            lines.append("nothing: the same key returns the recorded answer, and sends nothing")
        return lines

    def as_json(self) -> dict[str, object]:
        state, now = self.state, SYSTEM_CLOCK.wall()
        return {
            "reference_id": state.reference_id,
            "idempotency_key": state.idempotency_key,
            "kind": _kind(state),
            "flow": state.flow,
            "step": state.step.value,
            "allowed": self.allowed,
            "sharing": state.sharing.value,
            "token_ends_at": utc(now + state.token.remaining),
            "remaining": round(state.token.remaining, 3),
            "account_known": state.account_number is not None,
            "authorization_id": state.authorization_id,
            "capture_id": state.capture_id,
            "operations": self.operations and [as_json(one) for one in self.operations],
            "next": self.next(now),
        }

    def as_facts(self) -> dict[str, str]:
        """Return it for people."""
        state, now = self.state, SYSTEM_CLOCK.wall()
        left = f"ends {utc(now + state.token.remaining)}, in {state.token.remaining:.0f} s"
        facts = {
            "reference id": state.reference_id,
            "key": state.idempotency_key,
            "kind": _kind(state) + (f", {state.flow}" if state.flow else ""),
            "step": state.step.value,
            "allowed now": ", ".join(self.allowed) or "nothing",
            "token": f"{state.sharing.value}, {left}, and the checkout with it",
            "account": "not known yet" if state.account_number is None else "known",
            "authorization": state.authorization_id or "",
            "capture": state.capture_id or "",
            "operation": "\n".join(map(_sentence, self.operations or ())) or "none in the journal",
            "next": "\n".join(self.next(now)),
        }
        if self.operations is None:
            facts["operation"] = "not known: the journal cannot be read"
        return {name: value for name, value in facts.items() if value}


async def _load(flexiti: FlexitiSession, config: FlexitiConfig, reference: str) -> CheckoutState:
    """Load it, whichever of the configured credentials saved it; raises like `load_checkout`."""
    if is_scheme(config.store, "memory"):
        print_note(PRIVATE_STORE)
    sealed = SealedStore(flexiti.store, timeout=config.store_timeout, keys=config.token_keys)
    keys = (
        checkout_key(config.api_url, config.client_id, credentials.fingerprint, reference)
        for credentials in config.credentials
    )
    return (await load_checkout(sealed, keys, reference)).state


async def _view(flexiti: FlexitiSession, state: CheckoutState) -> _View:
    try:
        found = [
            await flexiti.operations.get(kind=kind, key=state.idempotency_key) for kind in _KINDS
        ]
    except FlexitiError as error:
        return _View(state, None, str(error))
    return _View(state, [one for one in found if one is not None])


def _kind(state: CheckoutState) -> str:
    return "in store" if state.in_store else "online"


def _sentence(operation: Operation) -> str:
    return f"{operation.name}: {_OUTCOMES[operation.phase]} ({operation.operation_id})"
