"""Texts of the shop in English and French; those of problems are in the library."""

from collections.abc import Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import Final

from flexiti_async import Language

__all__ = ["TEXTS", "money", "percent"]

_EN: Final[dict[str, str]] = {
    "shop": "Maple & Oak",
    "skip": "Skip to content",
    "other_language": "Français",
    "sandbox": "Demo shop: nothing is sold and no money moves.",
    "colon": ":",
    "cart": "Your cart",
    "desk": "Writing desk, solid oak",
    "desk_alt": "A desk with two drawers",
    "desk_more": "140 by 70 cm, made in Quebec. Delivered in two weeks.",
    "quantity": "Quantity",
    "total": "Total",
    "go_pay": "Pay with Flexiti",
    "go_apply": "No account yet? Apply for one",
    "pay": "Pay with Flexiti",
    "account_number": "Flexiti account number",
    "account_hint": "Up to 14 digits; you will find it on your statement.",
    "testers": "Sandbox customers",
    "tester_10000001": "Ada: buys without problems",
    "tester_10000003": "Marie: lives in Quebec",
    "tester_10000004": "Sam: has $300 of available credit",
    "tester_10000006": "Nora: must activate her account first",
    "next": "Continue",
    "back_cart": "Back to the cart",
    "widget": "Confirm with Flexiti",
    "widget_lead": "Flexiti asks you to confirm your identity. The details you enter "
    "below go to Flexiti only.",
    "frame": "Flexiti verification",
    "event_taken": "Thank you. One moment…",
    "event_unknown": "Flexiti sent a message that we do not recognize. You can continue in "
    "its window.",
    "event_lost": "The shop could not be reached. Please reload this page.",
    "need_script": "This step requires JavaScript.",
    "plans": "How would you like to pay?",
    "plans_lead": "Order {0}, total {1}.",
    "term": "{0} months, payments of {1}",
    "fees": "{0} in fees",
    "regular": "Regular purchase, without a plan",
    "regular_rate": "{0} annual interest",
    "no_fees": "no fees",
    "buy": "Buy now",
    "buying": "One moment…",
    "choose_plan": "Please choose a plan.",
    "order": "Your order",
    "order_thanks": "Thank you! Your order is paid.",
    "order_checking": "Your payment is being checked. Please do not pay again.",
    "check_again": "Check again",
    "number": "Order number",
    "desks": "Desks",
    "authorization": "Authorization",
    "status": "Status",
    "status_opened": "open",
    "status_closed": "closed",
    "status_onhold": "on hold",
    "status_unauthorized": "not authorized",
    "captures": "Captured",
    "none_yet": "nothing yet",
    "staff": "Orders to ship",
    "staff_lead": "When the desks ship, capture the authorized amount.",
    "staff_none": "No order is paid yet.",
    "capture": "Ship and capture {0}",
    "new_cart": "Start a new cart",
    "apply": "Apply for a Flexiti account",
    "apply_lead": "In most cases you get a decision right away.",
    "first_name": "First name",
    "last_name": "Last name",
    "dob": "Date of birth",
    "dob_hint": "Year-month-day, for example 1990-01-31",
    "email": "E-mail",
    "phone_number": "Mobile number",
    "phone_hint": "Ten digits, to receive a text message",
    "address_1": "Address",
    "address_2": "Apartment",
    "optional": "optional",
    "city": "City",
    "province": "Province or territory",
    "postal_code": "Postal code",
    "tos_agreement": "I accept the cardholder agreement",
    "tos_missing": "Please accept the cardholder agreement",
    "errors": "Please check these fields",
    "error_required": " is required",
    "error_length": " is too long or too short",
    "error_wrong format": " has the wrong format",
    "error_not of age": ": you are not of age in your province",
    "error_invalid": " is not valid",
    "applied": "Your application",
    "applied_lead": "Flexiti has received your application and will contact you.",
    "applied_more": "If you are approved, you can pay with your new account right away.",
    "apply_checking": "Your application is being sent. Please do not send it again.",
    "to_cart": "Go to the cart",
    "ended": "Payment not completed",
    "ended_activate": "This account must be activated first.",
    "ended_pay_otherwise": "Flexiti could not confirm your identity. You can try again, or pay "
    "another way.",
    "ended_new_application": "You can apply for a new account.",
    "ended_stop": "This account cannot be used right now. Please contact Flexiti, or pay "
    "another way.",
    "ended_retry": "The verification took too long. Please try again.",
    "ended_cancelled": "You cancelled the verification. Your cart is still here.",
    "ended_failed": "Something went wrong in Flexiti's window. Please try again.",
    "portal": "Activate it on Flexiti's website (opens in a new tab)",
    "again": "Try again",
    "outdated": "This form is out of date",
    "outdated_more": "Your cart has changed since it was opened. Please continue from the cart.",
    "not_found": "Page not found",
    "too_many": "Too many attempts",
    "too_many_more": "Please try again in 15 minutes.",
    "previous_step": "Back to the previous step",
}
_FR: Final[dict[str, str]] = {
    "shop": "Érable et Chêne",
    "skip": "Aller au contenu",
    "other_language": "English",
    "sandbox": "Boutique de démonstration : rien n'est vendu et aucun paiement n'est réel.",
    "colon": " :",
    "cart": "Votre panier",
    "desk": "Bureau en chêne massif",
    "desk_alt": "Un bureau à deux tiroirs",
    "desk_more": "140 cm sur 70 cm, fabriqué au Québec. Livré en deux semaines.",
    "quantity": "Quantité",
    "total": "Total",
    "go_pay": "Payer avec Flexiti",
    "go_apply": "Pas encore de compte? Faites une demande",
    "pay": "Payer avec Flexiti",
    "account_number": "Numéro de compte Flexiti",
    "account_hint": "Au plus 14 chiffres; vous le trouverez sur votre relevé.",
    "testers": "Clients fictifs du bac à sable",
    "tester_10000001": "Ada : achète sans difficulté",
    "tester_10000003": "Marie : habite au Québec",
    "tester_10000004": "Sam : dispose de 300 $ de crédit",
    "tester_10000006": "Nora : doit d'abord activer son compte",
    "next": "Continuer",
    "back_cart": "Retour au panier",
    "widget": "Confirmez avec Flexiti",
    "widget_lead": "Flexiti vous demande de confirmer votre identité. Les renseignements "
    "que vous entrez ci-dessous sont transmis à Flexiti seulement.",
    "frame": "Vérification de Flexiti",
    "event_taken": "Merci. Un instant…",
    "event_unknown": "Flexiti a envoyé un message que nous ne reconnaissons pas. Vous "
    "pouvez continuer dans sa fenêtre.",
    "event_lost": "La boutique n'a pas pu être jointe. Veuillez actualiser cette page.",
    "need_script": "Cette étape nécessite JavaScript.",
    "plans": "Comment souhaitez-vous payer?",
    "plans_lead": "Commande {0}, total {1}.",
    "term": "{0} mois, versements de {1}",
    "fees": "{0} de frais",
    "regular": "Achat ordinaire, sans plan de paiement",
    "regular_rate": "intérêt annuel de {0}",
    "no_fees": "sans frais",
    "buy": "Acheter maintenant",
    "buying": "Un instant…",
    "choose_plan": "Veuillez choisir un plan de paiement.",
    "order": "Votre commande",
    "order_thanks": "Merci! Votre commande est payée.",
    "order_checking": "Votre paiement est en cours de vérification. "
    "Veuillez ne pas payer de nouveau.",
    "check_again": "Vérifier de nouveau",
    "number": "Numéro de commande",
    "desks": "Bureaux",
    "authorization": "Autorisation",
    "status": "État",
    "status_opened": "ouverte",
    "status_closed": "fermée",
    "status_onhold": "en attente",
    "status_unauthorized": "non autorisée",
    "captures": "Encaissé",
    "none_yet": "rien pour le moment",
    "staff": "Commandes à expédier",
    "staff_lead": "À l'expédition des bureaux, encaissez le montant autorisé.",
    "staff_none": "Aucune commande n'est encore payée.",
    "capture": "Expédier et encaisser {0}",
    "new_cart": "Commencer un nouveau panier",
    "apply": "Demander un compte Flexiti",
    "apply_lead": "Dans la plupart des cas, vous obtenez une réponse immédiate.",
    "first_name": "Prénom",
    "last_name": "Nom",
    "dob": "Date de naissance",
    "dob_hint": "Année-mois-jour, par exemple 1990-01-31",
    "email": "Courriel",
    "phone_number": "Numéro de cellulaire",
    "phone_hint": "Dix chiffres, pour recevoir un message texte",
    "address_1": "Adresse",
    "address_2": "Appartement",
    "optional": "facultatif",
    "city": "Ville",
    "province": "Province ou territoire",
    "postal_code": "Code postal",
    "tos_agreement": "J'accepte la convention du titulaire de carte",
    "tos_missing": "Veuillez accepter la convention du titulaire de carte",
    "errors": "Veuillez vérifier ces champs",
    "error_required": " : ce champ est obligatoire",
    "error_length": " : trop long ou trop court",
    "error_wrong format": " : format non valide",
    "error_not of age": " : vous n'avez pas l'âge de la majorité dans votre province",
    "error_invalid": " : valeur non valide",
    "applied": "Votre demande",
    "applied_lead": "Flexiti a reçu votre demande et communiquera avec vous.",
    "applied_more": "Si elle est approuvée, vous pouvez payer avec votre nouveau compte "
    "dès maintenant.",
    "apply_checking": "Votre demande est en cours d'envoi. Veuillez ne pas l'envoyer de nouveau.",
    "to_cart": "Aller au panier",
    "ended": "Paiement non effectué",
    "ended_activate": "Ce compte doit d'abord être activé.",
    "ended_pay_otherwise": "Flexiti n'a pas pu confirmer votre identité. Vous pouvez réessayer ou "
    "payer autrement.",
    "ended_new_application": "Vous pouvez faire une demande de nouveau compte.",
    "ended_stop": "Ce compte ne peut pas être utilisé pour le moment. Veuillez "
    "communiquer avec Flexiti ou payer autrement.",
    "ended_retry": "La vérification a pris trop de temps. Veuillez réessayer.",
    "ended_cancelled": "Vous avez annulé la vérification. Votre panier est toujours là.",
    "ended_failed": "Un problème est survenu dans la fenêtre de Flexiti. Veuillez réessayer.",
    "portal": "L'activer sur le site de Flexiti (s'ouvre dans un nouvel onglet)",
    "again": "Réessayer",
    "outdated": "Ce formulaire n'est plus à jour",
    "outdated_more": "Votre panier a changé depuis son ouverture. Veuillez continuer à "
    "partir du panier.",
    "not_found": "Page introuvable",
    "too_many": "Trop de tentatives",
    "too_many_more": "Veuillez réessayer dans 15 minutes.",
    "previous_step": "Revenir à l'étape précédente",
}

_NO_BREAK_SPACE: Final = "\N{NO-BREAK SPACE}"


def _french(text: str) -> str:
    """Keep a colon and a dollar sign on the line of what they follow."""
    return text.replace(" :", f"{_NO_BREAK_SPACE}:").replace(" $", f"{_NO_BREAK_SPACE}$")


TEXTS: Final[Mapping[Language, Mapping[str, str]]] = MappingProxyType(
    {
        Language.ENGLISH: MappingProxyType(_EN),
        Language.FRENCH: MappingProxyType({name: _french(text) for name, text in _FR.items()}),
    }
)
"""The texts, by language and name."""


def money(amount: Decimal, language: Language) -> str:
    """Format dollars as Canadians write them in that language."""
    plain = f"{amount:,.2f}"
    if language is Language.ENGLISH:
        return f"${plain}"
    return plain.replace(",", _NO_BREAK_SPACE).replace(".", ",") + f"{_NO_BREAK_SPACE}$"


def percent(share: Decimal, language: Language) -> str:
    """Format a share as a percentage."""
    plain = f"{share * 100:.2f}"
    if language is Language.ENGLISH:
        return f"{plain}%"
    return plain.replace(".", ",") + f"{_NO_BREAK_SPACE}%"
