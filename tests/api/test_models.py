"""Models as plain values: no secret by accident, exact, read back, all problems at once."""

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import cast

import attrs
import cattrs
import pytest
from attrs import frozen

from flexiti_async import PurchaseWidget, Secret, ValidationError, api
from flexiti_async.api import (
    Authorization,
    AuthorizationPage,
    Capture,
    OnlinePurchase,
    Plans,
    SkuData,
    Widget,
    WidgetEvent,
    revealing_converter,
)
from flexiti_async.errors import MalformedEvent
from flexiti_async.protocol.json_schema import json_schema_of
from flexiti_async.protocol.model import Model, attributes_of

from ..support.canaries import sightings
from .model_samples import ANSWERS, CARD, PERSON, REQUESTS, TOKEN, WIDGET_SESSION

MODELS: Mapping[str, Model] = {**REQUESTS, **ANSWERS}


def test_every_public_model_is_tested() -> None:
    """Each attrs class of `flexiti_async.api` has the methods, and a sample."""
    public = {name: getattr(api, name) for name in dir(api)}
    models = {
        name
        for name, value in public.items()
        if isinstance(value, type) and attrs.has(value) and name != "Call"
    }

    assert models == set(MODELS)


def test_read_back() -> None:
    """`from_dict` reads what `to_dict(reveal=True)` has written, through JSON."""
    texts = {name: json.dumps(model.to_dict(reveal=True)) for name, model in MODELS.items()}
    read = {name: type(MODELS[name]).from_dict(json.loads(text)) for name, text in texts.items()}

    assert {} == {name: model for name, model in read.items() if model != MODELS[name]}


def test_no_secret_leaves_by_accident() -> None:
    """Without `reveal` there is neither a secret nor, in a request, what the repr hides."""
    secrets = (CARD, TOKEN, WIDGET_SESSION)
    answers = {name: json.dumps(model.to_dict()) for name, model in ANSWERS.items()}
    requests = {name: json.dumps(model.to_dict()) for name, model in REQUESTS.items()}

    assert [] == [name for name, text in answers.items() if any(one in text for one in secrets)]
    assert [] == [
        name for name, text in requests.items() if any(one in text for one in (*secrets, PERSON))
    ]
    assert {name: set(json.loads(text)) for name, text in requests.items()} == {
        name: {field.name for field in attributes_of(type(model)) if field.repr}
        for name, model in REQUESTS.items()
    }


def test_the_schema_names_what_is_written() -> None:
    """The schema of what is written names every field, and requires only those."""
    for model in MODELS.values():
        schema = json_schema_of(type(model), written=True)
        written = set(model.to_dict()) - set(getattr(model, "extra", ()))

        assert written <= set(cast("dict[str, object]", schema["properties"]))
        assert set(cast("list[str]", schema.get("required", ()))) <= set(model.to_dict())


def test_no_secret_of_extra_leaves() -> None:
    """The API may add a secret to any answer: it is known by its name."""
    answer = api.Authorization(extra={"id": 1, "data": {"access_token": "t"}, "vcc_number": "4"})

    assert {"id": 1, "data": {}} == {
        name: value for name, value in answer.to_dict().items() if name in answer.extra
    }
    assert "4" == answer.to_dict(reveal=True)["vcc_number"]


def test_numbers_that_are_properties_are_included() -> None:
    """The ids of an authorization, read from `extra`, have names of their own, in a list too."""
    page = cast("AuthorizationPage", ANSWERS["AuthorizationPage"]).to_dict()
    first = cast("list[dict[str, object]]", page["items"])[0]
    capture = ANSWERS["Capture"].to_dict()

    assert ("77", "opened", True, 2) == (
        first["authorization_id"],
        first["authorization_status"],
        first["replayed"],
        page["total"],
    )
    assert ("5", "80.00") == (capture["capture_id"], capture["remaining_capture_amount"])


def test_amounts_are_text() -> None:
    """No digit is lost, in `extra` neither; an exponent is written out."""
    fee = api.Fee(amount=Decimal("1E+2"), extra={"other": Decimal("0.10")})

    assert ("100", "0.10") == (fee.to_dict()["amount"], fee.to_dict()["other"])


def test_a_property_without_another_source_is_kept() -> None:
    """A front end sends back the id only: the model still has it."""
    read = Authorization.from_dict({"authorization_id": "77", "capture_id": None})

    assert ("77", None) == (read.authorization_id, read.capture_id)
    assert {"authorization_id": "77"} == read.extra


def test_a_widget_is_shown_without_its_url() -> None:
    """A front end gets the ids; the URL is revealed on purpose."""
    widget = cast("Widget", ANSWERS["Widget"])

    assert {"sent_reference_id", "masked_url", "reference_id", "language"} == set(widget.to_dict())
    assert widget.redirection_url == widget.to_dict(reveal=True)["redirection_url"]


def test_all_problems_of_a_request_at_once() -> None:
    """Missing, invalid, unknown and nested fields are reported together, by the API's names."""
    data: dict[str, object] = {
        "account_number": "x",
        "amount": 1.5,
        "auto_capture": None,
        "acount": 1,
        "<script>": 1,
        "sku_data": {
            "purchase_order": "x" * 11,
            "products": [{"quantity": "1.5"}, {"quantity": True, "sku": "x"}, 5],
        },
    }
    with pytest.raises(ValidationError) as caught:
        OnlinePurchase.from_dict(data)

    assert [
        ("account_number", "wrong format"),
        ("amount", "wrong format"),
        ("financing_option.transaction_type", "required"),
        ("auto_capture", "required"),
        ("widget_session_id", "required"),
        ("acount", "invalid"),
        ("?", "invalid"),
        ("sku_data.purchase_order", "length"),
        ("sku_data.products[2]", "wrong format"),
        ("sku_data.products[1].quantity", "wrong format"),
        ("sku_data.products[1].sku", "invalid"),
    ] == [(error.param, error.msg) for error in caught.value.field_errors]
    assert "must be dollars" in str(caught.value)
    assert "did you mean 'sku_id'?" in str(caught.value)


@pytest.mark.parametrize("data", [None, [], "text", 5, {1: 2}])
@pytest.mark.parametrize(
    "name", ["PurchaseWidget", "Plans", "WidgetEvent", "ReferenceData", "Page"]
)
def test_data_of_any_type_are_a_validation_error(name: str, data: object) -> None:
    """Anything but a JSON object of the right fields is a ValidationError."""
    with pytest.raises(ValidationError):
        type(MODELS[name]).from_dict(cast("Mapping[str, object]", data))


def test_a_wrong_field_of_an_answer_is_named() -> None:
    """The place is that in the data."""
    data = {"promotional_purchase": [{"terms": [{"term": 1}, {"term": "x"}]}]}
    with pytest.raises(ValidationError) as caught:
        Plans.from_dict(data)
    with pytest.raises(ValidationError) as missing:
        Widget.from_dict({})

    assert "promotional_purchase[0].terms[1].term" == caught.value.field_errors[0].param
    assert "redirection_url: required, required field missing" == str(missing.value)


def test_no_problem_shows_its_data() -> None:
    """Neither the error nor the frames of its traceback hold what was sent."""
    data = {"first_name": PERSON, "vcc_number": CARD + "0", "lang": PERSON}
    with pytest.raises(ValidationError) as caught:
        PurchaseWidget.from_dict(data)

    assert [] == sightings(caught.value, PERSON, CARD)


def test_null_is_not_given() -> None:
    """Null leaves a default as it is, and a required field missing."""
    given = {"account_number": 1, "lang": None, "tos_agreement": None}

    assert PurchaseWidget(account_number=1) == PurchaseWidget.from_dict(given)
    with pytest.raises(ValidationError, match="one of the three"):
        PurchaseWidget.from_dict({**given, "account_number": None})


def test_an_event_is_read_as_from_a_browser() -> None:
    """It has the browser's shape, and no other is accepted."""
    event = cast("WidgetEvent", ANSWERS["WidgetEvent"])
    with pytest.raises(MalformedEvent):
        WidgetEvent.from_dict({"type": "flx-success"})

    assert {"eventType", "eventData"} == set(event.to_dict())
    assert event == api.parse_event(json.dumps(event.to_dict(reveal=True)))


@frozen
class Order:
    """A class of the shop."""

    number: str
    sku_data: SkuData
    plans: Plans
    captures: list[Capture]
    code: Secret


def test_the_converter_reads_back_what_it_wrote() -> None:
    """Each model, and models in a class of the shop, through JSON."""
    converter = revealing_converter()
    order = Order(
        "9",
        cast("SkuData", REQUESTS["SkuData"]),
        cast("Plans", ANSWERS["Plans"]),
        [Capture(extra={"capture_id": 5})],
        Secret("s"),
    )
    text = json.dumps(converter.unstructure(order))

    assert order == converter.structure(json.loads(text), Order)
    assert {} == {
        name: model
        for name, model in MODELS.items()
        if model
        != converter.structure(json.loads(json.dumps(converter.unstructure(model))), type(model))
    }


def test_the_converter_reports_what_is_wrong() -> None:
    """The problems of a model are in cattrs' group of errors."""
    with pytest.raises(cattrs.ClassValidationError) as caught:
        revealing_converter().structure({"sku_data": {"products": 5}}, Order)

    assert caught.group_contains(ValidationError, match="must be a list or a tuple of Product")
