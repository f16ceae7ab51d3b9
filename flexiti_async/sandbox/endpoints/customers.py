"""GET customers/search and customers/lookup (spec sections 5.6 and 5.7)."""

from flexiti_async.sandbox.settings import Settings
from flexiti_async.sandbox.state.accounts import Account, Accounts
from flexiti_async.sandbox.state.backend import Backend
from flexiti_async.sandbox.state.plans import offered
from flexiti_async.sandbox.validation.fields import Fields, of_query
from flexiti_async.sandbox.validation.request import authorize
from flexiti_async.sandbox.wire.assumptions import invents
from flexiti_async.sandbox.wire.errors import REQUIRED, RefusalError, not_found
from flexiti_async.sandbox.wire.request import Incoming, Json

__all__ = ["lookup", "mask", "search"]

_QUESTIONS = {
    "en": "What is the answer to security question {}?",
    "fr": "Quelle est la réponse à la question de sécurité {} ?",
}


@invents(
    "customers/search",
    "A person without an account is 404 `not_found`.",
    spec="5.6",
)
def search(incoming: Incoming, settings: Settings, backend: Backend) -> Json:
    """Find the accounts of a person."""
    authorize(incoming, settings, backend.ledger)
    fields = of_query(incoming, settings)
    person = (
        fields.text("first_name", 35, required=True),
        fields.text("last_name", 50, required=True),
        fields.day("dob", required=True),
        fields.text("postal_code", 6),
    )
    fields.check()
    found = backend.bank.accounts.of_person(*person)
    if not found:
        raise not_found("customer")
    return [_row(account, settings) for account in found]


def _row(account: Account, settings: Settings) -> dict[str, Json]:
    return {
        "customer_id": account.customer_id,
        "account_status": account.account_status,
        "account_status_reason_code": account.account_status_reason_code,
        "tos_agreement": True,
        "risk_rating": account.risk_rating,
        "account_number": account.account_number,
        "account_type": account.account_type,
        "credit_limit": str(account.credit_limit),  # strings in the sample
        "available_credit": str(account.available_credit),
        "originating_merchant_id": settings.merchant_id,
        "originating_merchant_name": settings.merchant_name,
        "creation_date": account.creation_date,
        "first_name": account.first_name,
        "last_name": account.last_name,
        "card_ending_in": account.vcc_number[-4:],
        "preferred_language": account.preferred_language,
    }


@invents(
    "customers/lookup",
    "Identifiers of different accounts are 404 `not_found`.",
    spec="5.7",
)
@invents(
    "customers/lookup",
    "E-mail and phone of a child card are masked but for their last four characters.",
    spec="5.7",
)
def lookup(incoming: Incoming, settings: Settings, backend: Backend) -> Json:
    """Return one account, and the plans that are available to its customer."""
    authorize(incoming, settings, backend.ledger)
    fields = of_query(incoming, settings)
    vcc_number = fields.text("vcc_number", 16)
    account = _find(fields, vcc_number, backend.bank.accounts)
    if not account.activated:
        raise RefusalError(409, "user_not_active", "The customer has not activated the account.")
    if account.derogatory:
        raise RefusalError(409, "user_not_able_to_purchase", "The customer may not purchase.")
    if account.category == "standard" and not settings.nonprime_regular_purchase:
        raise RefusalError(
            409,
            "merchant_not_support_nonprime_regularpurchase",
            "The merchant does not support regular purchases of standard customers.",
        )
    child = vcc_number != "" and vcc_number == account.child_vcc_number
    return _details(account, child=child, lang=fields.lang, settings=settings)


def _find(fields: Fields, vcc_number: str, accounts: Accounts) -> Account:
    """Find the account by the identifiers in the request, which must all match the same one."""
    account_number = fields.number("account_number", 14)
    customer_id = fields.text("customer_id", 20)
    names = ("vcc_number", "account_number", "customer_id")
    if not any(name in fields for name in names):
        fields.refuse("account_number", REQUIRED)
    fields.check()
    found = (
        accounts.with_card(vcc_number),
        accounts.find(account_number),
        accounts.with_customer_id(customer_id),
    )
    named = {account for name, account in zip(names, found, strict=True) if name in fields}
    account = named.pop()
    if named or account is None:
        raise not_found("account")
    return account


def _details(account: Account, *, child: bool, lang: str, settings: Settings) -> dict[str, Json]:
    phone_number = account.phone_number
    return {
        "available_credit": account.available_credit,
        "account_number": account.account_number,
        "customer_id": account.customer_id,
        "security_qid": {
            "id": account.security_qid,
            "text": _QUESTIONS[lang].format(account.security_qid),
        },
        # Masked for the card of a child account (changelog 21.3).
        "email": mask(account.email) if child else account.email,
        "phone_number": mask(str(phone_number)) if child and phone_number else phone_number,
        "address_1": account.address_1,
        "address_2": account.address_2,
        "city": account.city,
        "postal_code": account.postal_code,
        "province": account.province,
        "payment_protection": account.payment_protection,
        "risk_rating": account.risk_rating,
        "offer_types": [
            {
                "plan_id": plan.plan_id,
                "plan_name": plan.plan_name if lang == "en" else plan.plan_name_fr,
                "offer_category": plan.offer_category,
                "term_options": list(plan.terms),
            }
            for plan in offered(settings.plans, account)
        ],
    }


def mask(text: str) -> str:
    """Mask all but the last four characters."""
    return "*" * len(text[:-4]) + text[-4:]
