"""
An application for an account: the form, the widget, and the call of `apply` after it.

The shop stores no personal data of applicants: between the form and `apply` they stay in the
applicant's own browser, in the page with the widget, which sends them again after the widget.
"""

from collections.abc import Mapping
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from flexiti_async import ApplyWidget, OperationError, Province, Step, ValidationError
from flexiti_async.demo.guard import (
    MOST_WIDGETS,
    begin_anew,
    client_of,
    form_of,
    origin_of,
    reference_id_of,
    renew,
    spend_try,
)
from flexiti_async.demo.pages import go, language, order_book, page, resume, whereabouts
from flexiti_async.integrations.starlette import flexiti_of
from flexiti_async.operations import OperationKind, Phase

__all__ = ["application", "apply", "ask", "send"]

FIELDS: Final = (
    *("first_name", "last_name", "dob", "email", "phone_number", "address_1", "address_2"),
    *("city", "province", "postal_code", "tos_agreement"),
)
_BEFORE: Final = frozenset({Step.OPEN, Step.WIDGET, Step.STOPPED, Step.READY_TO_APPLY})


async def ask(request: Request) -> Response:
    """Show the form. An application is a checkout of its own, separate from a purchase."""
    return _form(request, {})


async def apply(request: Request) -> Response:
    """Start the checkout of an application, and show the widget."""
    given = await form_of(request)
    try:
        applicant = _applicant(request, given)
    except ValidationError as error:
        return _form_again(request, given, error)
    await spend_try(request, "widget", client_of(request), MOST_WIDGETS)
    if await order_book(request).has(reference_id_of(request)):
        await begin_anew(request)
    checkout = await resume(request)
    if checkout is None:
        reference_id = reference_id_of(request)
        key = f"application-{reference_id}"
        checkout = await flexiti_of(request).checkout(key, reference_id=reference_id)
    if checkout.step not in _BEFORE:
        return go(request, whereabouts(checkout))
    try:
        url = (await checkout.init_widget(applicant)).redirection_url
    except ValidationError as error:  # not of age, for example
        return _form_again(request, given, error)
    await renew(request)
    applicant_fields = {name: given[name] for name in FIELDS if name in given}
    return page(request, "widget.html", url=url, origin=origin_of(url), applicant=applicant_fields)


async def send(request: Request) -> Response:
    """Send the application, once the widget has let the applicant continue."""
    given, checkout = await form_of(request), await resume(request)
    if checkout is not None and checkout.step is Step.READY_TO_APPLY:
        try:
            await checkout.apply(_applicant(request, given))
        except OperationError:  # another request is sending it, or its outcome is unknown
            return go(request, "application")
    return go(request, "application")


async def application(request: Request) -> Response:
    """Show the state of the application."""
    checkout = await resume(request)
    operation = await flexiti_of(request).operations.get(
        kind=OperationKind.APPLY, key=f"application-{reference_id_of(request)}"
    )
    if operation is not None and operation.phase is Phase.PENDING:
        return page(request, "checking.html", text="apply_checking", order=None)
    if operation is None or operation.phase is Phase.FREE:
        return go(request, whereabouts(checkout))
    return page(request, "applied.html")


def _form_again(request: Request, given: Mapping[str, str], error: ValidationError) -> Response:
    errors = {one.param.rpartition(".")[2]: one.msg for one in reversed(error.field_errors)}
    return _form(request, given, errors)


def _form(
    request: Request, given: Mapping[str, str], errors: Mapping[str, str] | None = None
) -> Response:
    return page(
        request,
        "apply.html",
        status=422 if errors else 200,
        given=given,
        errors={name: errors[name] for name in FIELDS if name in errors} if errors else {},
        provinces=[province.value for province in Province],
    )


def _applicant(request: Request, given: Mapping[str, str]) -> ApplyWidget:
    """
    Build the applicant from a form.

    Raises:
        ValidationError: Fields are not valid; all of them are reported together.
    """
    texts: dict[str, Any] = {name: given.get(name, "").strip() for name in FIELDS}
    texts["tos_agreement"] = texts["tos_agreement"] == "yes"
    texts["address_2"] = texts["address_2"] or None
    return ApplyWidget(**texts, lang=language(request))
