"""`flexiti-async init-widget`."""

import json
import re
from pathlib import Path

import pytest

from flexiti_async.sandbox import Sandbox

from .conftest import CLIENT_SECRET, DOB, EMAIL, VCC_NUMBER, Command, process

PURCHASE = ("init-widget", "--flow", "purchase", "--account-number", "20009100")
REFERENCE_ID = "0123456789abcdef0123456789abcdef"
PERSON = {
    "first_name": "Camille",
    "last_name": "Tremblay",
    "dob": DOB,
    "postal_code": "H2X1Y4",
}
CONTACT = {
    "email": EMAIL,
    "phone_number": "(514) 555-0100",
    "address_1": "1 rue Example",
    "address_2": "app. 2",
    "city": "Montréal",
    "province": "qc",
    "lang": "fr",
}
APPLICATION = {**PERSON, **CONTACT, "account_type": "business"}


def _options(fields: dict[str, str]) -> list[str]:
    """Return fields as options."""
    return [
        word for name, value in fields.items() for word in ("--" + name.replace("_", "-"), value)
    ]


def _sent(sandbox: Sandbox) -> dict[str, object]:
    """Return the body of the last application."""
    return dict(sandbox.init_payload(sandbox.tokens[-1].access_token) or {})


@pytest.mark.usefixtures("sandbox")
def test_purchase(command: Command) -> None:
    """The result is one JSON object, without the URL."""
    ran = command(*PURCHASE, "--reference-id", REFERENCE_ID, "--lang", "fr")
    result = json.loads(ran.out)

    assert (0, "") == (ran.status, ran.err)
    assert {"reference_id", "session_id", "language", "masked_url"} == result.keys()
    assert (REFERENCE_ID, "fr") == (result["reference_id"], result["language"])
    assert "/****?" in result["masked_url"]
    assert result["session_id"] not in result["masked_url"]
    assert None is re.search(r"[0-9a-f]{40}", ran.out)


def test_show_url(command: Command, sandbox: Sandbox) -> None:
    """With --show-url the URL is printed."""
    result = json.loads(command(*PURCHASE, "--show-url").out)

    assert f"/{sandbox.tokens[-1].access_token}?" in result["redirection_url"]


def test_application(command: Command, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every field of an application is an option."""
    monkeypatch.setenv("FLEXITI_ACCOUNT_TYPE_PLACE", "nested")
    ran = command("init-widget", "--flow", "apply", *_options(APPLICATION), "--tos-agreement")
    sent = _sent(sandbox)
    wanted = {
        "email": EMAIL,
        "phone_number": 5145550100,
        "address_1": "1 rue Example",
        "address_2": "app. 2",
        "city": "Montréal",
        "province": "QC",
        "tos_agreement": True,
        "lang": "fr",
    }

    assert (0, "") == (ran.status, ran.err)
    assert wanted.items() <= sent.items()
    assert {"personal_information": PERSON, "account_type": "business"} == (
        sent["customer_identification"]
    )


@pytest.mark.parametrize("who", [{"vcc_number": VCC_NUMBER}, PERSON], ids=["card", "person"])
@pytest.mark.usefixtures("sandbox")
def test_purchase_by_card_or_person(command: Command, who: dict[str, str]) -> None:
    """A card number or personal details identify the customer as well."""
    ran = command("init-widget", "--flow", "purchase", *_options(who))

    assert (0, "") == (ran.status, ran.err)


@pytest.mark.usefixtures("sandbox")
def test_fields_on_stdin() -> None:
    """The script reads a JSON object from stdin, so that no process list shows it."""
    fields = json.dumps({"flow": "purchase", "vcc_number": VCC_NUMBER, "lang": None})
    ran = process("init-widget", "--json-file", "-", stdin=fields)

    assert (0, "") == (ran.status, ran.err)
    assert "en" == json.loads(ran.out)["language"]


def test_options_win_over_the_file(command: Command, sandbox: Sandbox, tmp_path: Path) -> None:
    """Options override the file, which may begin with a byte order mark."""
    file = tmp_path / "fields.json"
    file.write_text(json.dumps({**PERSON, **CONTACT, "flow": "purchase"}), encoding="utf-8-sig")
    ran = command(
        *("init-widget", "--json-file", str(file), "--tos-agreement"),
        *("--flow", "apply", "--city", "Laval"),
    )

    assert (0, "") == (ran.status, ran.err)
    assert {"city": "Laval", "email": EMAIL, "flow": "apply"}.items() <= _sent(sandbox).items()


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (
            '{"flow": "purchase", "vcc_nubmer": "%s"}'.replace("%s", VCC_NUMBER),
            "did you mean 'vcc_number'?",
        ),
        ('{"flow": "purchase", "%s": 1}'.replace("%s", VCC_NUMBER), "unknown field '****' in "),
        ('{"vcc_number": "%s"'.replace("%s", VCC_NUMBER), "is not JSON (line 1, column "),
        ('["%s"]'.replace("%s", VCC_NUMBER), "must contain a JSON object"),
        (
            '{"vcc_number": "%s"}'.replace("%s", VCC_NUMBER),
            "the flow must be one of apply, purchase",
        ),
        ('{"flow": "%s"}'.replace("%s", VCC_NUMBER), "the flow must be one of apply, purchase"),
        (
            '{"flow": "purchase", "account_type": "%s"}'.replace("%s", EMAIL),
            "not allowed in the flow purchase: account_type",
        ),
        ("[" * 100_000, "cannot be read as JSON"),
        ("\x00", "is not JSON"),
    ],
    ids=[
        "misspelt field",
        "value as field",
        "cut off",
        "list",
        "no flow",
        "unknown flow",
        "other flow",
        "deep",
        "zero",
    ],
)
def test_file_that_is_wrong(command: Command, tmp_path: Path, content: str, complaint: str) -> None:
    """A file that is not valid is reported in one line that quotes nothing of it."""
    file = tmp_path / "fields.json"
    file.write_text(content, encoding="utf-8")
    ran = command("init-widget", "--json-file", str(file))

    assert (2, "", 1) == (ran.status, ran.out, len(ran.errors))
    assert complaint in ran.err


def test_file_in_another_encoding(command: Command, tmp_path: Path) -> None:
    """A file that is not UTF-8 is reported in one line."""
    file = tmp_path / "fields.json"
    file.write_text("{}", encoding="utf-16")
    ran = command("init-widget", "--json-file", str(file))

    assert (2, "", 1) == (ran.status, ran.out, len(ran.errors))
    assert "cannot be read as JSON in UTF-8" in ran.err


def test_file_that_is_missing(command: Command, tmp_path: Path) -> None:
    """A missing file is reported in one line."""
    ran = command("init-widget", "--json-file", str(tmp_path / "nothing.json"))

    assert (2, "", 1) == (ran.status, ran.out, len(ran.errors))
    assert ran.err.rstrip().endswith("nothing.json cannot be read: No such file or directory")


@pytest.mark.usefixtures("sandbox")
def test_field_errors(command: Command) -> None:
    """Each field error is a line of its own, without the value, before any request."""
    ran = command(
        *("init-widget", "--flow", "apply", "--first-name", "Camille", "--dob", DOB + "1"),
        *("--postal-code", "H2X1Y4", "--email", EMAIL.replace("@", ""), "--phone-number", "911"),
        *("--address-1", "1 rue Example", "--city", "Laval", "--province", "XX"),
    )

    assert (2, "") == (ran.status, ran.out)
    assert [
        (
            "error: customer_identification.personal_information.last_name: required, must be "
            "text of 1 to 130 characters, no control or invisible characters, such as Smith"
        ),
        (
            "error: customer_identification.personal_information.dob: wrong format "
            "(11 characters), must be a date (not a datetime with a time zone), or text in the "
            "form YYYY-MM-DD, such as 2001-12-31"
        ),
        (
            "error: email: wrong format (29 characters), "
            "must be an e-mail address of at most 100 characters, such as name@example.com"
        ),
        (
            "error: phone_number: length (number of 3 digits), "
            "must be 10 digits, greater than 0, such as 6135550100; extensions are not possible"
        ),
        (
            "error: province: invalid (2 characters), "
            "must be one of AB, BC, MB, NB, NL, NS, NT, NU, ON, PE, QC, SK, YT, or the name, such "
            "as Québec"
        ),
        (
            "error: tos_agreement: invalid (false), must be True, the bool: the text of a form, "
            "such as 'on', is not read as consent; compare it yourself"
        ),
    ] == ran.errors


@pytest.mark.parametrize(
    ("argv", "complaint"),
    [
        (["--client-secret", CLIENT_SECRET], "Unknown option: --client-secret."),
        ([f"--client-secret={CLIENT_SECRET}"], "Unknown option: --client-secret."),
        (
            [f"--vcc-nubmer={VCC_NUMBER}"],
            "Unknown option: --vcc-nubmer. Did you mean --vcc-number?",
        ),
        (["--email", "x", EMAIL], "unexpected arguments: 1 (values with spaces need quotes)"),
        (
            ["--first-name", EMAIL, VCC_NUMBER, DOB],
            "unexpected arguments: 2 (values with spaces need quotes)",
        ),
        ([f"-{VCC_NUMBER}"], "unexpected arguments: 1 "),
        (["--flow", VCC_NUMBER], 'Invalid value "****" for --flow.'),
        (["--json-file"], "--json-file requires an argument"),
    ],
)
def test_wrong_usage(command: Command, argv: list[str], complaint: str) -> None:
    """A usage error is one line that quotes no value."""
    ran = command("init-widget", *argv)

    assert (2, "", 1) == (ran.status, ran.out, len(ran.errors))
    assert complaint in ran.err


def test_error_of_the_api(command: Command, sandbox: Sandbox) -> None:
    """An error of the API is one line with its HTTP status, and the exit status is 1."""
    sandbox.fail("widget/init", status=409)
    ran = command(*PURCHASE, "--reference-id", REFERENCE_ID)

    assert (1, "", 1) == (ran.status, ran.out, len(ran.errors))
    assert ran.err.startswith("error: HTTP 409 general_error: ")
    assert REFERENCE_ID in ran.err


def test_wait_that_the_api_asks_for(command: Command, sandbox: Sandbox) -> None:
    """An error with a Retry-After says when to try again."""
    sandbox.fail("oauth/token", status=429, headers={"Retry-After": "7"}, times=None)
    ran = command(*PURCHASE)

    assert (1, "", 1) == (ran.status, ran.out, len(ran.errors))
    assert ran.err.endswith("; try again in 7 s\n")


@pytest.mark.usefixtures("sandbox")
def test_no_connection(command: Command) -> None:
    """An unreachable API is reported in one line."""
    ran = command(*PURCHASE, "--base-url", "http://127.0.0.1:9/flexiti/pos-api")

    assert (1, "", 1) == (ran.status, ran.out, len(ran.errors))
    assert "no connection to 127.0.0.1:9 (" in ran.err


@pytest.mark.usefixtures("sandbox")
def test_malformed_reference_id(command: Command) -> None:
    """A malformed reference id is rejected, and not shown."""
    ran = command(*PURCHASE, "--reference-id", VCC_NUMBER)

    assert (2, "") == (ran.status, ran.out)
    problem = "must be a GUID: 32 hex digits, with or without dashes and braces"
    assert [f"error: x-reference-id: wrong format (16 characters), {problem}"] == ran.errors


def test_options_win_over_variables(
    command: Command, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An option for the API's address overrides all that the configuration says about it."""
    monkeypatch.delenv("FLEXITI_BASE_URL")
    monkeypatch.setenv("FLEXITI_ENVIRONMENT", "training")
    monkeypatch.setenv("FLEXITI_CLIENT_ID", "somebody-else")
    ran = command(*PURCHASE, "--base-url", sandbox.base_url, "--client-id", sandbox.client_id)

    assert (0, "") == (ran.status, ran.err)


def test_configuration_in_a_file(
    command: Command, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A file can hold the whole configuration."""
    for name in ("BASE_URL", "CLIENT_ID", "CLIENT_SECRET", "STORE"):
        monkeypatch.delenv(f"FLEXITI_{name}")
    file = tmp_path / "shop.toml"
    options = {"base_url": sandbox.base_url, "client_id": sandbox.client_id}
    lines = [f'{name} = "{value}"' for name, value in options.items()]
    file.write_text("\n".join(["[flexiti]", *lines, f'client_secret = "{CLIENT_SECRET}"']))
    monkeypatch.setenv("FLEXITI_CONFIG", str(file))
    ran = command(*PURCHASE)

    assert (0, "") == (ran.status, ran.err)


@pytest.mark.usefixtures("sandbox")
def test_missing_secret(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    """If the secret is missing, the error says where to set it."""
    monkeypatch.delenv("FLEXITI_CLIENT_SECRET")
    ran = command(*PURCHASE)

    assert (2, "") == (ran.status, ran.out)
    assert 1 == len(ran.errors)
    assert "client_secret: is required; set FLEXITI_CLIENT_SECRET, or name a file" in ran.err


def test_wrong_configuration(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    """An unknown variable is an error that suggests the nearest known one."""
    monkeypatch.setenv("FLEXITI_CLIENT_SECERT", CLIENT_SECRET)
    ran = command(*PURCHASE)

    assert (2, "", 1) == (ran.status, ran.out, len(ran.errors))
    assert "did you mean 'FLEXITI_CLIENT_SECRET'?" in ran.err


@pytest.mark.parametrize("name", ["merchant-integration", "merchant_integration"])
def test_both_in_options(command: Command, name: str) -> None:
    """An environment and a base URL exclude each other; option names may have underscores."""
    ran = command(
        *(*PURCHASE, "--environment", name, "--base-url", "https://example.com/api"),
        *("--client-id", "shop"),
    )

    assert (2, "", 1) == (ran.status, ran.out, len(ran.errors))
    assert "set either environment or base_url" in ran.err
