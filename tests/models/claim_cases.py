"""The searches: fault sets that the design survives, the holes of earlier texts, broken rules."""

from typing import Final

from attrs import evolve, frozen

from .claim_rejected import RejectedCase
from .claim_state import Case, Faults

__all__ = ["BROKEN", "CLEAN", "HOLES", "LARGE", "REJECTED", "Broken"]


@frozen
class Broken:
    """
    A variant that the search has to catch.

    Attributes:
        case: The variant, and the faults that it does not survive.
        kind: The kind of violation.
    """

    case: Case | RejectedCase
    kind: str


_CLAIMS: Final = Case(faults=Faults(replay=2), start="cold", seized=("claim", "claim"), bound=2)
_FAILURES: Final = evolve(_CLAIMS, seized=("failure", "failure"))
_TOKEN: Final = evolve(_CLAIMS, seized=("token",))
_CLOCK_9: Final = Case(faults=Faults(clock=1), start="mixed", steps=(-9,), bound=2)
_TWO_SECRETS: Final = Case(keys=(0, 1, 1))

# Never more requests than processes and faults; the bound is what the search found.
CLEAN: Final[dict[str, Case]] = {
    "none": Case(),
    "none, cold start": Case(start="cold"),
    "none, a newcomer": Case(start="mixed"),
    "none, three processes": Case(processes=3),
    "none, three, cold": Case(processes=3, start="cold"),
    "crash": Case(faults=Faults(crash=1), bound=3),
    "cancel at each step": Case(faults=Faults(cancel=1), bound=3),
    "cancel, withdrawal lost": Case(faults=Faults(cancel=1, withdrawal_lost=1), bound=3),
    "cancel, server runs late": Case(faults=Faults(cancel=1, late_server=1), bound=3),
    "swap unknown, twice": Case(faults=Faults(unknown=2)),
    "swap late": Case(faults=Faults(late=1)),
    "stall": Case(faults=Faults(stall=2), bound=2),
    "eviction": Case(faults=Faults(evict=1), bound=2),
    "failover": Case(faults=Faults(failover=1), bound=2),
    "store's clock -2/+3": Case(faults=Faults(clock=1), bound=2),
    "store's clock, a newcomer": Case(faults=Faults(clock=1), start="mixed", bound=2),
    "store's clock -9, a newcomer": _CLOCK_9,
    "replay of any earlier record": Case(faults=Faults(replay=1), bound=2),
    "replay of an old token": _TOKEN,
    "revocation": Case(faults=Faults(revoke=1), bound=2),
    "broken connection": Case(faults=Faults(broken=1), bound=2, longest_wait=2),
    "two broken": Case(faults=Faults(broken=2), bound=4),
    "broken, server runs late": Case(faults=Faults(broken=1, late_server=1), bound=2),
    "503": Case(faults=Faults(error=1), bound=3),
    "foreign lease of 50": Case(start="cold", odd="lease", bound=2),
    "foreign back-off of 50": Case(start="cold", odd="failure", bound=2),
    "two secrets": _TWO_SECRETS,
    "wall clock of R1 +3": Case(skew=(0, 3, 0), bound=2),
    "wall clock of R1 +9": Case(skew=(0, 9, 0), bound=2),
    "secret rotated": Case(faults=Faults(rotate=1), bound=2),
    "three: late write": Case(processes=3, faults=Faults(late=1)),
    "cancel, answer lost": Case(faults=Faults(cancel=1, unknown=1), bound=3),
    "stall and cancel": Case(faults=Faults(stall=1, cancel=1), bound=3),
    "replay, twice": Case(faults=Faults(replay=2), bound=2),
}
"""Clean, within a minute of CPU time."""

_REVOKED: Final = RejectedCase(processes=1, revoke=1)
_ONE_EACH: Final = RejectedCase(just_now=1, remembered=1, horizon=2)
_OUTAGE: Final = evolve(_REVOKED, ends="H", outage=1, slack=2, horizon=7, bound=4)

REJECTED: Final = {
    "401: B rejects": RejectedCase(processes=1, bound=2),
    "401: two healthy endpoints, revocation": evolve(_REVOKED, ends="HI", bound=1, horizon=3),
    "401: revocation, two processes": evolve(_ONE_EACH, ends="H", revoke=1, bound=1),
    "401: B, fresh token, revocation": evolve(_REVOKED, fresh=True, bound=3),
}
"""The rules for a 401, clean."""

LARGE: Final[dict[str, Case | RejectedCase]] = {
    "crash, three processes": Case(processes=3, faults=Faults(crash=1), bound=4),
    "cancel, three processes": Case(processes=3, faults=Faults(cancel=1), bound=4),
    "two cancels": Case(faults=Faults(cancel=2), bound=4),
    "cancel, a write late": Case(faults=Faults(cancel=1, late=1), start="mixed", bound=3),
    "crash, a write late": Case(faults=Faults(crash=1, late=1), bound=3),
    "store's clock and crash": Case(
        faults=Faults(clock=1, crash=1), steps=(-3, 3), horizon=12, bound=3
    ),
    "replay of old claims": _CLAIMS,
    "replay of old failures": _FAILURES,
    "three: eviction": Case(processes=3, faults=Faults(evict=1), bound=3),
    "three: failover": Case(processes=3, faults=Faults(failover=1), bound=3),
    "three: store's clock": Case(processes=3, faults=Faults(clock=1), bound=3),
    "three: revocation": Case(processes=3, faults=Faults(revoke=1), bound=2),
    "three: old claim put back": Case(
        processes=3,
        faults=Faults(replay=1),
        start="cold",
        seized=("claim",),
        horizon=11,
        bound=3,
    ),
    "401: B rejects, two processes": evolve(_ONE_EACH, bound=4),
    "401: B, revocation": evolve(_REVOKED, bound=3),
    "401: new processes, revocation": evolve(_REVOKED, restart=2, bound=4, horizon=4),
    "401: all endpoints for a while": _OUTAGE,
}
"""Clean as well, in minutes: `python -m tests.models.claim_model --large`."""


def _as_written(case: Case) -> Case:
    """Return a case under the text of the design before the model was searched."""
    return evolve(case, wall=False, alone_by_failures=False, own_ended="foreign")


_CANCELLED: Final = Case(faults=Faults(cancel=1), bound=3)
_LATE: Final = Case(faults=Faults(late=1, cancel=1), start="mixed", bound=3)


def _rejected_as_written(case: RejectedCase) -> RejectedCase:
    """Return a case of the rules for a 401 under that text."""
    written = evolve(case, by="obtained", proof="answered", memory="all", remembered=5)
    return evolve(written, clear=False, double=False, look=False)


HOLES: Final = {
    "H1 store's clock back by less than the age": Broken(
        _as_written(Case(faults=Faults(clock=1), start="mixed", bound=2)), "b"
    ),
    "H3 replayed old token": Broken(_as_written(_TOKEN), "b"),
    "H5 own dead claim": Broken(
        _as_written(Case(faults=Faults(cancel=1, withdrawal_lost=1), bound=3)), "g"
    ),
    "H5b own dead claim used again": Broken(
        Case(faults=Faults(cancel=1, late=1), own_ended="reuse", bound=3), "c"
    ),
    "H2 late write gives an old token a new life": Broken(_as_written(_LATE), "b"),
    "H4 replayed failures": Broken(_as_written(_FAILURES), "w"),
    "H6 'obtained just now' by adoption": Broken(
        _rejected_as_written(evolve(_REVOKED, restart=1, bound=4)), "v"
    ),
    "H7 endpoint remembered too widely": Broken(_rejected_as_written(_OUTAGE), "v"),
    "H8 proof by an answer, not by a sending": Broken(
        _rejected_as_written(evolve(_REVOKED, ends="HI", bound=4, horizon=2)), "p"
    ),
    "H8b proof by a sending alone": Broken(
        evolve(_REVOKED, look=False, ends="HI", bound=4, horizon=2), "p"
    ),
}

BROKEN: Final = {
    "1 no withdrawal": Broken(evolve(_CANCELLED, withdraw="none"), "q"),
    "1 withdrawal without compare": Broken(evolve(_CANCELLED, withdraw="blind"), "c"),
    "2 no process goes on alone": Broken(evolve(_CLAIMS, alone=False), "w"),
    "2 the lease counts anew for each claim": Broken(evolve(_CLAIMS, wait_from="each"), "w"),
    "3 sessions share a flight": Broken(evolve(_CANCELLED, registry=True), "x"),
    "3 sessions share a refresh token": Broken(evolve(_CANCELLED, refresh_token_by="process"), "a"),
    "4 swap not idempotent": Broken(Case(faults=Faults(unknown=1), idempotent=False, bound=3), "g"),
    "4 unknown swap not repeated": Broken(
        Case(faults=Faults(unknown=1), repeat_swap=False, bound=3), "g"
    ),
    "5 unknown age is new": Broken(evolve(_CLOCK_9, age="zero", wall=False), "b"),
    "5 the store alone tells the age": Broken(evolve(_CLOCK_9, age="store", wall=False), "b"),
    "6 any lease is believed (without 2)": Broken(
        Case(start="cold", odd="lease", caps=False, alone=False, bound=2), "w"
    ),
    "6 any back-off is believed": Broken(
        Case(start="cold", odd="failure", caps=False, alone_by_failures=False, wall=False, bound=2),
        "w",
    ),
    "7 a refresh is repeated": Broken(
        Case(faults=Faults(broken=1), repeat_refresh=True, bound=3), "a"
    ),
    "7 client_credentials is not repeated": Broken(
        Case(faults=Faults(broken=1), repeat_request=False, bound=3, longest_wait=2), "w"
    ),
    "8 only the last rejected token is known": Broken(
        Case(faults=Faults(revoke=2, failover=1), remember="last", bound=9, horizon=9), "r"
    ),
    "8 a rejected successor stops all calls": Broken(
        RejectedCase(processes=1, blame="all", bound=9), "h"
    ),
    "8 no memory of endpoints": Broken(
        RejectedCase(processes=1, memory="none", by="never", bound=3), "m"
    ),
    "8 an endpoint is remembered for one back-off only": Broken(
        RejectedCase(processes=1, minute=0, just_now=1, bound=9), "i"
    ),
    "8 a straggler rejects the present token": Broken(
        evolve(_REVOKED, ends="HI", straggler=False, by="never", bound=1, horizon=3), "m"
    ),
    "9 key without the credentials": Broken(evolve(_TWO_SECRETS, key_by="client", bound=2), "z"),
}
"""Without any one rule, the search finds what the rule prevents."""
