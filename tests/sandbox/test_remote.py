"""A sandbox that other machines and containers reach: over plain http, with a public address."""

from typing import Any

import pytest
from attrs import evolve

from flexiti_async import ConfigError, FlexitiConfig, FlexitiSession, PurchaseWidget
from flexiti_async.errors import MalformedAnswer
from flexiti_async.sandbox import Sandbox

PUBLIC = "http://shop.example:8099"
BUY = PurchaseWidget(account_number=20009100)
ANY = "0.0.0.0"  # noqa: S104 - as in a container


def remote(sandbox: Sandbox, **options: Any) -> FlexitiConfig:
    """Return a configuration that names the sandbox as another machine would."""
    return FlexitiConfig(
        client_id=sandbox.client_id,
        client_secret=sandbox.client_secret,
        # Leads to this machine, and is not known as loopback.
        base_url=f"http://{ANY}:{sandbox.port}/flexiti/pos-api",
        allow_plain_http=True,
        store=f"memory://{sandbox.run_id}",
        **options,
    )


async def test_customers_are_sent_to_the_public_url() -> None:
    """The shop calls it by one name, the customer's browser by another one."""
    async with Sandbox(host=ANY, public_url=f"{PUBLIC}/") as sandbox:
        config = remote(sandbox, widget_origins=PUBLIC)
        async with FlexitiSession(config) as flexiti:
            widget = await flexiti.init_widget(BUY)

        assert f"http://127.0.0.1:{sandbox.port}/flexiti/pos-api" == sandbox.base_url
        assert widget.redirection_url.startswith(f"{PUBLIC}/flexiti/pos-api/#/widget/")
        # By default a customer is sent to the API's own origin only.
        async with FlexitiSession(evolve(config, widget_origins=None)) as flexiti:
            with pytest.raises(MalformedAnswer, match="widget_origins"):
                await flexiti.init_widget(BUY)


@pytest.mark.parametrize(
    "url", ["", "shop.example", "ftp://shop.example", f"{PUBLIC}/a", "http://u:p@shop.example"]
)
def test_a_public_url_is_an_origin(url: str) -> None:
    """It is scheme, host and port: the path is the API's."""
    with pytest.raises(ConfigError, match="scheme, host and port"):
        Sandbox(public_url=url)
