"""Which requests meet which fault: rules, each used up by the requests that it applies to."""

import random
from collections.abc import Mapping
from ipaddress import IPv6Address, ip_address
from math import inf
from typing import TypeVar

from attrs import Attribute, define, field, frozen

from flexiti_async.sandbox.faults import validators
from flexiti_async.sandbox.faults.kinds import Fault
from flexiti_async.sandbox.wire.endpoints import check_endpoint_names

__all__ = ["FaultRule", "FaultRules", "Only", "Sender", "plain_address"]

_T = TypeVar("_T")

_SECRET_HEADERS = frozenset({"authorization", "cookie", "proxy-authorization"})
_text_or_none = validators.check(lambda value: value is None or isinstance(value, str), "a string")


@frozen(kw_only=True)
class Sender:
    """
    The client of one request, as far as a rule can distinguish it from others.

    Attributes:
        address: The IP address of the connection; None if the connection is closed.
        headers: The request's headers, names in lower case.
        grant: oauth/token: the requested grant. Otherwise None.
        scope: The requested scope, or that of the access token; None if unknown.
    """

    address: str | None
    headers: Mapping[str, str] = field(repr=False)
    grant: str | None
    scope: str | None


def plain_address(text: str) -> str:
    """
    Normalize an IP address, so that addresses can be compared as strings.

    IPv6 may write 127.0.0.1 as ::ffff:127.0.0.1, and a link-local address may have a zone.

    Raises:
        ValueError: The text is not an IP address.
    """
    address = ip_address(text.partition("%")[0])
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return str(mapped or address)


def _address(text: str | None) -> str | None:
    if text is None:
        return None
    try:
        return plain_address(str(text))
    except ValueError:
        msg = "address must be an IP address"
        raise ValueError(msg) from None


def _lower_names(headers: Mapping[str, str]) -> Mapping[str, str]:
    given = validators.headers(headers)
    if secret := sorted(_SECRET_HEADERS.intersection(map(str.lower, given))):
        msg = f"headers: {secret[0]} carries a secret, and rules are shown"
        raise ValueError(msg)
    return validators.headers({name.lower(): value for name, value in given.items()})


@frozen
class Only:
    """
    A condition on the client of a request; empty fields match every client.

    It cuts off one worker of several. Workers share base URL, client id and user agent, so mark
    the one that you mean, in the `aiohttp.ClientSession` that you pass to its `FlexitiSession`.
    Either by a header: `ClientSession(headers={"x-worker": "2"})`. Or, without changing the
    request, by its source address: `ClientSession(connector=TCPConnector(local_addr=("127.0.0.2",
    0)))`; on Linux all of 127.0.0.0/8 is loopback. A source port does not work, because a pool
    opens connections whenever it needs them.

    Attributes:
        address: Source IP address of the request.
        headers: Headers and their exact values, except headers that carry secrets.
        grant: oauth/token: the requested grant, the API's default included.
        scope: The requested scope, or that of the access token.
    """

    address: str | None = field(default=None, converter=_address)
    headers: Mapping[str, str] = field(factory=dict[str, str], converter=_lower_names)
    grant: str | None = field(default=None, validator=_text_or_none)
    scope: str | None = field(default=None, validator=_text_or_none)

    def matches(self, sender: Sender) -> bool:
        """Whether the condition holds for the client of a request."""
        pairs = (
            (self.address, sender.address),
            (self.grant, sender.grant),
            (self.scope, sender.scope),
            *((value, sender.headers.get(name)) for name, value in self.headers.items()),
        )
        return all(wanted is None or wanted == actual for wanted, actual in pairs)


def _known_endpoint(_: object, __: "Attribute[_T]", value: _T) -> None:
    if value is not None:
        check_endpoint_names([str(value)])


@frozen
class FaultRule:
    """
    A fault and the requests that meet it.

    Attributes:
        fault: The fault.
        endpoint: Name of the endpoint; None for all.
        times: How many requests meet it; None for all until the rule is removed.
        probability: Probability that a matching request meets it, above 0, at most 1.
        seed: Seed of this rule's random numbers: with the same seed, the same rule picks the same
            matching requests, by their order.
        only: Which clients.
    """

    fault: Fault
    endpoint: str | None = field(default=None, validator=_known_endpoint)
    times: int | None = field(default=1, validator=validators.whole(1, inf, or_none=True))
    probability: float = field(
        default=1.0,
        validator=validators.check(
            lambda value: validators.is_number(value, 0, 1) and value != 0,
            "a number above 0, at most 1",
        ),
    )
    seed: int = field(default=0, validator=validators.whole(0, 2**63))
    only: Only = field(
        factory=Only,
        validator=validators.check(lambda value: isinstance(value, Only), "a condition (Only)"),
    )


@define(eq=False)
class _Active:
    rule: FaultRule
    left: int | None
    random: random.Random


@define(eq=False)
class FaultRules:
    """The active rules, in the order in which they were added."""

    _active: list[_Active] = field(factory=list[_Active])

    def add(self, rule: FaultRule) -> None:
        """Add a rule, after those that are active."""
        # Kind and endpoint are part of the seed: two rules of one seed must be independent.
        seed = f"{rule.seed} {rule.fault.kind} {rule.endpoint}"
        self._active.append(_Active(rule, rule.times, random.Random(seed)))  # noqa: S311 - no secret

    def take(self, endpoint: str, sender: Sender) -> Fault | None:
        """Return the fault that a request meets, by the first rule that applies, if any."""
        for active in self._active:
            rule = active.rule
            if rule.endpoint not in {None, endpoint} or not rule.only.matches(sender):
                continue
            if rule.probability < 1 and active.random.random() >= rule.probability:
                continue
            if active.left is not None:
                active.left -= 1
                if active.left == 0:
                    self._active.remove(active)
            return rule.fault
        return None

    def clear(self, endpoint: str | None = None) -> None:
        """Remove the rules of one endpoint; without a name all, also those for every endpoint."""
        if endpoint is not None:
            check_endpoint_names([endpoint])
        self._active = [
            active
            for active in self._active
            if endpoint is not None and active.rule.endpoint != endpoint
        ]

    def active(self) -> tuple[tuple[FaultRule, int | None], ...]:
        """Return the rules, each with the number of requests it has left; None for no limit."""
        return tuple((active.rule, active.left) for active in self._active)
