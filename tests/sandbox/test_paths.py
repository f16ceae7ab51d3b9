"""Unknown paths and methods, and bodies that are too large."""

import io

import pytest

from flexiti_async.sandbox import Sandbox
from tests.sandbox.conftest import Api

BASE = "/flexiti/pos-api"


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/v2.5",
        "/v2.5/oauth/token/",
        "/v2.5.1/oauth/token",
        "/oauth/token",
        "/v2.5/client-id/sandbox-client/oauth/token",
        "/v2.5/client-id/sandbox-clientwidget/init",
        "/v2.5/client-id/widget/init",
        "/v2.5/client-id//widget/init",
        "/v2.5/client-id/sandbox-client/widget/Init",
        "/v2.5//oauth/token",
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_unknown_path(api: Api, sandbox: Sandbox, method: str, path: str) -> None:
    """A path outside the index is a 404 in JSON, and recorded as unknown."""
    answer = await api.send(method, path)

    assert (404, "not_found") == answer.refusal
    assert BASE + path == answer.body["url"]
    assert 1 == sandbox.count("unknown", status=404)


@pytest.mark.parametrize(
    "path", ["/v2.5/oauth/token", "/v2.5/client-id/sandbox-client/widget/init"]
)
@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE", "OPTIONS"])
async def test_wrong_method(api: Api, method: str, path: str) -> None:
    """Other methods than POST are refused, and the answer names POST."""
    answer = await api.send(method, path)

    assert (405, "method_not_allowed") == answer.refusal
    assert "POST" == answer.headers["allow"]


async def test_head(api: Api, sandbox: Sandbox) -> None:
    """HEAD is refused, too; its answer has no body."""
    async with api.http.head(f"{sandbox.base_url}/v2.5/oauth/token") as response:
        assert (405, b"") == (response.status, await response.read())


async def test_body_that_is_too_large(api: Api, sandbox: Sandbox) -> None:
    """A body of more than a mebibyte is refused and recorded."""
    url = f"{sandbox.base_url}/v2.5/oauth/token"
    async with api.http.post(url, data=io.BytesIO(bytes(1_100_000))) as response:
        answer = await response.json()

    assert (413, "wrong_inputs") == (response.status, answer["error"])
    assert 1 == sandbox.count("oauth/token", status=413)
