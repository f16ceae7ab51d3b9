"""POST widget/init (spec section 4): opens a widget session."""

from urllib.parse import quote

from flexiti_async.sandbox.page.scenarios import candidates, conflicting
from flexiti_async.sandbox.settings import Settings
from flexiti_async.sandbox.state.accounts import Accounts
from flexiti_async.sandbox.state.backend import Backend
from flexiti_async.sandbox.state.widget_sessions import WidgetSession
from flexiti_async.sandbox.validation.request import authorize, json_object, reference_id_errors
from flexiti_async.sandbox.validation.widget import LANGUAGES, body_errors
from flexiti_async.sandbox.wire.assumptions import invents
from flexiti_async.sandbox.wire.errors import INVALID, FieldError, RefusalError, wrong_inputs
from flexiti_async.sandbox.wire.request import Incoming, Json

__all__ = ["answer"]


@invents(
    "widget/init",
    "Of several identifiers the account number counts, then the card, then the person.",
    spec="4.1",
    setting="conflicting_identifiers",
)
@invents(
    "widget/init",
    "`account_type` is optional, and accepted in both places.",
    spec="8.11",
)
@invents(
    "widget/init",
    "`redirection_url` contains the access token and both ids.",
    spec="4.4",
    setting="bare_redirection_url",
)
def answer(incoming: Incoming, settings: Settings, backend: Backend) -> dict[str, Json]:
    """Validate the whole request, open a widget session, and return its URL."""
    token = authorize(incoming, settings, backend.ledger)
    if settings.require_merchant_login and not token.merchant_logged_in:
        raise RefusalError(
            409, "invalid_role", "merchants/login has not been called with this access token."
        )
    body, unreadable = json_object(incoming)
    errors = reference_id_errors(incoming) + (unreadable or body_errors(body, settings))
    if errors:
        raise wrong_inputs(errors)
    session = WidgetSession(client_id=incoming.client_id, token=token, payload=body)
    if settings.conflicting_identifiers == "refused":
        _check_identifiers(session, backend.bank.accounts)
    if session.flow == "apply":
        token.init_payload = body
    backend.sessions.open(session)
    return {"redirection_url": _redirection_url(incoming, session, settings)}


def _check_identifiers(session: WidgetSession, accounts: Accounts) -> None:
    """Refuse identifiers of a purchase that do not belong to one account (spec section 4.1)."""
    found = candidates(session, accounts)
    if session.flow != "purchase" or not found:
        return
    conflicts = [conflicting(session.payload, account) for account in found]
    if all(conflicts):
        raise wrong_inputs(FieldError(param, INVALID) for param in conflicts[0])


def _redirection_url(incoming: Incoming, session: WidgetSession, settings: Settings) -> str:
    """Fill the template of spec section 4.4, whose query is part of the fragment."""
    client_id = quote(incoming.client_id, safe="")
    lang = session.payload.get("lang", LANGUAGES[0])
    url = f"{incoming.base_url}/#/widget/{client_id}/{session.token.access_token}?lang={lang}"
    if settings.bare_redirection_url:
        return url
    return (
        f"{url}&x-reference-id={incoming.reference_ids[0]}"
        f"&widget_session_id={session.widget_session_id}"
    )
