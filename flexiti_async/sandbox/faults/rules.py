"""Which requests meet which fault: rules, each used up by the requests that it catches."""

import random
from collections.abc import Mapping
from ipaddress import IPv6Address, ip_address
from typing import TypeVar

from attrs import Attribute, define, field, frozen

from flexiti_async.sandbox.faults import validators as checked
from flexiti_async.sandbox.faults.kinds import Fault
from flexiti_async.sandbox.wire.request import check_endpoint_names

__all__ = ["Caller", "Only", "Rule", "Rules", "plain_address"]

_T = TypeVar("_T")

_SECRET_HEADERS = frozenset({"authorization", "cookie", "proxy-authorization"})


@frozen(kw_only=True)
class Caller:
    """
    What tells the client of one request from others.

    Attributes:
        address: The IP address that it came from; None if the connection has gone.
        headers: What it sent, names in lower case.
        grant: The grant that it asked for; None but at oauth/token.
        scope: The scope that it asked for, or that its token has; None if that is unknown.
    """

    address: str | None
    headers: Mapping[str, str] = field(repr=False)
    grant: str | None
    scope: str | None


def plain_address(text: str) -> str:
    """
    Write an IP address in the one way in which addresses are compared.

    IPv6 may say 127.0.0.1 as ::ffff:127.0.0.1, and a link-local address may come with a zone.

    Raises:
        ValueError: It is none.
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


def _checked_word(_: object, attribute: "Attribute[_T]", value: _T) -> None:
    if value is not None and not isinstance(value, str):
        msg = f"{attribute.name} must be a text"
        raise ValueError(msg)


def _lower_names(headers: Mapping[str, str]) -> Mapping[str, str]:
    given = checked.headers(headers)
    if secret := sorted(_SECRET_HEADERS.intersection(map(str.lower, given))):
        msg = f"headers: {secret[0]} holds a secret, and rules are shown"
        raise ValueError(msg)
    return checked.headers({name.lower(): value for name, value in given.items()})


@frozen(kw_only=True)
class Only:
    """
    A condition on the client; what is None, or empty, is not asked.

    It is how one worker of several is cut off and the others are not. They share base URL, client
    id and user agent, so whoever starts a worker has to mark it, in the `aiohttp.ClientSession`
    that is lent to its `FlexitiSession`. Either by a header: `ClientSession(headers={"x-worker":
    "2"})`. Or, without touching what is sent, by the address that it comes from: `ClientSession(
    connector=TCPConnector(local_addr=("127.0.0.2", 0)))`; on Linux all of 127.0.0.0/8 is loopback.
    A source port would not do, because a pool opens a connection whenever it likes.

    Attributes:
        address: The IP address that the request comes from.
        headers: Headers and their exact values; none that hold secrets.
        grant: oauth/token: the grant that is asked for, the API's default included.
        scope: The scope that is asked for, or that the access token has.
    """

    address: str | None = field(default=None, converter=_address)
    headers: Mapping[str, str] = field(factory=dict[str, str], converter=_lower_names)
    grant: str | None = field(default=None, validator=_checked_word)
    scope: str | None = field(default=None, validator=_checked_word)

    def met_by(self, caller: Caller) -> bool:
        """Tell whether a client is meant."""
        asked = (
            (self.address, caller.address),
            (self.grant, caller.grant),
            (self.scope, caller.scope),
            *((value, caller.headers.get(name)) for name, value in self.headers.items()),
        )
        return all(want is None or want == have for want, have in asked)


def _checked_endpoint(_: object, __: "Attribute[_T]", value: _T) -> None:
    if value is not None:
        check_endpoint_names([str(value)])


def _checked_times(_: object, __: "Attribute[_T]", value: _T) -> None:
    if value is None:
        return
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        msg = "times: a fault happens a whole number of times, at least once; null is for ever"
        raise ValueError(msg)


def _checked_probability(_: object, __: "Attribute[_T]", value: _T) -> None:
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 < value <= 1:
        msg = "probability must be a number above 0, at most 1"
        raise ValueError(msg)


def _checked_only(_: object, __: "Attribute[_T]", value: _T) -> None:
    if not isinstance(value, Only):
        msg = "only must say which clients"
        raise ValueError(msg)  # noqa: TRY004 - one type for whatever is wrong with a rule


@frozen
class Rule:
    """
    A fault and the requests that meet it.

    Attributes:
        fault: What happens.
        endpoint: Name of the endpoint; None for all.
        times: How many requests meet it; None for all until the rule is taken away.
        probability: How likely a request that is meant meets it, above 0, at most 1.
        seed: Starts the random numbers of this rule: the same rule with the same seed catches the
            same ones of the requests that it is asked about, in their order.
        only: Which clients.
    """

    fault: Fault
    endpoint: str | None = field(default=None, validator=_checked_endpoint)
    times: int | None = field(default=1, validator=_checked_times)
    probability: float = field(default=1.0, validator=_checked_probability)
    seed: int = field(default=0, validator=checked.whole(0, 2**63))
    only: Only = field(factory=Only, validator=_checked_only)


@define(eq=False)
class _Active:
    rule: Rule
    left: int | None
    random: random.Random


@define(eq=False)
class Rules:
    """The rules that hold now, in the order in which they were added."""

    _active: list[_Active] = field(factory=list[_Active])

    def add(self, rule: Rule) -> None:
        """Let a rule hold, after those that hold already."""
        # What the rule is about goes in, too: two rules of one seed must not toss the same coin.
        seed = f"{rule.seed} {rule.fault.kind} {rule.endpoint}"
        self._active.append(_Active(rule, rule.times, random.Random(seed)))  # noqa: S311 - no secret

    def take(self, endpoint: str, caller: Caller) -> Fault | None:
        """Give the fault that a request meets, by the first rule that catches it, if any does."""
        for active in self._active:
            rule = active.rule
            if rule.endpoint not in {None, endpoint} or not rule.only.met_by(caller):
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
        """Forget the rules that name an endpoint, or all, also those for every endpoint."""
        if endpoint is not None:
            check_endpoint_names([endpoint])
        self._active = [
            active
            for active in self._active
            if endpoint is not None and active.rule.endpoint != endpoint
        ]

    def holding(self) -> tuple[tuple[Rule, int | None], ...]:
        """Give the rules with how many requests each will still catch; None without an end."""
        return tuple((active.rule, active.left) for active in self._active)
