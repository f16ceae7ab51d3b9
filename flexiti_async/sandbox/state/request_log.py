"""The requests that the sandbox received: the last ones as records, and exact counts of all."""

from collections import Counter, deque
from typing import TypeAlias

from attrs import define, evolve, field, frozen

from flexiti_async.sandbox.state.tokens import HISTORY
from flexiti_async.sandbox.wire.endpoints import check_endpoint_names
from flexiti_async.sandbox.wire.redact import redacted

__all__ = ["Exchange", "RequestLog", "RequestRecord"]

_Key: TypeAlias = tuple[str, str | None, str | None, int | None]


@frozen
class RequestRecord:
    """
    One request, without its body and without secrets; repr masks everything like a token.

    Attributes:
        method: HTTP method.
        path: Path as sent, without the query.
        endpoint: A name of `wire.endpoints.ENDPOINTS`, such as `oauth/token`, or `unknown`.
        status: HTTP status of the answer, even if a fault kept the answer from arriving; None
            while the request is in flight, or if a fault left it without an answer.
        error: Error code of the answer (spec section 6.3); None for a success.
        reference_id: `x-reference-id` as sent; None if absent.
        grant: oauth/token: the requested grant, the API's default included. Otherwise None.
        scope: oauth/token: the requested scope, the API's default included. Otherwise the scope
            of the access token, None if unknown.
        token_id: Name of its access token (see `TokenView`); None without one.
        at: When it was received, in seconds of the sandbox's clock.
        fault: Kind of the fault that it met (see `sandbox/faults/kinds.py`); None without one.
    """

    method: str
    path: str = field(repr=redacted)
    endpoint: str
    status: int | None
    error: str | None
    reference_id: str | None = field(repr=redacted)
    grant: str | None = field(repr=redacted)
    scope: str | None = field(repr=redacted)
    token_id: str | None
    at: float
    fault: str | None = None


@define(eq=False)
class Exchange:
    """
    A request in flight.

    Attributes:
        record: Its record so far.
    """

    record: RequestRecord


@define(eq=False)
class RequestLog:
    """The records of the last requests, and the counts of all."""

    _exchanges: deque[Exchange] = field(factory=lambda: deque[Exchange](maxlen=HISTORY), repr=False)
    _counts: Counter[_Key] = field(factory=Counter[_Key], repr=False)

    def open(self, record: RequestRecord) -> Exchange:
        """Record a received request."""
        exchange = Exchange(record)
        self._exchanges.append(exchange)
        self._counts[_key(record)] += 1
        return exchange

    def close(
        self,
        exchange: Exchange,
        *,
        status: int | None,
        error: str | None,
        fault: str | None = None,
    ) -> RequestRecord:
        """Complete the record with the answer that is about to be sent."""
        self._counts[_key(exchange.record)] -= 1
        exchange.record = evolve(exchange.record, status=status, error=error, fault=fault)
        self._counts[_key(exchange.record)] += 1
        return exchange.record

    def records(self) -> tuple[RequestRecord, ...]:
        """Return the last requests, the oldest first."""
        return tuple(exchange.record for exchange in self._exchanges)

    def count(
        self,
        endpoint: str,
        *,
        grant: str | None = None,
        scope: str | None = None,
        status: int | None = None,
    ) -> int:
        """Count the requests to an endpoint; None means any."""
        check_endpoint_names([endpoint])
        wanted = (endpoint, grant, scope, status)
        return sum(
            number
            for key, number in list(self._counts.items())  # other threads ask, too
            if all(want is None or want == have for want, have in zip(wanted, key, strict=True))
        )

    def totals(self) -> dict[str, dict[str, int]]:
        """Count all requests by endpoint and status; `none` is for those without an answer."""
        totals: dict[str, dict[str, int]] = {}
        for (endpoint, _, _, status), number in list(self._counts.items()):
            counts = totals.setdefault(endpoint, {})
            name = "none" if status is None else str(status)
            if number:
                counts[name] = counts.get(name, 0) + number
        return totals


def _key(record: RequestRecord) -> _Key:
    return (record.endpoint, record.grant, record.scope, record.status)
