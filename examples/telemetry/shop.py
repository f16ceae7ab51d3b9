"""
A shop that takes payments all day, monitored with OpenTelemetry.

    pip install '.[otel]' opentelemetry-distro opentelemetry-exporter-otlp
    OTEL_EXPORTER_OTLP_ENDPOINT=http://localhost:4317 opentelemetry-instrument python shop.py

Without that variable spans and metrics go to the terminal: `python shop.py 20`. `dashboard.json`
shows them in Grafana, from a Prometheus that the collector writes to. Flexiti is a sandbox in this
process, which fails now and then.
"""

import asyncio
import contextlib
import os
import sys

from opentelemetry.metrics import set_meter_provider
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import ConsoleMetricExporter, PeriodicExportingMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, ConsoleSpanExporter
from opentelemetry.trace import get_tracer, set_tracer_provider

from flexiti_async import FlexitiConfig, FlexitiError, FlexitiSession, PurchaseWidget, Reaction
from flexiti_async.integrations.otel import Telemetry
from flexiti_async.sandbox import Sandbox


def print_telemetry() -> None:
    """Configure OpenTelemetry to print; `opentelemetry-instrument` configures it to export."""
    tracing = TracerProvider()
    tracing.add_span_processor(BatchSpanProcessor(ConsoleSpanExporter()))
    set_tracer_provider(tracing)
    set_meter_provider(MeterProvider([PeriodicExportingMetricReader(ConsoleMetricExporter())]))


async def shop(checkouts: int) -> None:
    """Sell to customers, one after the other."""
    tracer = get_tracer("shop")
    # Tokens live 30 seconds, so that refreshes are seen; Flexiti's live 1200.
    async with Sandbox(expires_in=30, latency={"widget/init": 0.05}) as sandbox:
        config = FlexitiConfig(
            client_id=sandbox.client_id,
            client_secret=sandbox.client_secret,
            base_url=sandbox.base_url,
        )
        async with FlexitiSession(config, listeners=[Telemetry()]) as flexiti:
            for number in range(1, checkouts + 1):
                if number % 20 == 0:
                    sandbox.fail("widget/init", status=503, headers={"Retry-After": "0"})
                with (
                    tracer.start_as_current_span("POST /checkout"),
                    contextlib.suppress(
                        FlexitiError  # seen in the telemetry
                    ),
                ):
                    await sell(flexiti, sandbox, number)


async def sell(flexiti: FlexitiSession, sandbox: Sandbox, number: int) -> None:
    """Sell something to one customer; some cancel, some are not verified."""
    checkout = await flexiti.checkout(f"order-{number}")
    widget = await checkout.init_widget(PurchaseWidget(account_number=20009100))
    if number % 7 == 0:
        event = sandbox.play(widget.redirection_url, "cancel")
    elif number % 9 == 0:
        event = sandbox.play(widget.redirection_url, "decline")
    else:
        event = sandbox.play(widget.redirection_url)
    reaction = await checkout.handle_event(event)
    if reaction is Reaction.AUTHORIZE:
        done = await checkout.authorize("1.00", transaction_type="regular_purchase")
        if number % 2 and done.authorization_id is not None:
            await flexiti.authorizations.capture(
                done.authorization_id, "1.00", idempotency_key=f"shipment-{number}"
            )


if __name__ == "__main__":
    if "OTEL_EXPORTER_OTLP_ENDPOINT" not in os.environ:
        print_telemetry()
    asyncio.run(shop(int(sys.argv[1]) if len(sys.argv) > 1 else 1000))
