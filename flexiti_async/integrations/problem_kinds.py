"""The kinds of problem that a shop's front end can tell apart, with their texts."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from attrs import frozen

from flexiti_async import errors

__all__ = ["KINDS", "Kind", "Text", "kind_of"]


@frozen
class Text:
    """What a customer reads."""

    title: str
    detail: str


@frozen
class Kind:
    """
    One kind of problem: for all errors after which the customer has the same choice.

    Attributes:
        name: Last part of the problem's `type`.
        status: HTTP status that the shop answers its front end with.
        en: Text in English.
        fr: Text in French.
    """

    name: str
    status: int
    en: Text
    fr: Text


_INPUT: Final = Kind(
    "invalid-input",
    422,
    Text("Some details are not right", "Please check what you have entered."),
    Text("Certains renseignements sont inexacts", "Veuillez vérifier ce que vous avez saisi."),
)
_PHONE: Final = Kind(
    "phone-not-reachable",
    422,
    Text("No text message reaches this number", "Please give another mobile number."),
    Text(
        "Aucun message texte n'atteint ce numéro",
        "Veuillez donner un autre numéro de téléphone mobile.",
    ),
)
_EVENT: Final = Kind(
    "malformed-event",
    400,
    Text("The message was not understood", "Please start the payment again."),
    Text("Le message n'a pas été compris", "Veuillez recommencer le paiement."),
)
_FOREIGN_EVENT: Final = Kind(
    "event-refused",
    403,
    Text("The message is not of this checkout", "Please start the payment again."),
    Text("Le message n'est pas de ce paiement", "Veuillez recommencer le paiement."),
)
_ENDED: Final = Kind(
    "checkout-ended",
    404,
    Text("This checkout has ended", "It took too long, or is over. Please start again."),
    Text(
        "Ce paiement n'est plus en cours",
        "Il a duré trop longtemps, ou il est terminé. Veuillez recommencer.",
    ),
)
_STEP: Final = Kind(
    "step-taken",
    409,
    Text("This step was taken already", "Please look at your order to see where it stands."),
    Text(
        "Cette étape a déjà été faite",
        "Veuillez consulter votre commande pour voir où elle en est.",
    ),
)
_UNSETTLED: Final = Kind(
    "payment-unsettled",
    409,
    Text(
        "Your payment is being checked",
        "Please do not pay again. We will find out whether it went through.",
    ),
    Text(
        "Votre paiement est en cours de vérification",
        "Veuillez ne pas payer de nouveau. Nous vérifions s'il a été effectué.",
    ),
)
_ACCOUNT: Final = Kind(
    "account-not-usable",
    409,
    Text("This account cannot be used now", "Please call Flexiti, or pay in another way."),
    Text(
        "Ce compte ne peut pas être utilisé pour le moment",
        "Veuillez appeler Flexiti ou payer autrement.",
    ),
)
_AGREEMENT: Final = Kind(
    "agreement-required",
    409,
    Text("The cardholder agreement is not accepted", "Please read and accept it to go on."),
    Text(
        "La convention du titulaire n'est pas acceptée",
        "Veuillez la lire et l'accepter pour continuer.",
    ),
)
_AMOUNT: Final = Kind(
    "amount-exceeded",
    409,
    Text("The amount is too large", "It is more than what is left, or than a day allows."),
    Text(
        "Le montant est trop élevé",
        "Il dépasse ce qui reste, ou ce qui est permis dans une journée.",
    ),
)
_DECLINED: Final = Kind(
    "application-declined",
    409,
    Text("The application was declined", "Please choose another way to pay."),
    Text("La demande a été refusée", "Veuillez choisir un autre mode de paiement."),
)
_PENDING: Final = Kind(
    "application-pending",
    409,
    Text("The application is not decided yet", "Flexiti will let you know."),
    Text("La demande n'est pas encore décidée", "Flexiti vous en informera."),
)
_NOT_CREATED: Final = Kind(
    "application-not-created",
    409,
    Text("The application did not come through", "It took too long. Please apply again."),
    Text("La demande n'a pas abouti", "Elle a duré trop longtemps. Veuillez la refaire."),
)
_CREDIT: Final = Kind(
    "credit-exceeded",
    409,
    Text("Your credit does not reach", "Please choose another way to pay, or buy less."),
    Text(
        "Votre crédit ne suffit pas",
        "Veuillez choisir un autre mode de paiement ou acheter moins.",
    ),
)
_CUSTOMER: Final = Kind(
    "customer-exists",
    409,
    Text("You have an account already", "Please pay with it."),
    Text("Vous avez déjà un compte", "Veuillez payer avec celui-ci."),
)
_NOT_VERIFIED: Final = Kind(
    "not-verified",
    409,
    Text("You could not be verified", "Please go through Flexiti's window again."),
    Text(
        "Votre identité n'a pas pu être vérifiée",
        "Veuillez repasser par la fenêtre de Flexiti.",
    ),
)
_PLAN: Final = Kind(
    "plan-not-available",
    409,
    Text("This plan is not available", "Please choose another one."),
    Text("Ce plan n'est pas offert", "Veuillez en choisir un autre."),
)
_NOTHING_LEFT: Final = Kind(
    "nothing-left",
    409,
    Text("This can no longer be done", "The payment is closed, or too much time has passed."),
    Text("Cela n'est plus possible", "Le paiement est fermé, ou trop de temps a passé."),
)
_TRIES: Final = Kind(
    "tries-exceeded",
    409,
    Text("Too many wrong answers", "Please choose another way to pay, or try in two days."),
    Text(
        "Trop de mauvaises réponses",
        "Veuillez choisir un autre mode de paiement ou réessayer dans deux jours.",
    ),
)
_CODE: Final = Kind(
    "wrong-verification",
    409,
    Text("The code or the answer is wrong", "Please try again."),
    Text("Le code ou la réponse est inexact", "Veuillez réessayer."),
)
_REFUSED: Final = Kind(
    "refused",
    409,
    Text("Flexiti has refused this", "Please choose another way to pay."),
    Text("Flexiti a refusé cette opération", "Veuillez choisir un autre mode de paiement."),
)
_UNAVAILABLE: Final = Kind(
    "unavailable",
    503,
    Text("Flexiti cannot be reached right now", "Please try again in a moment."),
    Text("Flexiti n'est pas joignable pour le moment", "Veuillez réessayer dans un instant."),
)
_OURS: Final = Kind(
    "shop-fault",
    500,
    Text(
        "Something is wrong on our side",
        "It is not your fault. Please choose another way to pay.",
    ),
    Text(
        "Une erreur s'est produite de notre côté",
        "Vous n'y êtes pour rien. Veuillez choisir un autre mode de paiement.",
    ),
)

KINDS: Final[Mapping[type[errors.FlexitiError], Kind]] = MappingProxyType(
    {
        errors.FlexitiError: _OURS,
        errors.ValidationError: _INPUT,
        errors.MalformedEvent: _EVENT,
        errors.CheckoutError: _STEP,
        errors.CheckoutNotFound: _ENDED,
        errors.CheckoutTokenRejected: _ENDED,
        errors.CheckoutUnsettled: _UNSETTLED,
        errors.EventRefused: _FOREIGN_EVENT,
        errors.TransportError: _UNAVAILABLE,
        errors.OutcomeUnknown: _UNSETTLED,
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
        errors.TokenRejected: _UNAVAILABLE,  # it is asked for anew after a while
        errors.TokenUnavailable: _UNAVAILABLE,
        errors.TokenThrottled: _UNAVAILABLE,
        errors.StoreError: _UNAVAILABLE,
    }
)
"""What an error is to the customer. One that is not named is what its nearest ancestor is."""


def kind_of(error: errors.FlexitiError) -> Kind:
    """Find the kind of an error."""
    ancestors = (KINDS[each] for each in type(error).__mro__ if each in KINDS)
    return next(ancestors, _OURS)
