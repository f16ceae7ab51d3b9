"""Problem types (RFC 9457) that a shop's front end can distinguish, with their texts."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from attrs import frozen

from flexiti_async import errors

__all__ = ["PROBLEM_TYPES", "ProblemType", "Text", "problem_type_of"]


@frozen
class Text:
    """Text for the customer."""

    title: str
    detail: str


@frozen
class ProblemType:
    """
    One type of problem, for all errors that leave the customer the same choice.

    Attributes:
        name: Last part of the problem's `type`.
        status: HTTP status of the shop's response to its front end.
        en: Text in English.
        fr: Text in French.
    """

    name: str
    status: int
    en: Text
    fr: Text


_INPUT: Final = ProblemType(
    "invalid-input",
    422,
    Text("Some details are not valid", "Please check the details that you entered."),
    Text(
        "Certains renseignements ne sont pas valides",
        "Veuillez vérifier les renseignements fournis.",
    ),
)
_PHONE: Final = ProblemType(
    "phone-not-reachable",
    422,
    Text("This number cannot receive text messages", "Please enter another mobile number."),
    Text(
        "Ce numéro ne peut pas recevoir de messages texte",
        "Veuillez entrer un autre numéro de cellulaire.",
    ),
)
_EVENT: Final = ProblemType(
    "malformed-event",
    400,
    Text("The confirmation could not be read", "Please start the payment again."),
    Text("La confirmation n'a pas pu être lue", "Veuillez recommencer le paiement."),
)
_FOREIGN_EVENT: Final = ProblemType(
    "event-refused",
    403,
    Text("This confirmation does not belong to this payment", "Please start the payment again."),
    Text("Cette confirmation ne correspond pas à ce paiement", "Veuillez recommencer le paiement."),
)
_ENDED: Final = ProblemType(
    "checkout-ended",
    404,
    Text(
        "This checkout has ended",
        "It took too long, or is already complete. Please check the status of your order.",
    ),
    Text(
        "Ce paiement n'est plus en cours",
        "Il a pris trop de temps ou il est déjà terminé. Veuillez vérifier l'état de votre "
        "commande.",
    ),
)
_STEP: Final = ProblemType(
    "step-taken",
    409,
    Text("This step has already been completed", "Please check the status of your order."),
    Text("Cette étape est déjà terminée", "Veuillez vérifier l'état de votre commande."),
)
_IN_PROGRESS: Final = ProblemType(
    "payment-in-progress",
    409,
    Text("One moment, please", "Your payment is being processed. Please do not pay again."),
    Text(
        "Un instant, s'il vous plaît",
        "Votre paiement est en cours de traitement. Veuillez ne pas payer de nouveau.",
    ),
)
_CHECKED: Final = ProblemType(
    "payment-being-checked",
    409,
    Text(
        "Your payment is being checked",
        "Please do not pay again. We are finding out whether it went through.",
    ),
    Text(
        "Votre paiement est en cours de vérification",
        "Veuillez ne pas payer de nouveau. Nous vérifions s'il a été effectué.",
    ),
)
_PAID: Final = ProblemType(
    "already-paid",
    409,
    Text("This order is already paid", "Please do not pay again. Check the status of your order."),
    Text(
        "Cette commande est déjà payée",
        "Veuillez ne pas payer de nouveau. Vérifiez l'état de votre commande.",
    ),
)
_PAUSED: Final = ProblemType(
    "payments-paused",
    503,
    Text(
        "Payments with Flexiti are not possible at the moment",
        "Nothing was charged. Please choose another way to pay, or try again later.",
    ),
    Text(
        "Les paiements avec Flexiti ne sont pas possibles pour le moment",
        "Rien n'a été débité. Veuillez payer autrement ou réessayer plus tard.",
    ),
)
_ACCOUNT: Final = ProblemType(
    "account-not-usable",
    409,
    Text("This account cannot be used right now", "Please contact Flexiti, or pay another way."),
    Text(
        "Ce compte ne peut pas être utilisé pour le moment",
        "Veuillez communiquer avec Flexiti ou payer autrement.",
    ),
)
_AGREEMENT: Final = ProblemType(
    "agreement-required",
    409,
    Text(
        "The cardholder agreement has not been accepted", "Please read and accept it to continue."
    ),
    Text(
        "La convention du titulaire de carte n'a pas été acceptée",
        "Veuillez la lire et l'accepter pour continuer.",
    ),
)
_AMOUNT: Final = ProblemType(
    "amount-exceeded",
    409,
    Text("The amount is too high", "It exceeds the remaining amount or the daily limit."),
    Text("Le montant est trop élevé", "Il dépasse le montant restant ou la limite quotidienne."),
)
_DECLINED: Final = ProblemType(
    "application-declined",
    409,
    Text("The application was declined", "Please choose another way to pay."),
    Text("La demande a été refusée", "Veuillez choisir un autre mode de paiement."),
)
_PENDING: Final = ProblemType(
    "application-pending",
    409,
    Text("The application is still under review", "Flexiti will contact you."),
    Text("La demande est toujours à l'étude", "Flexiti communiquera avec vous."),
)
_NOT_CREATED: Final = ProblemType(
    "application-not-created",
    409,
    Text("The application was not completed", "It took too long. Please apply again."),
    Text(
        "La demande n'a pas abouti",
        "Elle a pris trop de temps. Veuillez faire une nouvelle demande.",
    ),
)
_CREDIT: Final = ProblemType(
    "credit-exceeded",
    409,
    Text("Not enough available credit", "Please choose another way to pay, or reduce your order."),
    Text(
        "Crédit disponible insuffisant",
        "Veuillez choisir un autre mode de paiement ou réduire votre commande.",
    ),
)
_CUSTOMER: Final = ProblemType(
    "customer-exists",
    409,
    Text("You already have an account", "Please pay with that account."),
    Text("Vous avez déjà un compte", "Veuillez payer avec ce compte."),
)
_NOT_VERIFIED: Final = ProblemType(
    "not-verified",
    409,
    Text("Your identity could not be verified", "Please go through Flexiti's verification again."),
    Text("Votre identité n'a pas pu être vérifiée", "Veuillez refaire la vérification de Flexiti."),
)
_PLAN: Final = ProblemType(
    "plan-not-available",
    409,
    Text("This plan is not available", "Please choose another one."),
    Text("Ce plan de paiement n'est pas offert", "Veuillez en choisir un autre."),
)
_NOTHING_LEFT: Final = ProblemType(
    "nothing-left",
    409,
    Text("This is no longer possible", "The payment is closed, or too much time has passed."),
    Text(
        "Cette opération n'est plus possible",
        "Le paiement est clos, ou trop de temps s'est écoulé.",
    ),
)
_TRIES: Final = ProblemType(
    "tries-exceeded",
    409,
    Text(
        "Too many incorrect answers", "Please choose another way to pay, or try again in two days."
    ),
    Text(
        "Trop de réponses incorrectes",
        "Veuillez choisir un autre mode de paiement ou réessayer dans deux jours.",
    ),
)
_CODE: Final = ProblemType(
    "wrong-verification",
    409,
    Text("The code or answer is incorrect", "Please try again."),
    Text("Le code ou la réponse est incorrect", "Veuillez réessayer."),
)
_REFUSED: Final = ProblemType(
    "refused",
    409,
    Text("Flexiti declined this request", "Please choose another way to pay."),
    Text("Flexiti a refusé cette opération", "Veuillez choisir un autre mode de paiement."),
)
_UNAVAILABLE: Final = ProblemType(
    "unavailable",
    503,
    Text("Flexiti is unavailable right now", "Please try again in a moment."),
    Text("Flexiti n'est pas disponible pour le moment", "Veuillez réessayer dans un instant."),
)
_OURS: Final = ProblemType(
    "shop-fault",
    500,
    Text(
        "Something went wrong on our side",
        "This is not your fault. Please choose another way to pay.",
    ),
    Text(
        "Une erreur s'est produite de notre côté",
        "Vous n'y êtes pour rien. Veuillez choisir un autre mode de paiement.",
    ),
)

PROBLEM_TYPES: Final[Mapping[type[errors.FlexitiError], ProblemType]] = MappingProxyType(
    {
        errors.FlexitiError: _OURS,
        errors.ValidationError: _INPUT,
        errors.MalformedEvent: _EVENT,
        errors.CheckoutError: _STEP,
        errors.CheckoutExpired: _ENDED,
        errors.CheckoutNotFound: _ENDED,
        errors.CheckoutTokenRejected: _ENDED,
        errors.EventRefused: _FOREIGN_EVENT,
        errors.TransportError: _UNAVAILABLE,
        errors.OperationInProgress: _IN_PROGRESS,
        errors.OutcomeUnknown: _CHECKED,
        errors.IdempotencyKeyReused: _CHECKED,  # or as below, once it is done
        errors.JournalForgot: _PAUSED,
        errors.ApiError: _REFUSED,
        errors.BadRequest: _INPUT,
        errors.WrongInputs: _INPUT,
        errors.PhoneNotReachable: _PHONE,
        errors.Unauthorized: _OURS,
        errors.Forbidden: _OURS,
        errors.InvalidRole: _OURS,
        errors.AuthenticationFailure: _OURS,
        errors.AccountNotUsable: _ACCOUNT,
        errors.AgreementRequired: _AGREEMENT,
        errors.AmountExceeded: _AMOUNT,
        errors.ApplicationDeclined: _DECLINED,
        errors.ApplicationNotCreated: _NOT_CREATED,
        errors.ApplicationPending: _PENDING,
        errors.AuthorizationEnded: _NOTHING_LEFT,
        errors.CreditExceeded: _CREDIT,
        errors.CustomerExists: _CUSTOMER,
        errors.CustomerNotIdentified: _NOT_VERIFIED,
        errors.NotVerified: _NOT_VERIFIED,
        errors.PlanNotAvailable: _PLAN,
        errors.ReturnTooLate: _NOTHING_LEFT,
        errors.TriesExceeded: _TRIES,
        errors.WrongVerification: _CODE,
        errors.Throttled: _UNAVAILABLE,
        errors.ServerError: _UNAVAILABLE,
        errors.MalformedAnswer: _UNAVAILABLE,
        errors.TokenRejected: _UNAVAILABLE,  # a new one is requested after a back-off
        errors.TokenUnavailable: _UNAVAILABLE,
        errors.TokenThrottled: _UNAVAILABLE,
        errors.StoreError: _UNAVAILABLE,
    }
)
"""Problem type by class of error; a class that is missing has that of its nearest ancestor."""


_DONE: Final[Mapping[str, ProblemType]] = MappingProxyType(
    {"authorize": _PAID, "capture": _PAID, "transaction": _PAID}
)
"""Problem type of a key that names another operation of this kind, which ran; _STEP for others."""


def problem_type_of(error: errors.FlexitiError) -> ProblemType:
    """Return the problem type of an error."""
    if isinstance(error, errors.IdempotencyKeyReused) and error.phase == "done":
        return _DONE.get(error.kind or "", _STEP)
    ancestors = (PROBLEM_TYPES[each] for each in type(error).__mro__ if each in PROBLEM_TYPES)
    return next(ancestors, _OURS)
