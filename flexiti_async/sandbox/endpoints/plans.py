"""POST accounts/…/calculate-interest (spec section 5.9), in the formats of v2.5 and v2.5.1."""

from decimal import Decimal

from flexiti_async.sandbox.endpoints.accounts import BYPASS_MOST
from flexiti_async.sandbox.settings import Settings
from flexiti_async.sandbox.state.backend import Backend
from flexiti_async.sandbox.state.money import ZERO, cents
from flexiti_async.sandbox.state.plans import Plan, offered, term_amount
from flexiti_async.sandbox.validation.fields import of_body
from flexiti_async.sandbox.validation.request import authorize
from flexiti_async.sandbox.wire.assumptions import invents
from flexiti_async.sandbox.wire.request import Incoming, Json

__all__ = ["calculate_interest", "rates"]

_AIR = {"preferred": "0.2899", "premium": "0.2999", "standard": "0.3199"}
_ADMIN = {"en": "Administration fee", "fr": "Frais d'administration"}
_INTEREST = {"en": "Annual interest rate", "fr": "Taux d'intérêt annuel"}


@invents(
    "calculate-interest",
    "An unknown account is 404 `not_found`, an invalid amount `wrong_inputs`.",
    spec="5.9",
)
@invents(
    "calculate-interest",
    (
        "Rates, fees, their texts and the `type` of a rate; payments are the annuity, rounded "
        "to a cent."
    ),
    spec="5.9",
    setting="plans",
)
def calculate_interest(incoming: Incoming, settings: Settings, backend: Backend) -> Json:
    """
    Return the cost of a purchase for each plan that is available to the customer.

    The spec defines no errors: the sandbox has a 404 for the account and `wrong_inputs`. Texts,
    messages and the `type` of a rate are its own.
    """
    authorize(incoming, settings, backend.ledger)
    fields = of_body(incoming, settings)
    amount = fields.money(required=True)
    fields.check()
    account = backend.bank.accounts.in_path(incoming.path_values["account_number"])
    few = backend.bank.few_regular_purchases(account, settings.now())
    air = Decimal(_AIR[account.category])
    return {
        "account_number": account.account_number,
        "account_type": account.account_type,
        "amount": amount,
        "customer": {
            "available_credit": account.available_credit,
            "air": air,
            "first_name": account.first_name[:35],
            "last_name": account.last_name[:50],
            "category_type": account.category,
        },
        "regular_purchase": {
            "term_amount": amount,
            "air": air,
            "verify": few and amount <= BYPASS_MOST,
            "fees": [_fee(ZERO, "admin_total", fields.lang)],
        },
        "promotional_purchase": [
            _promotion(plan, amount, incoming.version, fields.lang)
            for plan in offered(settings.plans, account)
        ],
    }


def _promotion(plan: Plan, amount: Decimal, version: str, lang: str) -> dict[str, Json]:
    return {
        "plan_id": plan.plan_id,
        "plan_name": plan.plan_name if lang == "en" else plan.plan_name_fr,
        "terms": [
            {
                "term": term,
                "term_amount": term_amount(plan, term, amount),
                **rates(plan, version, lang),
                "fees": [
                    _fee(plan.monthly_fee, "admin_monthly", lang),
                    _fee(cents(plan.monthly_fee * term), "admin_total", lang),
                ],
            }
            for term in plan.terms
        ],
    }


def rates(plan: Plan | None, version: str, lang: str) -> dict[str, Json]:
    """Return the rate of a plan in the format of a version: `apr`, since v2.5.1 `annual_rates`."""
    rate = Decimal("0.0000") if plan is None else plan.rate
    if version == "v2.5":
        return {"apr": rate}
    text = _INTEREST[lang]
    return {
        "annual_rates": {"description": text, "rate": rate, "type": "interest", "message": text}
    }


def _fee(amount: Decimal, kind: str, lang: str) -> Json:
    return {"description": _ADMIN[lang], "amount": amount, "type": kind, "message": ""}
