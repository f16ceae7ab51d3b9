"""A value that a request sent is masked where its answer repeats it."""

import json
from typing import Any, Final

import pytest

from flexiti_async import ApplyWidget, PurchaseWidget, Scope, Secret
from flexiti_async.api.accounts import verify
from flexiti_async.api.customers import search
from flexiti_async.api.widget import init_widget
from flexiti_async.protocol.call import BaseCall
from flexiti_async.protocol.oauth import read_grant
from flexiti_async.protocol.response import HttpResponse, read_answer

TOKEN: Final = Secret("opaque.token-of_no+known/form=")
UUID: Final = "3f2504e0-4f89-41d3-9a0c-0305e82c3301"
PERSON: Final[dict[str, Any]] = {
    "first_name": "Al",
    "last_name": "Canarina Tremblay",
    "dob": "1990-01-31",
    "postal_code": "K1A0B1",
}
APPLICANT: Final = ApplyWidget(
    **PERSON,
    email="al@example.com",
    phone_number=6135550100,
    address_1="1 Rue des Érables",
    city="Montréal",
    province="QC",
    tos_agreement=True,
)
CALLS: Final[dict[str, tuple[BaseCall[object], list[str]]]] = {
    "application": (init_widget(APPLICANT), ["Canarina Tremblay", "Érables", "Montréal", "K1A0B1"]),
    "purchase": (init_widget(PurchaseWidget(account_number=1234)), ["1234"]),
    "search": (search(**PERSON), ["Canarina Tremblay", "K1A0B1"]),
    "answer": (
        verify(
            1234,
            request_id=UUID,
            format="security_question",
            security_qid=1,
            security_answer="Rex le chien",
        ),
        ["1234", UUID, "Rex le chien"],
    ),
}


@pytest.mark.parametrize("case", CALLS)
def test_what_was_sent_is_masked(case: str) -> None:
    """Names, streets, answers, UUIDs and opaque tokens have no pattern; the request knows them."""
    call, values = CALLS[case]
    echo = " / ".join([*values, values[0].upper(), TOKEN.reveal()])
    body = {
        "error": echo,
        "message": f"not good: {echo}",
        "url": f"/x/{echo}",
        "field_errors": [{"param": echo, "msg": echo, "value": echo}],
    }
    error = read_answer(call, answer(body), "ref", TOKEN)
    shown = f"{error} {vars(error)}".lower()

    assert [] == [text for text in [*values, TOKEN.reveal()] if text.lower() in shown]
    assert "not good" in shown


def test_short_names_are_masked_as_words_only() -> None:
    """A first name of two letters does not blank out the API's own words."""
    error = read_answer(
        CALLS["application"][0], answer({"message": "Al, 1 Rue: already alerted"}), "r"
    )

    assert "****, 1 ****: already alerted" in str(error)


def test_the_words_of_the_api_stay() -> None:
    """Known codes, and the vocabularies that the request used, are quoted."""
    body = {"error": "wrong_inputs", "message": "flow apply: account_type consumer is wrong"}
    error = read_answer(CALLS["application"][0], answer(body), "r")

    assert "wrong_inputs: flow apply: account_type consumer is wrong" in str(error)


def test_a_long_token_at_the_end_of_a_long_text_is_not_cut_in_half() -> None:
    """A text is masked before it is shortened."""
    token = Secret("t0k-" * 1000)
    for start in (0, 150, 1990, 4000, 4090):
        body = {"message": "x" * start + " " + token.reveal()}
        error = read_answer(CALLS["purchase"][0], answer(body), "r", token)

        assert "t0k-" not in str(error)


def test_token_requests_mask_their_credentials() -> None:
    """The client secret and the refresh token have any form."""
    sent = (Secret("Sesame, öffne dich"), Secret("refresh me"), None)
    body = {"error": "invalid_client", "message": "no sesame, ÖFFNE dich / refresh me"}
    error = read_grant(
        answer(body), reference_id="r", scope=Scope.CUSTOMER, refreshing=False, sent=sent
    )

    assert "no **** / ****" in str(error)


def answer(body: object) -> HttpResponse:
    """Return an error's answer."""
    return HttpResponse(409, {}, json.dumps(body).encode())
