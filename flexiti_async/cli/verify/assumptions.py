"""
The assumptions about the API that this library makes without knowing: one table.

The rows are those of spec section 8 (pages that contradict each other) and 9, and the points that
no page shows. Section 8 has more rows: those about the portal itself (38, 39, 42) are not
assumptions of code.
"""

import enum
from collections.abc import Sequence
from typing import Final

from attrs import frozen

from flexiti_async.cli.verify import judges
from flexiti_async.cli.verify.judging import (
    Judge,
    exists,
    has,
    rejected,
    succeeds,
    unseen,
    version,
)

__all__ = ["ASSUMPTIONS", "Assumption", "Kind"]


class Kind(enum.StrEnum):
    """Why it is an assumption."""

    UNKNOWN = "unknown"
    """No page shows it."""
    INFERRED = "inferred"
    """It follows from what pages show elsewhere."""
    CONTRADICTED = "contradictory pages"
    """Pages, or versions of a page, contradict each other."""


@frozen
class Assumption:
    """
    One assumption.

    Attributes:
        name: Its name in the report.
        kind: Why it is one.
        endpoint: The endpoint that it is about.
        spec: Section of the specification; `8.15` is row 15 of section 8.
        text: The assumption, or the consequence of not knowing.
        judge: Judges it by what a run has found.
    """

    name: str
    kind: Kind
    endpoint: str
    spec: str
    text: str
    judge: Judge


_U, _I, _C = Kind.UNKNOWN, Kind.INFERRED, Kind.CONTRADICTED
_TOKEN: Final = "oauth/token"  # noqa: S105 - a path
_INIT: Final = "widget/init"
_IN_STORE: Final = unseen("in store only: it sends a message to a customer")
_NO_CALL: Final = unseen("no call that is safe shows it")
_OPENED: Final = ("widget/init (purchase)", "widget/init (to buy)")
_APPLIED: Final = ("widget/init (apply)", "widget/init (to apply)")


def _version(kind: Kind, endpoint: str, step: str, expected: str) -> Assumption:
    text = f"It is called at {expected}."
    judge = version(endpoint, step, expected)
    return Assumption(f"version of {endpoint}", kind, endpoint, "8.19", text, judge)


_TOKENS: Final[Sequence[Assumption]] = (
    Assumption(
        *("refresh in time", _C, _TOKEN, "8.1"),
        "A token is refreshed before it expires.",
        succeeds("refresh"),
    ),
    Assumption(
        *("refresh token", _C, _TOKEN, "8.2"),
        "`refresh_token` is the value of that name in the last response, not the access token.",
        succeeds("refresh"),
    ),
    Assumption(
        *("grant type", _C, _TOKEN, "8.3"),
        "The grant is spelled `client_credentials`.",
        succeeds("token (merchant)"),
    ),
    Assumption(
        *("newest refresh token", _C, _TOKEN, "8.4"),
        "The refresh token of the last response is the one to send, not that of the first.",
        succeeds("second refresh"),
    ),
    Assumption(
        *("length of a token", _C, _TOKEN, "8.5"),
        "Tokens may have up to 4,096 characters; with `Bearer ` they exceed ASCII(40).",
        judges.long_bearer,
    ),
    Assumption(
        *("form of the reference id", _C, _TOKEN, "8.6"),
        "`x-reference-id` is 32 hex digits.",
        succeeds("token (merchant)"),
    ),
    Assumption(
        *("hyphenated reference id", _C, _TOKEN, "8.6"),
        "A hyphenated GUID of 36 characters is not needed; this row says whether it is accepted.",
        judges.either("token (hyphenated reference id)", "accepted", "rejected"),
    ),
    Assumption(
        *("client authentication", _C, _TOKEN, "8.7"),
        "Client id and secret are accepted in the form.",
        succeeds("token (form)", to_set="client_auth: basic"),
    ),
    Assumption(
        *("HTTP Basic", _I, _TOKEN, "9"),
        "HTTP Basic is accepted beside the form.",
        succeeds("token (HTTP Basic)"),
    ),
    Assumption(
        *("encoding of the token request", _C, _TOKEN, "8.9"),
        "It is form-urlencoded, not JSON.",
        succeeds("token (form)"),
    ),
    Assumption(
        *("life of a token", _I, _TOKEN, "2.2"),
        "`expires_in` is a number of seconds.",
        has("token (merchant)", "expires_in", int),
    ),
    Assumption(
        *("refresh token granted", _I, _TOKEN, "2.2"),
        "A `client_credentials` grant returns a refresh token.",
        has("token (merchant)", "refresh_token", str),
    ),
    Assumption(
        *("spent refresh token", _U, _TOKEN, "2.4"),
        "A refresh token is good for one refresh: the library never sends one twice.",
        rejected("refresh with a spent token", "400", "401", "403", "409"),
    ),
    Assumption(
        *("refresh revokes the access token", _U, _TOKEN, "2.4"),
        "A refresh may revoke the token before it, so a pinned token is never refreshed.",
        judges.refresh_revokes,
    ),
    Assumption(
        *("scope of a refresh", _U, _TOKEN, "2.4"),
        "A refresh without `scope` does not keep it, so the library always sends it.",
        judges.scope_is_needed,
    ),
    Assumption(
        *("late refresh", _U, _TOKEN, "2.4"),
        "A refresh after expiry is rejected, and `client_credentials` follows.",
        rejected("late refresh", "400", "401", "403", "409"),
    ),
    Assumption(
        *("code of a late refresh", _I, _TOKEN, "9"),
        "A late refresh is 400 `invalid_grant`; the library accepts any 4xx.",
        rejected("late refresh", "400 invalid_grant"),
    ),
    Assumption(
        *("no bearer", _I, "authorizations", "9"),
        "A call without a token is 401 `unauthorized_request`; the library accepts any 401.",
        rejected("call without a bearer", "401 unauthorized_request"),
    ),
    Assumption(
        *("bearer in lower case", _I, "authorizations", "9"),
        "The scheme has to be written `Bearer`, as the library does.",
        rejected("call with bearer in lower case", "400", "401"),
    ),
    Assumption(
        *("unknown or expired token", _I, "authorizations", "6.4"),
        "It is a 401, which leads to another token and one repeat.",
        rejected("call with an unknown bearer", "401"),
    ),
    Assumption(
        *("expired token", _I, "i18n", "6.4"),
        "A token that has expired is a 401.",
        rejected("call with an expired token", "401"),
    ),
    Assumption(
        *("insufficient scope", _I, "authorizations", "9"),
        "It is a 403 with that code or that text, which is never repeated.",
        judges.insufficient_scope,
    ),
    Assumption(
        *("merchant scope everywhere", _C, "i18n", "8.36"),
        "A merchant token is accepted wherever a customer token is listed.",
        succeeds("probe with merchant scope"),
    ),
    Assumption(
        *("token of a flow", _C, _INIT, "8.13"),
        "The token that opened a widget is kept for the whole flow.",
        unseen("a run opens and ends a flow with one token"),
    ),
)

_WIDGET: Final[Sequence[Assumption]] = (
    Assumption(
        *("merchants/login", _C, "merchants/login", "8.10"),
        "It is not needed before widget/init.",
        succeeds(*_OPENED, to_set="merchants_login: always"),
    ),
    Assumption(
        *("merchants/login still answers", _U, "merchants/login", "3"),
        "The deprecated endpoint is there.",
        exists("merchants/login"),
    ),
    Assumption(
        *("path of widget/init", _C, _INIT, "8.14"),
        "There is a slash between client id and `widget`.",
        exists("widget/init (invalid)"),
    ),
    Assumption(
        *("encoding of calls", _C, _INIT, "8.8"),
        "Bodies are JSON, except that of oauth/token.",
        succeeds(*_OPENED),
    ),
    Assumption(
        *("one identifier", _C, _INIT, "8.44"),
        "One of account, card and person is enough.",
        succeeds(*_OPENED),
    ),
    Assumption(
        *("URL of one call", _C, _INIT, "8.45"),
        "One POST returns `redirection_url`.",
        has("widget/init (purchase)", "redirection_url", str),
    ),
    Assumption(
        *("session id in the URL", _I, _INIT, "4.4"),
        "`redirection_url` contains the `widget_session_id`.",
        judges.session_id,
    ),
    Assumption(
        *("origin of the URL", _I, _INIT, "4.4"),
        "`redirection_url` leads to the API's origin or a host of flexiti.fi.",
        judges.origin,
    ),
    Assumption(
        *("account_type", _C, _INIT, "8.11"),
        "`account_type` has the place that `account_type_place` says.",
        judges.account_type,
    ),
    Assumption(
        *("apply flow", _C, _INIT, "8.12"),
        "widget/init still opens the apply flow.",
        judges.apply_flow,
    ),
    Assumption(
        *("numbers in requests", _C, _INIT, "8.33, 8.46"),
        "`phone_number` is a JSON number.",
        judges.apply_flow,
    ),
    Assumption(
        *("lengths of names", _C, _INIT, "8.31"),
        "First and last name may have 80 and 130 characters.",
        _NO_CALL,
    ),
    Assumption(
        *("field errors", _C, _INIT, "8.22"),
        "Field errors are in `field_errors`; `error_fields` is read as well.",
        has("widget/init (invalid)", "field_errors", list, "error_fields"),
    ),
    Assumption(
        *("code of invalid inputs", _C, _INIT, "8.23"),
        "It is `wrong_inputs`; `wrong_input` is read as well.",
        rejected("widget/init (invalid)", "409 wrong_inputs"),
    ),
    Assumption(
        *("action of an event", _C, _INIT, "8.28, 8.29"),
        "`action` is one of apply, purchase, activation, retry, or null.",
        judges.fact("action", "apply", "purchase", "activation", "retry"),
    ),
    Assumption(
        *("mfaOptionSelected", _C, _INIT, "8.27"),
        "It is sms, email, security_question, or null.",
        judges.fact("mfa_option", "sms", "email", "security_question"),
    ),
    Assumption(
        *("session id of an event", _I, _INIT, "7.3"),
        "`flx-success` repeats the `widget_session_id`.",
        judges.event_session,
    ),
    Assumption(*("PIN 2222", _C, _INIT, "8.40"), "It is for applications only.", _NO_CALL),
)

_READING: Final[Sequence[Assumption]] = (
    Assumption(
        *("method of i18n", _C, "i18n", "8.15"),
        "i18n is called with the method of `i18n_method`.",
        judges.i18n_method,
    ),
    Assumption(
        *("answer of i18n", _U, "i18n", "5.1"),
        "It is a JSON object.",
        judges.is_object("i18n (POST)", "i18n (GET)"),
    ),
    Assumption(
        *("answer of terms-and-conditions", _U, "terms-and-conditions", "5.2"),
        "It is a JSON object, in the language of the query `lang`.",
        judges.is_object("terms"),
    ),
    Assumption(
        *("customer without a match", _U, "customers/search", "5.6"),
        "It is a 404, or an empty list; the library passes either on.",
        judges.no_match,
    ),
    Assumption(
        *("customer_id", _C, "customers/search", "8.30"),
        "It is text.",
        has("search", "0.customer_id", str),
    ),
    Assumption(
        *("risk_rating", _C, "customers/search", "8.35"),
        "It is one of L, M, H, X, Y, Z, N, P, Q, R, S; the library accepts any text.",
        judges.word("search", "0.risk_rating", *"LMHXYZNPQRS"),
    ),
    Assumption(
        *("postal code", _C, "customers/search", "8.32"),
        "Six characters without a space are accepted.",
        succeeds("search"),
    ),
    Assumption(
        *("method of calculate-interest", _C, "calculate-interest", "8.16"),
        "It is a POST.",
        exists("plans", "plans (to buy)"),
    ),
    Assumption(
        *("annual_rates", _C, "calculate-interest", "8.20"),
        "A term of v2.5.1 has `annual_rates`; `apr` is read as well.",
        has(
            *("plans", "promotional_purchase.0.terms.0.annual_rates", (dict, list)),
            "promotional_purchase.0.terms.0.apr",
        ),
    ),
    Assumption(
        *("category_type", _C, "calculate-interest", "8.21"),
        "It is called `category_type`; `customer_category_type` is read as well.",
        has("plans", "customer.category_type", str, "customer.customer_category_type"),
    ),
    _version(_C, "calculate-interest", "plans", "v2.5.1"),
    _version(_I, "i18n", "i18n (POST)", "v2.5"),
    _version(_I, "terms-and-conditions", "terms", "v2.5"),
    _version(_C, "authorizations", "list of authorizations", "v2.5.1"),
    _version(_C, "captures", "list of captures", "v2.5.1"),
    Assumption(
        *("list of authorizations", _U, "authorizations", "5.12"),
        "It is a list, or an object with one list in it.",
        judges.is_read("list of the account's authorizations", "list of authorizations"),
    ),
    Assumption(
        *("list of captures", _U, "captures", "5.12"),
        "It is a list, or an object with one list in it.",
        judges.is_read("list of captures"),
    ),
)

_MONEY: Final[Sequence[Assumption]] = (
    Assumption(
        *("path of authorization", _C, "authorization", "8.18"),
        "An authorization is created at `authorization`, without an s.",
        exists("authorization"),
    ),
    _version(_C, "authorization", "authorization", "v2.5.1"),
    Assumption(
        *("number of an authorization", _U, "authorization", "5.12, 9"),
        "The answer has it under a likely name; the caller can always say it.",
        judges.true("authorization_id"),
    ),
    _version(_C, "authorization/by-id", "authorization by id", "v2.5.1"),
    Assumption(
        *("language by id", _C, "authorization/by-id", "8.43"),
        "The language is the query `?lang=en`.",
        succeeds("authorization by id"),
    ),
    _version(_I, "authorization/capture", "capture", "v2.5"),
    Assumption(
        *("number of a capture", _U, "authorization/capture", "5.12"),
        "The answer has it under a likely name.",
        judges.true("capture_id"),
    ),
    _version(_I, "authorization/release", "release", "v2.5"),
    Assumption(
        *("release of the rest", _U, "authorization/release", "5.12"),
        "Without a body it releases all that was not captured.",
        succeeds("release"),
    ),
    _version(_I, "authorization/capture/return", "return", "v2.5"),
    _version(_I, "refund", "refund", "v2.5"),
    _version(_I, "apply", "apply", "v2.5"),
    Assumption(
        *("body of apply", _U, "apply", "5.5"),
        "The applicant's data have the names and places of widget/init.",
        succeeds("apply"),
    ),
    Assumption(
        *("test keys", _C, "apply", "8.41"),
        "The middle name selects the decision in a test environment.",
        judges.decision,
    ),
    Assumption(
        *("missing authorization", _C, "authorization/capture", "8.25"),
        "Capture and release of an unknown authorization are a 404.",
        _NO_CALL,
    ),
    Assumption(
        *("general error", _C, "authorization", "8.24"), "It is called `general_error`.", _NO_CALL
    ),
    Assumption(
        *("server errors", _C, "authorization", "8.26"), "All 5xx are treated alike.", _NO_CALL
    ),
    Assumption(
        *("idempotency beyond transactions", _U, "authorization", "1.3"),
        "The API ignores idempotency keys elsewhere, so the journal does not rely on them.",
        _NO_CALL,
    ),
    Assumption(
        *("version of transactions", _C, "transactions", "8.19"), "It is v2.5.1.", _IN_STORE
    ),
    Assumption(
        *("path of verify", _C, "verify", "8.17"), "It is `account`, without an s.", _IN_STORE
    ),
    Assumption(*("scope of verify", _C, "verify", "8.37"), "Either is accepted.", _IN_STORE),
    Assumption(
        *("verification code", _C, "verify", "8.34"),
        "It usually has four digits, and may begin with a zero.",
        _IN_STORE,
    ),
    Assumption(
        *("information", _U, "information", "5.3"),
        "The endpoint is called with any body, and never repeated.",
        _NO_CALL,
    ),
)

ASSUMPTIONS: Final[Sequence[Assumption]] = (*_TOKENS, *_WIDGET, *_READING, *_MONEY)
"""All assumptions, by subject."""
