"""Answers that a test scripts in place of the real ones."""

from collections import defaultdict, deque
from collections.abc import Mapping

from attrs import define, field, frozen

from flexiti_async.sandbox.wire import check_endpoint_names

__all__ = ["Fault", "Faults"]

_STATUSES = range(200, 600)


@frozen
class Fault:
    """
    One scripted answer.

    Attributes:
        status: HTTP status.
        headers: Its headers.
        body: Its body; None for the JSON error body of a `general_error`.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes | None = field(repr=False)


@define(eq=False)
class _Script:
    fault: Fault
    left: int | None


@define(eq=False)
class Faults:
    """The scripted answers of each endpoint, first in, first out."""

    _scripts: defaultdict[str, deque[_Script]] = field(
        factory=lambda: defaultdict[str, deque[_Script]](deque)
    )

    def add(self, endpoint: str, fault: Fault, times: int | None) -> None:
        """
        Answer the next requests to an endpoint with a fault.

        Args:
            endpoint: Name of the endpoint.
            fault: The answer.
            times: How many requests get it; None for all until `clear`.

        Raises:
            ValueError: No such endpoint, no such status, or a number of times below 1.
        """
        check_endpoint_names([endpoint])
        if fault.status not in _STATUSES:
            msg = f"{fault.status} cannot be the status of an answer"
            raise ValueError(msg)
        if times is not None and times < 1:
            msg = f"an answer is given at least once, not {times} times"
            raise ValueError(msg)
        self._scripts[endpoint].append(_Script(fault, times))

    def take(self, endpoint: str) -> Fault | None:
        """Give the fault that this request is to be answered with, if any."""
        scripts = self._scripts.get(endpoint)
        if not scripts:
            return None
        first = scripts[0]
        if first.left is not None:
            first.left -= 1
            if first.left == 0:
                scripts.popleft()
        return first.fault

    def clear(self, endpoint: str | None = None) -> None:
        """Forget the scripted answers of one endpoint, or of all."""
        if endpoint is None:
            self._scripts.clear()
            return
        check_endpoint_names([endpoint])
        self._scripts.pop(endpoint, None)
