"""The judges of single assumptions; `judging` has those that several share."""

from typing import Final

from flexiti_async.api.endpoints import I18nMethod
from flexiti_async.cli.verify.exchange import at
from flexiti_async.cli.verify.judging import (
    Evidence,
    Judge,
    Verdict,
    confirmed,
    contradicted,
    open_,
)

__all__ = [
    "account_type",
    "apply_flow",
    "decision",
    "either",
    "event_session",
    "fact",
    "i18n_method",
    "insufficient_scope",
    "is_object",
    "is_read",
    "long_bearer",
    "no_match",
    "origin",
    "refresh_revokes",
    "scope_is_needed",
    "session_id",
    "true",
    "word",
]

_OLD_BEARER: Final = 40
_NO_PURCHASE: Final = "needs --purchase"
_APPLY: Final = ("widget/init (apply)", "widget/init (to apply)")


def either(step: str, good: str, bad: str) -> Judge:
    """Report what a request is answered about which the library needs to assume nothing."""

    def judge(evidence: Evidence) -> Verdict:
        made = evidence.first(step)
        if made is None:
            return open_(f"not called: {step}")
        if not made.succeeded and (made.status is None or made.status >= 500):
            return open_(made.summary)
        return confirmed(f"{good if made.succeeded else bad}: {made.summary}")

    return judge


def refresh_revokes(evidence: Evidence) -> Verdict:
    """Judge whether an access token still works after its refresh."""
    refreshed = evidence.first("refresh")
    made = evidence.first("call with the token before a refresh")
    if refreshed is None or not refreshed.succeeded or made is None:
        return open_("no token was refreshed")
    found = f"the token before: {made.summary}"
    if made.status == 401:
        return confirmed(found)
    if made.succeeded:
        return contradicted(found, "refresh_revokes_access: no")
    return open_(found)


def scope_is_needed(evidence: Evidence) -> Verdict:
    """Judge what a refresh of a customer token without `scope` grants."""
    made = evidence.first("refresh without scope")
    if made is None:
        return open_("no second refresh")
    granted = at(made.data, "scope")
    if made.status == 200 and granted == "customer":
        return contradicted("the scope was kept: customer")
    if made.status == 200 and granted is None:
        return open_("granted, without saying the scope")
    return confirmed(f"{made.summary}, scope {granted}" if granted else made.summary)


def long_bearer(evidence: Evidence) -> Verdict:
    """Judge whether a bearer longer than ASCII(40) is accepted."""
    token = evidence.first("token (merchant)")
    used = evidence.first("probe with merchant scope", "list of authorizations")
    text = at(token.data, "access_token") if token is not None else None
    if not isinstance(text, str) or used is None or not used.succeeded:
        return open_("no token was accepted")
    length = len("Bearer ") + len(text)
    found = f"{length} characters"
    return confirmed(found) if length > _OLD_BEARER else open_(found)


def insufficient_scope(evidence: Evidence) -> Verdict:
    """Judge how a customer token is rejected where it is not accepted."""
    made = evidence.first("call beyond its scope")
    if made is None:
        return open_("not called")
    found = f"{made.summary}, read as {made.read}"
    if made.read.startswith("InsufficientScope"):
        return confirmed(found)
    return contradicted(found) if made.status and made.status < 500 else open_(found)


def i18n_method(evidence: Evidence) -> Verdict:
    """Judge whether the configured method works, or only the other one."""
    chosen = I18nMethod(evidence.settings["i18n_method"])
    [other] = [each for each in I18nMethod if each is not chosen]

    def works(method: I18nMethod) -> bool:
        step = f"i18n ({method.name})"
        made = [each for name, each in evidence.exchanges.items() if name.startswith(step)]
        return any(each.succeeded for each in made)

    found = ", ".join(
        f"{each.name}: {'works' if works(each) else 'does not'}" for each in (chosen, other)
    )
    if works(chosen):
        return confirmed(found)
    return contradicted(found, f"i18n_method: {other.value}") if works(other) else open_(found)


def is_object(*steps: str) -> Judge:
    """Judge whether the first of some steps that succeeded has a JSON object."""

    def judge(evidence: Evidence) -> Verdict:
        for step in steps:
            for name, made in evidence.exchanges.items():
                if not name.startswith(step) or made.status is None or not 200 <= made.status < 300:
                    continue
                found = f"{name}: {type(made.data).__name__}"
                return confirmed(found) if isinstance(made.data, dict) else contradicted(found)
        return open_(f"no answer: {steps[0]}")

    return judge


def is_read(*steps: str) -> Judge:
    """Judge whether the library can read an answer that no page shows."""

    def judge(evidence: Evidence) -> Verdict:
        made = evidence.first(*steps)
        if made is None or made.status is None or not 200 <= made.status < 300:
            return open_(f"no answer: {steps[0]}" if made is None else made.summary)
        found = f"{made.step}: read as {made.read}"
        return confirmed(found) if made.succeeded else contradicted(found)

    return judge


def no_match(evidence: Evidence) -> Verdict:
    """Judge what a search without a match is answered."""
    made = evidence.first("search of nobody")
    if made is None:
        return open_("not called")
    found = made.summary if made.data != [] else f"{made.summary}, an empty list"
    if made.status == 404 or (made.succeeded and made.data == []):
        return confirmed(found)
    return contradicted(found) if made.status and made.status < 500 else open_(found)


def word(step: str, path: str, *known: str) -> Judge:
    """Judge whether a value is in a vocabulary."""

    def judge(evidence: Evidence) -> Verdict:
        made = evidence.first(step)
        value = at(made.data, path) if made is not None and made.succeeded else None
        if not isinstance(value, str):
            return open_(f"no {path} in {step}")
        return confirmed(value) if value in known else contradicted("another word")

    return judge


def session_id(evidence: Evidence) -> Verdict:
    """Judge whether the URL has the widget session."""
    there = evidence.facts.get("session_id")
    if there is None:
        return open_("no widget was opened")
    return confirmed("it does") if there else contradicted("it does not", "old_widget: True")


def origin(evidence: Evidence) -> Verdict:
    """Judge whether the URL leads where `widget_origins` allows it."""
    leads = evidence.facts.get("origin")
    if not isinstance(leads, str):
        return open_("no widget was opened")
    if evidence.facts.get("origin_allowed"):
        return confirmed(leads)
    return contradicted(leads, f"widget_origins: {leads}")


def account_type(evidence: Evidence) -> Verdict:
    """Judge whether the configured place is accepted, or only another one."""
    made = evidence.first(*_APPLY)
    if made is None:
        return open_("needs an applicant in --customer")
    place = evidence.settings["account_type_place"]
    if made.succeeded:
        return confirmed(f"{place}: {made.summary}")
    for name, other in evidence.exchanges.items():
        first, _, tried = name.partition(", account_type ")
        if first in _APPLY and tried and other.succeeded:
            return contradicted(
                f"{place}: {made.summary}; {tried}: {other.summary}",
                f"account_type_place: {tried}",
            )
    return open_(f"{made.summary} with every place")


def apply_flow(evidence: Evidence) -> Verdict:
    """Judge whether the apply flow is accepted, wherever `account_type` is."""
    made = [
        each
        for name, each in evidence.exchanges.items()
        if name.startswith(_APPLY) and each.status is not None
    ]
    if not made:
        return open_("needs an applicant in --customer")
    good = next((each for each in made if each.succeeded), made[0])
    if good.succeeded:
        return confirmed(f"{good.step}: {good.summary}")
    certain = good.status in {400, 404, 409}
    return contradicted(good.summary) if certain else open_(good.summary)


def fact(name: str, *known: str) -> Judge:
    """Judge a word of the widget's event."""

    def judge(evidence: Evidence) -> Verdict:
        if "event" not in evidence.facts:
            return open_("no event of the widget: paste one with --purchase or --application")
        value = evidence.facts.get(name)
        if value is None or value in known:
            return confirmed(str(value or "null"))
        return contradicted("another word")

    return judge


def event_session(evidence: Evidence) -> Verdict:
    """Judge whether the widget's event has the session id."""
    there = evidence.facts.get("event_session")
    if there is None or evidence.facts.get("event") != "flx-success":
        return open_("no flx-success: paste one with --purchase or --application")
    return confirmed("it does") if there else contradicted("it does not", "old_widget: True")


def true(name: str) -> Judge:
    """Judge whether something was found in an answer."""

    def judge(evidence: Evidence) -> Verdict:
        found = evidence.facts.get(name)
        if found is None:
            return open_(_NO_PURCHASE)
        return confirmed("found") if found else contradicted("not found: say it to each call")

    return judge


def decision(evidence: Evidence) -> Verdict:
    """Judge whether an application with a test key is decided as the key says."""
    made = evidence.first("apply")
    key = evidence.facts.get("test_key")
    if made is None or not made.succeeded or not isinstance(key, str):
        return open_("needs --application")
    expected = {"A": "approved", "P": "pending", "D": "declined"}.get(key[:1], "")
    said = str(made.data).lower()
    found = [each for each in ("approved", "pending", "declined") if each in said]
    if found == [expected]:
        return confirmed(f"{key}: {expected}")
    return contradicted(f"{key}: {', '.join(found)}") if found else open_("no word of a decision")
