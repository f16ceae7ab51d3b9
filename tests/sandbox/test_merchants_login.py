"""merchants/login (spec section 3)."""

import pytest

from flexiti_async.sandbox import Sandbox
from tests.sandbox.conftest import PROVINCES, Api

RIGHT = {"merchant_username": "sandbox-merchant", "merchant_password": "sandbox-merchant-password"}


@pytest.mark.parametrize("body", [None, {}, RIGHT])
async def test_login(api: Api, body: dict[str, str] | None) -> None:
    """The right credentials, or none at all, log in and return the form values."""
    answer = await api.call("merchants/login", await api.access_token(), body)

    assert 200 == answer.status
    assert ("Sandbox Store", "100200") == (answer.body["merchant_name"], answer.body["merchant_id"])
    values = {
        name: [element["id"] for element in elements]
        for name, elements in answer.body["form_values"].items()
    }
    assert ["mr", "ms", "mrs", "mss"] == values["salutation"]
    assert PROVINCES == values["province"]
    assert [4, 5, 6, 7, 8, 9] == values["security_qid"]
    assert "CADL" == values["govid_type"][0]


@pytest.mark.parametrize(
    "body",
    [
        {**RIGHT, "merchant_password": "other"},
        {**RIGHT, "merchant_username": "other"},
        {"merchant_username": RIGHT["merchant_username"]},
        {"merchant_password": RIGHT["merchant_password"]},
        {"merchant_username": "", "merchant_password": ""},
    ],
)
async def test_wrong_credentials(api: Api, body: dict[str, str]) -> None:
    """If one of the credentials is sent, both must be right."""
    answer = await api.call("merchants/login", await api.access_token(), body)

    assert (409, "authentication_failure") == answer.refusal
    assert [] == answer.field_errors


async def test_credentials_are_settings(api: Api, sandbox: Sandbox) -> None:
    """The merchant's credentials are settings."""
    sandbox.merchant_username = "store-7"
    sandbox.merchant_password = "é"
    body = {"merchant_username": "store-7", "merchant_password": "é"}
    access_token = await api.access_token()

    assert 200 == (await api.call("merchants/login", access_token, body)).status
    assert 409 == (await api.call("merchants/login", access_token, RIGHT)).status


@pytest.mark.parametrize("value", [None, 5, True, ["x"], {}])
async def test_credentials_of_another_type(api: Api, value: object) -> None:
    """Credentials must be strings, and other values are not echoed."""
    body = {**RIGHT, "merchant_password": value}
    answer = await api.call("merchants/login", await api.access_token(), body)

    assert (409, "wrong_inputs") == answer.refusal
    expected = {"param": "merchant_password", "msg": "wrong format", "value": None}
    assert [expected] == answer.body["field_errors"]


@pytest.mark.parametrize(
    ("query", "status"), [("?lang=en", 200), ("?lang=fr", 200), ("?lang=de", 409)]
)
async def test_language(api: Api, query: str, status: int) -> None:
    """The language is a query parameter."""
    answer = await api.call("merchants/login", await api.access_token(), query=query)

    assert status == answer.status


@pytest.mark.parametrize("allowed", [False, True])
async def test_unknown_field(api: Api, sandbox: Sandbox, allowed: bool) -> None:
    """An unknown field is refused, unless a setting allows it."""
    sandbox.allow_unknown_fields = allowed
    answer = await api.call("merchants/login", await api.access_token(), {"username": "x"})

    assert (200 if allowed else 409) == answer.status
    if not allowed:
        assert [("username", "invalid")] == answer.field_errors


async def test_body_must_be_json(api: Api) -> None:
    """A form is refused."""
    headers = {"content-type": "application/x-www-form-urlencoded"}
    answer = await api.call(
        "merchants/login", await api.access_token(), headers=headers, data=b"a=b"
    )

    assert [("content-type", "wrong format")] == answer.field_errors
