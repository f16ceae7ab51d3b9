"""Start a checkout, and resume one."""

from typing import Final

from flexiti_async.checkout.flow import CheckoutContext, Flow
from flexiti_async.checkout.state import CheckoutState, Sharing, Step
from flexiti_async.clock import now
from flexiti_async.errors import CheckoutNotFound
from flexiti_async.events.checkouts import CheckoutStarted
from flexiti_async.operations.keys import IdempotencyKey, idempotency_key_of
from flexiti_async.protocol.arguments import wrong_type
from flexiti_async.protocol.call import OperationKind
from flexiti_async.protocol.token import Scope
from flexiti_async.tokens.policy import checked_ttl
from flexiti_async.tokens.record import StoredToken
from flexiti_async.transport.reference_id import ReferenceId, reference_id_of

__all__ = ["resume", "start"]

_ONLINE: Final = (OperationKind.AUTHORIZE, OperationKind.APPLY)
_IN_STORE: Final = (OperationKind.AUTHORIZE,)


async def start(
    context: CheckoutContext,
    idempotency_key: IdempotencyKey,
    *,
    in_store: bool,
    reference_id: ReferenceId | None,
    sharing: Sharing | None,
    flow_ttl: float | None,
    resumable: bool,
) -> Flow:
    """
    Start a flow with a pinned token; the key is looked up before anything else.

    See `FlexitiSession.checkout` and `in_store_checkout`.
    """
    key, reference = idempotency_key_of(idempotency_key), reference_id_of(reference_id)
    flow_ttl = checked_ttl(flow_ttl, "flow_ttl", above=0.0)
    problem = wrong_type("resumable", resumable, bool)
    if problem is not None:
        raise problem
    await context.operations.refuse_known(_IN_STORE if in_store else _ONLINE, key)
    ttl = context.config.flow_ttl if flow_ttl is None else flow_ttl
    refresher = context.refresher(Scope.MERCHANT if in_store else Scope.CUSTOMER)
    if sharing is Sharing.DEDICATED:
        token = await refresher.dedicated(ttl, reference_id=reference)
    else:
        token = await refresher.token(ttl, reference_id=reference)
    state = CheckoutState(
        reference_id=reference,
        idempotency_key=key,
        token=StoredToken.of(token, token.remaining(now(context.clock))),
        sharing=sharing or Sharing.SHARED,
        step=Step.IN_STORE if in_store else Step.OPEN,
        in_store=in_store,
    )
    flow = Flow(context, state, token, sharing=sharing, flow_ttl=ttl, resumable=resumable)
    await flow.saved.save()
    flow.report(CheckoutStarted(**flow.facts))
    return flow


async def resume(context: CheckoutContext, reference_id: ReferenceId, *, in_store: bool) -> Flow:
    """
    Resume a flow; the journal moves it forward if its operation ran.

    See `FlexitiSession.resume` and `resume_in_store`.
    """
    record = await context.load(reference_id_of(reference_id))
    state = record.state
    if state.in_store is not in_store:
        kind, method = ("in store", "resume_in_store") if state.in_store else ("online", "resume")
        msg = f"the checkout under this reference id is {kind}: {method}() resumes it"
        raise CheckoutNotFound(msg, reference_id=state.reference_id, step=state.step.value)
    scope = Scope.MERCHANT if in_store else Scope.CUSTOMER
    token = state.token.as_token(scope, life=state.token.remaining, at=now(context.clock))
    flow = Flow(
        context,
        state,
        token,
        sharing=state.sharing,
        flow_ttl=context.config.flow_ttl,
        resumable=True,
        record=record,
    )
    await flow.follow()
    return flow
