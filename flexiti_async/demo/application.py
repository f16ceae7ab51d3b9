"""
An application for an account: the form, the widget, and the call of `apply` after it.

The shop stores no personal data of applicants: between the form and `apply` they stay in the
applicant's own browser, in the page with the widget, which sends them again after the widget.
"""

from collections.abc import Mapping
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from flexiti_async import (
    ApplyWidget,
    OnlineCheckout,
    OperationError,
    Province,
    Step,
    ValidationError,
)
from flexiti_async.demo.guard import (
    MOST_WIDGETS,
    application_id_of,
    begin_application,
    client_of,
    form_of,
    renew,
    spend_try,
)
from flexiti_async.demo.pages import go, language, page, resume_under
from flexiti_async.demo.widget import show_application_widget
from flexiti_async.integrations.starlette import flexiti_of
from flexiti_async.operations import Operation, OperationKind, Phase

__all__ = ["application", "apply", "ask", "send"]

FIELDS: Final = (
    *("first_name", "last_name", "dob", "email", "phone_number", "address_1", "address_2"),
    *("city", "province", "postal_code", "tos_agreement"),
)
_BEFORE: Final = frozenset({Step.OPEN, Step.WIDGET, Step.STOPPED, Step.READY_TO_APPLY})


async def ask(request: Request) -> Response:
    """Show the form. An application is a checkout of its own, separate from a purchase."""
    return _form(request, {}) if await _is_open(request) else go(request, "application")


async def apply(request: Request) -> Response:
    """Start the checkout of an application, and show the widget."""
    given = await form_of(request)
    try:
        applicant = _applicant(request, given)
    except ValidationError as error:
        return _form_again(request, given, error)
    await spend_try(request, "widget", client_of(request), MOST_WIDGETS)
    try:
        checkout = await _resumed(request) or await _begin(request)
    except OperationError:  # sent already, or being sent: in another tab, or before a restart
        return go(request, "application")
    if checkout.step not in _BEFORE:
        return go(request, "application")
    try:
        url = (await checkout.init_widget(applicant)).redirection_url
    except ValidationError as error:  # not of age, for example
        return _form_again(request, given, error)
    await renew(request)
    applicant_fields = {name: given[name] for name in FIELDS if name in given}
    return show_application_widget(request, url, applicant_fields)


async def _resumed(request: Request) -> OnlineCheckout | None:
    return await resume_under(request, application_id_of(request))


async def _begin(request: Request) -> OnlineCheckout:
    """
    Start the checkout of an application, which is separate from the purchase.

    Under a new reference id, in case that the previous one has ended with its token; but what was
    sent under the previous one may have an unknown outcome, and then this raises it.
    """
    if await _is_open(request):
        await begin_application(request)
    return await flexiti_of(request).checkout(
        _key(request), reference_id=application_id_of(request)
    )


def _key(request: Request) -> str:
    return f"application-{application_id_of(request)}"


async def _operation(request: Request) -> Operation | None:
    operations = flexiti_of(request).operations
    return await operations.get(kind=OperationKind.APPLY, key=_key(request))


async def _is_open(request: Request) -> bool:
    """Whether nothing has been sent, as far as the journal knows."""
    operation = await _operation(request)
    return operation is None or operation.phase is Phase.FREE


async def send(request: Request) -> Response:
    """Send the application, once the widget has let the applicant continue."""
    given, checkout = await form_of(request), await _resumed(request)
    if checkout is not None and checkout.step is Step.READY_TO_APPLY:
        try:
            await checkout.apply(_applicant(request, given))
        except OperationError:  # another request is sending it, or its outcome is unknown
            return go(request, "application")
    return go(request, "application")


async def application(request: Request) -> Response:
    """Show the state of the application."""
    operation = await _operation(request)
    if operation is None or operation.phase is Phase.FREE:
        return go(request, "apply")
    if operation.phase is Phase.PENDING:
        return page(request, "checking.html", text="apply_checking", order=None)
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
