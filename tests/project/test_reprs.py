"""No repr shows a secret or a person: tracebacks of error trackers are full of reprs."""

import importlib
import pkgutil
from collections.abc import Iterator
from typing import Any, Final

import attrs

import flexiti_async
import flexiti_stores
from flexiti_async.protocol.secret import Secret

NEVER_SHOWN: Final = frozenset(
    {
        # A person.
        *("first_name", "middle_name", "last_name", "dob", "email", "phone_number"),
        *("address_1", "address_2", "city", "postal_code"),
        *("govid_number", "govid_issuedby", "govid_expiry"),
        # An account.
        *("account_number", "vcc_number", "customer_id", "card_ending_in"),
        *("available_credit", "credit_limit", "category_type", "customer_category_type"),
        # Secrets, and what a stranger could go on with in a customer's place.
        *("access_token", "refresh_token", "client_secret", "other_client_secret", "token_keys"),
        *("merchant_password", "other_merchant_password", "password", "sentinel_password"),
        *("merchant_username", "other_merchant_username", "sentinel_username", "secret_key"),
        *("staff_password", "proxy", "ca_file", "client_cert", "client_key"),
        *("session_id", "widget_session_id", "verification_code", "security_answer"),
        # May hold any of these.
        *("body", "payload", "data", "path_values", "sku_data", "content"),
        *("extra", "sent_reference_id"),
    }
)
"""Names of fields that no class shows, except as a Secret, which masks itself."""
HIDDEN: Final = {
    ("Adopt", "token"),
    ("AnswerReceived", "headers"),
    ("ApplyWidget", "province"),
    *(("Asked", name) for name in ("bearer", "call", "client", "fields", "on_end")),
    *(
        (kind, name)
        for kind in ("BaseCall", "Call", "OperationCall")
        for name in ("headers", "query")
    ),
    ("CheckoutRecord", "entry"),
    ("Customer", "province"),
    ("DriversLicense", "province"),
    *(("FlexitiConfig", name) for name in ("journal", "reference_cache", "store")),
    ("Found", "record"),
    *(("HttpRequest", name) for name in ("headers", "url")),
    ("HttpResponse", "headers"),
    ("Loaded", "text"),
    ("MerchantLogin", "username"),
    ("Operation", "refusals"),
    ("Proceed", "carry"),
    ("PurchaseWidget", "province"),
    ("SecurityQuestion", "text"),
    ("SetUp", "config"),
    ("Snapshot", "entry"),
    ("TakeClaim", "carry"),
    ("Widget", "url"),
    ("WidgetEvent", "message"),
    ("Written", "entry"),
    ("_Question", "amount"),
}
"""Other hidden fields, by class: elsewhere the name means something else."""
SHOWN: Final = {("Line", "extra"), ("_Cached", "content")}
"""Facts of log lines; form values and terms, which are public."""


def classes() -> Iterator[type[Any]]:
    """Yield every attrs class of the library; what the sandbox holds is made up."""
    for package in (flexiti_async, flexiti_stores):
        for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if not found.name.replace(".", "_").isidentifier() or found.name.endswith("__main__"):
                continue
            if found.name.startswith("flexiti_async.sandbox"):
                continue
            for value in vars(importlib.import_module(found.name)).values():
                if isinstance(value, type) and attrs.has(value) and value.__module__ == found.name:
                    yield value


def shown(kind: type[Any]) -> Iterator[str]:
    """Yield the names of the fields that its repr shows as they are."""
    if vars(kind).get("__repr__", object.__repr__) is not object.__repr__:
        for one in attrs.fields(kind):
            if one.repr and Secret.__name__ not in str(one.type):
                yield one.name


def test_no_repr_shows_a_secret_or_a_person() -> None:
    """A field is hidden in every class, and one that is hidden stays so."""
    found = {(kind.__name__, name) for kind in classes() for name in shown(kind)}

    assert set() == {pair for pair in found if pair[1] in NEVER_SHOWN} - SHOWN
    assert set() == found & HIDDEN


def test_the_lists_are_complete() -> None:
    """Every field that some class hides is in a list, and the lists have no others."""
    hidden = {
        (kind.__name__, one.name)
        for kind in classes()
        for one in attrs.fields(kind)
        if not one.repr and not one.name.startswith("_")
    }

    assert HIDDEN == {pair for pair in hidden if pair[1] not in NEVER_SHOWN}
    assert set() == NEVER_SHOWN - {one.name for kind in classes() for one in attrs.fields(kind)}
