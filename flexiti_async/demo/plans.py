"""The plans of a purchase: choosing one, and the authorization."""

import re
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from flexiti_async import FlexitiError, OnlineCheckout, OperationError, Step
from flexiti_async.api import PurchaseType
from flexiti_async.demo.guard import form_of
from flexiti_async.demo.offers import offers_of, within_credit
from flexiti_async.demo.orders import Order
from flexiti_async.demo.pages import (
    go,
    language,
    order_book,
    order_of,
    page,
    resume,
    whereabouts,
)
from flexiti_async.errors import CreditExceeded, CustomerNotIdentified, NotVerified
from flexiti_async.integrations.problems import Problem
from flexiti_async.integrations.serving import report_problem
from flexiti_async.integrations.starlette import flexiti_of

__all__ = ["buy", "plans"]

_INVALID: Final = 422
_CHOICE: Final = re.compile(r"(?P<plan_id>\d{1,3}):(?P<term>\d{1,3})|regular", re.ASCII)


async def plans(request: Request) -> Response:
    """Show the plans of the verified account."""
    checkout, order = await resume(request), await order_of(request)
    if checkout is None or not _may_choose(checkout, order):
        return go(request, _where(checkout))
    return await _show_plans(request, checkout, order)


def _may_choose(checkout: OnlineCheckout, order: Order) -> bool:
    """Whether the customer is verified, and Flexiti has not said otherwise."""
    return checkout.step is Step.VERIFIED and bool(order.account_number)


def _where(checkout: OnlineCheckout | None) -> str:
    where = whereabouts(checkout)
    return "pay" if where == "plans" else where


async def buy(request: Request) -> Response:
    """Authorize with the chosen plan, at most once for this order."""
    form, order = await form_of(request), await order_of(request)
    if order.authorization_id is not None:
        return go(request, "order")
    checkout = await flexiti_of(request).resume(order.reference_id)
    if not _may_choose(checkout, order):
        return go(request, _where(checkout))
    chosen = _CHOICE.fullmatch(form.get("plan", ""))
    if chosen is None:
        return await _show_plans(request, checkout, order, status=_INVALID, missing=True)
    if not await order_book(request).begin_payment(order):
        return go(request, "continue")
    return await _pay(request, checkout, order, chosen)


async def _pay(
    request: Request, checkout: OnlineCheckout, order: Order, chosen: re.Match[str]
) -> Response:
    try:
        await _authorize(request, checkout, order, chosen)
    except OperationError:  # being made elsewhere, or unknown: the page of the order finds out
        return go(request, "order")
    except CreditExceeded as error:
        await order_book(request).note_refusal(order, chosen[0])
        problem = report_problem(error, language(request).value)
        return await _show_plans(request, checkout, order, status=problem.status, problem=problem)
    return go(request, "order")


async def _authorize(
    request: Request, checkout: OnlineCheckout, order: Order, chosen: re.Match[str]
) -> None:
    try:
        done = await checkout.authorize(
            order.total,
            # The order has it: a checkout's record in a store that is not encrypted proves nothing.
            account_number=order.account_number,
            lang=language(request),
            **_financing(chosen),
        )
    except OperationError:
        raise
    except FlexitiError as error:  # it was not executed: another plan may work
        await order_book(request).end_payment(order.reference_id)
        if isinstance(error, NotVerified | CustomerNotIdentified):
            await order_book(request).name_account(order.reference_id, "")
        raise
    if done.authorization_id is not None:
        await order_book(request).note_authorization(order.reference_id, done.authorization_id)


def _financing(chosen: re.Match[str]) -> dict[str, Any]:
    if chosen["plan_id"] is None:
        return {"transaction_type": PurchaseType.REGULAR}
    return {
        "transaction_type": PurchaseType.PROMOTIONAL,
        "plan_id": chosen["plan_id"],
        "term": chosen["term"],
    }


async def _show_plans(
    request: Request,
    checkout: OnlineCheckout,
    order: Order,
    *,
    status: int = 200,
    missing: bool = False,
    problem: Problem | None = None,
) -> Response:
    # An event of the widget can be forged, so no name and no available credit of the account is
    # shown before Flexiti has authorized the purchase.
    plans = await checkout.plans(order.total, lang=language(request))
    offers = within_credit(offers_of(plans, order.total), await order_book(request).refused(order))
    return page(
        request,
        "plans.html" if offers else "no_plans.html",
        status=status,
        order=order,
        offers=offers,
        missing=missing,
        problem=problem,
    )
