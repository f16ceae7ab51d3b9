"""
Reference data: i18n, terms-and-conditions, information (spec 5.1 to 5.3).

The spec names these endpoints and hardly describes them: the answers contain no more than the text
implies.
"""

from flexiti_async.sandbox.endpoints.merchants import form_values
from flexiti_async.sandbox.settings import Settings
from flexiti_async.sandbox.state.backend import Backend
from flexiti_async.sandbox.validation.fields import of_body, of_query
from flexiti_async.sandbox.validation.request import authorize
from flexiti_async.sandbox.validation.widget import PROVINCES
from flexiti_async.sandbox.wire.assumptions import invents
from flexiti_async.sandbox.wire.errors import INVALID
from flexiti_async.sandbox.wire.request import Incoming, Json

__all__ = ["i18n", "information", "terms_and_conditions"]

_MESSAGES = {
    "en": {"welcome": "Welcome to Flexiti's sandbox."},
    "fr": {"welcome": "Bienvenue dans le bac à sable de Flexiti."},
}
_DISCLAIMERS = {
    "en": {"sandbox": "This is a test. No credit is granted."},
    "fr": {"sandbox": "Ceci est un essai. Aucun crédit n'est accordé."},
}
_TERMS = {
    "en": "Sandbox terms and conditions: nothing here binds anybody.",
    "fr": "Conditions du bac à sable : rien ici n'engage personne.",
}


@invents(
    "i18n",
    "POST and GET, v2.5 and v2.5.1 are served.",
    spec="8.15",
)
@invents(
    "i18n",
    (
        "The answer has `form_values`, `messages` and `disclaimers`; a key in the URL is one of "
        "them."
    ),
    spec="5.1",
)
def i18n(incoming: Incoming, settings: Settings, backend: Backend) -> Json:
    """Return form values, messages and disclaimers: all, or those of the key in the URL."""
    authorize(incoming, settings, backend.ledger)
    if incoming.method == "GET":
        fields = of_query(incoming, settings)
    else:
        fields = of_body(incoming, settings, optional=True)
    key = incoming.path_values.get("key")
    values: dict[str, Json] = {
        "form_values": form_values(),
        "messages": dict(_MESSAGES.get(fields.lang, {})),
        "disclaimers": dict(_DISCLAIMERS.get(fields.lang, {})),
    }
    if key is not None and key not in values:
        fields.refuse("key", INVALID)
    fields.check()
    return values if key is None else {key: values[key]}


@invents(
    "terms-and-conditions",
    (
        "The answer has one text, `terms_and_conditions`; the query may have a language and a "
        "province."
    ),
    spec="5.2",
)
def terms_and_conditions(incoming: Incoming, settings: Settings, backend: Backend) -> Json:
    """Return the terms in the language of the query; a province is optional."""
    authorize(incoming, settings, backend.ledger)
    fields = of_query(incoming, settings)
    fields.choice("province", *PROVINCES)
    fields.check()
    return {"terms_and_conditions": _TERMS[fields.lang]}


@invents(
    "information",
    "Any body is accepted; the answer is empty.",
    spec="5.3",
)
def information(incoming: Incoming, settings: Settings, backend: Backend) -> Json:
    """Accept any body and return an empty object: the spec defines only the path."""
    authorize(incoming, settings, backend.ledger)
    fields = of_body(incoming, settings, optional=True)
    fields.skip_all()
    fields.check()
    return {}
