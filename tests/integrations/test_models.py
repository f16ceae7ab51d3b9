"""FastAPI and Litestar take and return every public model, with a schema; a wrong field is 422."""

from collections.abc import Callable, Iterator, Mapping
from typing import Annotated, Any, cast

import pytest
from fastapi import Body, FastAPI
from fastapi.testclient import TestClient as FastApiClient
from litestar import Litestar, post
from litestar.params import JSONBody
from litestar.testing import TestClient as LitestarClient
from pydantic import BaseModel, TypeAdapter
from pydantic import ValidationError as PydanticError

from flexiti_async import FlexitiConfig
from flexiti_async.api import OnlinePurchase, Plans, PromotionalPurchase, PurchaseWidget
from flexiti_async.integrations.fastapi import add_problem_handler
from flexiti_async.integrations.litestar import FlexitiPlugin
from flexiti_async.protocol.model import Model

from ..api.model_samples import ANSWERS, CARD, PERSON, REQUESTS

MODELS: Mapping[str, Model] = {**REQUESTS, **ANSWERS}
WRONG = {"account_number": "x", "first_name": PERSON, "vcc_number": CARD + "0", "lang": "xx"}
"""Values of a customer, all of them in the wrong place or form."""
PROBLEMS = {
    "customer_identification.account_number",
    "customer_identification.vcc_number",
    "lang",
}


def echo(kind: type[Model], data: object) -> Callable[..., Any]:
    """Return a handler that checks the type of what it takes, and returns it."""

    async def handle(data: Any) -> Any:  # noqa: ANN401 - replaced below
        assert type(data) is kind
        return data

    handle.__annotations__ = {"data": data, "return": kind}
    return handle


@pytest.fixture(scope="module")
def in_fastapi() -> Iterator[FastApiClient]:
    """Yield a client of an application with a path for each model."""
    app = FastAPI()
    add_problem_handler(app)
    for name, model in MODELS.items():
        kind = type(model)
        app.post(f"/{name}")(echo(kind, Annotated[kind, Body()]))

    @app.post("/by-hand")
    async def by_hand(data: Annotated[dict[str, object], Body()]) -> PurchaseWidget:
        return PurchaseWidget.from_dict(data)

    with FastApiClient(app) as client:
        yield client


@pytest.fixture(scope="module")
def in_litestar() -> Iterator[LitestarClient[Litestar]]:
    """Yield a client of an application with a path for each model."""
    handlers = [
        post(f"/{name}", name=name)(echo(type(model), cast("Any", JSONBody)[type(model)]))
        for name, model in MODELS.items()
    ]

    @post("/many")
    async def many(data: JSONBody[list[PurchaseWidget]]) -> dict[str, Plans | None]:
        return {str(one.account_number): None for one in data} | {"plans": Plans()}

    config = FlexitiConfig(client_id="shop", client_secret="s", base_url="http://127.0.0.1:9")
    app = Litestar([*handlers, many], plugins=[FlexitiPlugin(config)], logging_config=None)
    with LitestarClient(app) as client:
        yield client


def test_fastapi_takes_and_returns_every_model(in_fastapi: FastApiClient) -> None:
    """It takes what `to_dict(reveal=True)` writes, and returns what `to_dict()` does."""
    for name, model in MODELS.items():
        answer = in_fastapi.post(f"/{name}", json=model.to_dict(reveal=True))

        assert (200, model.to_dict()) == (answer.status_code, answer.json()), name


def test_litestar_takes_and_returns_every_model(in_litestar: LitestarClient[Litestar]) -> None:
    """It takes what `to_dict(reveal=True)` writes, and returns what `to_dict()` does."""
    for name, model in MODELS.items():
        answer = in_litestar.post(f"/{name}", json=model.to_dict(reveal=True))

        assert (201, model.to_dict()) == (answer.status_code, answer.json()), name


@pytest.mark.parametrize("framework", ["in_fastapi", "in_litestar"])
def test_the_document_has_a_schema(framework: str, request: pytest.FixtureRequest) -> None:
    """The fields of a model, what it takes apart from what it returns, are in the document."""
    client = request.getfixturevalue(framework)
    path = "/openapi.json" if framework == "in_fastapi" else "/schema/openapi.json"
    operation = client.get(path).json()["paths"]["/PurchaseWidget"]["post"]
    taken = operation["requestBody"]["content"]["application/json"]["schema"]
    returned = next(iter(operation["responses"].values()))["content"]["application/json"]["schema"]

    assert {"account_number", "vcc_number", "lang"} < set(taken["properties"])
    assert taken["additionalProperties"] is False
    assert {"lang", "tos_agreement"} == set(returned["properties"])


def test_a_wrong_field_in_fastapi(in_fastapi: FastApiClient) -> None:
    """The answer has FastAPI's own shape, all problems, their places in the body, and no value."""
    answer = in_fastapi.post("/PurchaseWidget", json=WRONG)

    assert 422 == answer.status_code
    assert {("body", "account_number"), ("body", "vcc_number"), ("body", "lang")} == {
        tuple(problem["loc"]) for problem in answer.json()["detail"]
    }
    assert PERSON not in answer.text
    assert CARD not in answer.text


def test_one_shape_in_fastapi(in_fastapi: FastApiClient) -> None:
    """A handler that calls `from_dict` itself answers with problem details, as everywhere."""
    answer = in_fastapi.post("/by-hand", json=WRONG)

    assert 422 == answer.status_code
    assert "application/problem+json" == answer.headers["content-type"]
    assert {problem["field"] for problem in answer.json()["errors"]} == PROBLEMS


def test_a_wrong_field_in_litestar(in_litestar: LitestarClient[Litestar]) -> None:
    """The answer is problem details with all problems; in a list they have their places."""
    answer = in_litestar.post("/PurchaseWidget", json=WRONG)
    many = in_litestar.post("/many", json=[{"account_number": 1}, {"lang": "xx"}, 5])

    assert (422, 422) == (answer.status_code, many.status_code)
    assert "application/problem+json" == answer.headers["content-type"]
    assert {problem["field"] for problem in answer.json()["errors"]} == PROBLEMS
    assert {"[1].lang", "[2]"} <= {problem["field"] for problem in many.json()["errors"]}
    assert PERSON not in answer.text


def test_lists_and_mappings_in_litestar(in_litestar: LitestarClient[Litestar]) -> None:
    """Handlers may take and return models in lists and mappings; amounts keep their digits."""
    answer = in_litestar.post("/many", json=[{"account_number": "10000001"}])
    exact = in_litestar.post("/Fee", content=b'{"amount": 0.10}')
    broken = in_litestar.post("/Fee", content=b"{")

    assert {"10000001": None, "plans": Plans().to_dict()} == answer.json()
    assert "0.10" == exact.json()["amount"]
    assert 400 == broken.status_code


class Basket(BaseModel):
    """A pydantic model of the shop."""

    purchase: OnlinePurchase
    plans: list[PromotionalPurchase] = []


def test_models_in_a_model_of_pydantic() -> None:
    """Places lead through the shop's own model; objects are taken as they are."""
    plan = cast("PromotionalPurchase", ANSWERS["PromotionalPurchase"])
    data = {"purchase": REQUESTS["OnlinePurchase"].to_dict(reveal=True), "plans": [plan]}
    basket = Basket.model_validate(data)
    products = [{}, {"quantity": "x"}]
    with pytest.raises(PydanticError) as caught:
        Basket.model_validate(
            {"purchase": {"sku_data": {"products": products}}, "plans": [{"plan_id": "x"}]}
        )
    places = {error["loc"] for error in caught.value.errors()}

    assert (REQUESTS["OnlinePurchase"], [plan]) == (basket.purchase, basket.plans)
    assert [plan.to_dict()] == basket.model_dump(mode="json")["plans"]
    assert {
        ("purchase", "amount"),
        ("purchase", "sku_data", "products", 1, "quantity"),
        ("plans", 0, "plan_id"),
    } <= places
    assert "properties" in TypeAdapter(Basket).json_schema()
