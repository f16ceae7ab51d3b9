"""
A shop in a process of its own, because Sentry and OpenTelemetry patch aiohttp for good.

It makes calls over the library's own connections and over a session that is lent, and prints all
that the two tools recorded, as JSON.
"""

import asyncio
import contextlib
import json
import sys
from collections.abc import AsyncGenerator
from typing import Any

import aiohttp
import sentry_sdk
from attrs import evolve
from opentelemetry.instrumentation.aiohttp_client import AioHttpClientInstrumentor
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from sentry_sdk.envelope import Envelope
from sentry_sdk.integrations.aiohttp import AioHttpIntegration
from sentry_sdk.transport import Transport

from flexiti_async import FlexitiConfig, FlexitiError, FlexitiSession
from flexiti_async.integrations.otel import Telemetry
from flexiti_async.integrations.url_masking import UrlMasking
from flexiti_async.sandbox import Sandbox
from flexiti_stores.memory import MemoryStore


class Kept(Transport):
    """Keeps what Sentry would send."""

    sent: list[object]

    def capture_envelope(self, envelope: Envelope) -> None:
        """Keep it."""
        self.sent.extend(item.payload.json for item in envelope.items)


async def use(flexiti: FlexitiSession, card: str, name: str, dob: str, account: str) -> None:
    """Make calls with a customer's data in the query and in the path."""
    with contextlib.suppress(FlexitiError):
        await flexiti.customers.lookup(vcc_number=card)
    with contextlib.suppress(FlexitiError):
        await flexiti.customers.search(
            first_name=name, last_name=name, dob=dob, postal_code="M1M1M1"
        )
    with contextlib.suppress(FlexitiError):
        await flexiti.accounts.plans(account, 300)


@contextlib.asynccontextmanager
async def session(
    config: FlexitiConfig, *, lent: bool, telemetry: Telemetry | None = None
) -> AsyncGenerator[FlexitiSession]:
    """Open a session with its own connections, or on one that is lent."""
    listeners = [] if telemetry is None else [telemetry]
    async with contextlib.AsyncExitStack() as stack:
        http = await stack.enter_async_context(aiohttp.ClientSession()) if lent else None
        flexiti = FlexitiSession(config, listeners=listeners, client_session=http)
        yield await stack.enter_async_context(flexiti)


async def with_sentry(
    config: FlexitiConfig, secrets: list[str], *, lent: bool, masking: UrlMasking | None
) -> list[object]:
    """Return what Sentry would send of an error and of a transaction."""
    kept = Kept()
    kept.sent = []
    filters: dict[str, Any] = (
        {}
        if masking is None
        else {
            "before_breadcrumb": masking.before_breadcrumb,
            "before_send_transaction": masking.before_send_transaction,
        }
    )
    sentry_sdk.init(
        dsn="http://key@127.0.0.1:9/1",
        transport=kept,
        traces_sample_rate=1.0,
        default_integrations=False,
        auto_enabling_integrations=False,
        integrations=[AioHttpIntegration()],
        **filters,
    )
    with sentry_sdk.isolation_scope(), sentry_sdk.start_transaction(name="sale"):
        async with session(config, lent=lent) as flexiti:
            await use(flexiti, *secrets)
        sentry_sdk.capture_message("something else failed")
    sentry_sdk.flush()
    sentry_sdk.get_client().close()
    return kept.sent


async def with_opentelemetry(
    config: FlexitiConfig,
    secrets: list[str],
    *,
    lent: bool,
    by: UrlMasking | None = None,
    with_telemetry: bool = False,
) -> list[object]:
    """Return the spans that the instrumentation of aiohttp records, and those of `Telemetry`."""
    exporter, provider = InMemorySpanExporter(), TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    url_filter = None if by is None else by.url_filter
    AioHttpClientInstrumentor().instrument(tracer_provider=provider, url_filter=url_filter)
    config = evolve(config, store=MemoryStore())  # so that a token is requested
    telemetry = Telemetry(tracer_provider=provider) if with_telemetry else None
    async with session(config, lent=lent, telemetry=telemetry) as flexiti:
        await use(flexiti, *secrets)
    AioHttpClientInstrumentor().uninstrument()
    return [json.loads(span.to_json()) for span in exporter.get_finished_spans()]


async def main(secrets: list[str]) -> dict[str, list[object]]:
    """Return what was recorded, by tool, connections and filter."""
    async with Sandbox() as sandbox:
        config = FlexitiConfig(
            client_id=sandbox.client_id,
            client_secret=sandbox.client_secret,
            base_url=sandbox.base_url,
        )
        masking = UrlMasking(config)
        spans = with_opentelemetry
        return {
            "sentry, own": await with_sentry(config, secrets, lent=False, masking=None),
            "sentry, lent": await with_sentry(config, secrets, lent=True, masking=None),
            "sentry, masked": await with_sentry(config, secrets, lent=True, masking=masking),
            "otel, own": await spans(config, secrets, lent=False),
            "otel, lent": await spans(config, secrets, lent=True),
            "otel, masked": await spans(config, secrets, lent=True, by=masking),
            "otel, telemetry": await spans(config, secrets, lent=True, with_telemetry=True),
        }


if __name__ == "__main__":
    sys.stdout.write(json.dumps(asyncio.run(main(sys.argv[1:])), default=str))
