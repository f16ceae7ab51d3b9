"""`flexiti-async init-widget`: one call of widget/init."""

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Final, cast

import attrs
from attrs import frozen
from cyclopts import Group, Parameter

from flexiti_async import ApplyWidget, ConfigError, FlexitiSession, PurchaseWidget
from flexiti_async.api.widget_requests import Flow
from flexiti_async.cli.options import Connection, Flag
from flexiti_async.cli.output import WRONG, CommandError, print_json
from flexiti_async.protocol.redact import mask_text, printable
from flexiti_async.protocol.validation import nearest

__all__ = ["init_widget"]

_PURCHASE: Final = Group("Customer with an account: a number, or personal details", sort_key=10)
_CUSTOMER: Final = Group("Customer for either flow", sort_key=11)
_APPLICATION: Final = Group("Customer: required by --flow apply", sort_key=12)
_MODELS: Final = {Flow.APPLY: ApplyWidget, Flow.PURCHASE: PurchaseWidget}
_NAMES: Final = {
    flow: frozenset(field.name for field in attrs.fields(model)) for flow, model in _MODELS.items()
}
_ALL_NAMES: Final = _NAMES[Flow.APPLY] | _NAMES[Flow.PURCHASE] | {"flow"}

_Text = Annotated[str | None, Parameter(metavar="TEXT")]
_Purchase = Annotated[str | None, Parameter(group=_PURCHASE, metavar="DIGITS")]
_Application = Annotated[str | None, Parameter(group=_APPLICATION, metavar="TEXT")]


@Parameter(name="*", group=_CUSTOMER)
@frozen(kw_only=True, repr=False)
class Fields:
    """
    The fields of both flows, as texts; the library validates them.

    Attributes:
        account_number: Account number, up to 14 digits.
        vcc_number: FlexitiCard number, up to 16 digits; better in --json-file.
        first_name: First name.
        last_name: Last name.
        dob: Date of birth.
        postal_code: Postal code.
        lang: Language of the widget; by default that of the API, en.
        email: E-mail address, for multi-factor authentication.
        phone_number: Ten-digit mobile number, for multi-factor authentication.
        address_1: First line of the address.
        address_2: Second line of the address, if there is one.
        city: City.
        province: Province or territory.
        tos_agreement: The customer accepts the cardholder agreement.
        account_type: Type of account, for --flow apply; default is consumer.
    """

    account_number: _Purchase = None
    vcc_number: _Purchase = None
    first_name: _Text = None
    last_name: _Text = None
    dob: Annotated[str | None, Parameter(metavar="YYYY-MM-DD")] = None
    postal_code: _Text = None
    lang: Annotated[str | None, Parameter(metavar="en|fr")] = None
    email: _Application = None
    phone_number: _Application = None
    address_1: _Application = None
    address_2: _Application = None
    city: _Application = None
    province: Annotated[str | None, Parameter(group=_APPLICATION, metavar="AB|BC|…")] = None
    tos_agreement: Annotated[bool | None, Parameter(group=_APPLICATION, negative=())] = None
    account_type: Annotated[
        str | None, Parameter(group=_APPLICATION, metavar="consumer|business")
    ] = None

    def given(self) -> dict[str, object]:
        """Return the fields that were given."""
        fields = attrs.asdict(self)
        return {name: value for name, value in fields.items() if value is not None}


async def init_widget(
    *,
    flow: Flow | None = None,
    json_file: Annotated[str | None, Parameter(metavar="FILE|-", allow_leading_hyphen=True)] = None,
    fields: Fields | None = None,
    reference_id: Annotated[str | None, Parameter(metavar="GUID")] = None,
    show_url: Flag = False,
    connection: Connection | None = None,
) -> None:
    """
    Call widget/init and print the result as JSON.

    The URL in the result contains the customer's access token, so only --show-url prints it.

    The process list shows options to every user of this machine. Pass card numbers and data of
    real people in a JSON object, {"flow": "purchase", "vcc_number": "…"}, that --json-file reads
    from a file or, with -, from stdin.

    Args:
        flow: Apply for an account, or purchase.
        json_file: JSON object with the fields below; options override it.
        reference_id: x-reference-id of the flow; a new one by default.
        show_url: Print the URL for the customer's browser, which contains the token.
    """
    chosen = {} if json_file is None else _read(json_file)
    chosen |= (fields or Fields()).given()
    if flow is not None:
        chosen["flow"] = flow.value
    widget = _widget(chosen)
    async with FlexitiSession((connection or Connection()).load()) as flexiti:
        result = await flexiti.init_widget(widget, reference_id=reference_id)
    shown: dict[str, object] = {
        "reference_id": result.reference_id,
        "session_id": result.session_id,
        "language": result.language,
        "masked_url": result.masked_url,
    }
    if show_url:
        shown["redirection_url"] = result.redirection_url
    print_json(shown)


def _widget(fields: Mapping[str, object]) -> ApplyWidget | PurchaseWidget:
    """Build the model of the flow; raises ValidationError with all its field errors."""
    try:
        flow = Flow(str(fields["flow"]))
    except (KeyError, ValueError):
        flow = None
    if flow is None:
        msg = f"the flow must be one of {', '.join(Flow)}: set it with --flow or in the file"
        raise CommandError(msg, status=WRONG)
    given = {name: value for name, value in fields.items() if name != "flow"}
    unexpected = sorted(given.keys() - _NAMES[flow])
    if unexpected:
        msg = f"not allowed in the flow {flow.value}: {', '.join(unexpected)}"
        raise CommandError(msg, status=WRONG)
    model: type[ApplyWidget | PurchaseWidget] = _MODELS[flow]
    return model(**cast("dict[str, Any]", given))


def _read(file: str) -> dict[str, object]:
    """Read a JSON object of fields; null counts as missing."""
    name = "stdin" if file == "-" else printable(file)
    document = _parse(_bytes(file, name), name)
    if not isinstance(document, dict):
        msg = f"{name} must contain a JSON object"
        raise CommandError(msg, status=WRONG)
    fields = cast("dict[str, object]", document)
    for field in fields:
        if field not in _ALL_NAMES:
            close = nearest(field, _ALL_NAMES)
            hint = f"; did you mean {close!r}?" if close else ""
            msg = f"unknown field {mask_text(field)!r} in {name}{hint}"
            raise ConfigError(msg, option=mask_text(field), suggestion=close or None)
    return {field: value for field, value in fields.items() if value is not None}


def _bytes(file: str, name: str) -> bytes:
    if file == "-" and sys.stdin is None:  # pyright: ignore[reportUnnecessaryComparison]
        msg = "stdin is closed"
        raise CommandError(msg, status=WRONG)
    try:
        return sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
    except OSError as error:
        msg = f"{name} cannot be read: {error.strerror or type(error).__name__}"
    raise CommandError(msg, status=WRONG)


def _parse(content: bytes, name: str) -> object:
    """Parse JSON; an error names its position only, because the text may be personal data."""
    try:
        return cast("object", json.loads(content.decode("utf-8-sig")))
    except json.JSONDecodeError as error:
        msg = f"{name} is not JSON (line {error.lineno}, column {error.colno})"
    except (ValueError, RecursionError):
        msg = f"{name} cannot be read as JSON in UTF-8"
    raise CommandError(msg, status=WRONG)
