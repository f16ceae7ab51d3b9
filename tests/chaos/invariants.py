"""
What holds however much goes wrong, checked after a run.

Each rule looks at what the sandbox saw and at what the callers were given; none of them asks the
library. What a machine does to a process (it was stopped, it got no core) is taken off where the
rule is about time, and nothing else is.
"""

from collections.abc import Callable, Iterator
from typing import Final

from attrs import frozen

from flexiti_async.sandbox import RequestRecord

from ..support.metronome import Gap, lost_in
from .evidence import Deed, Evidence
from .limits import CALL_TIMEOUT, MARGIN
from .plan import Verb

__all__ = ["RULES", "Violation", "violations"]

_ON_ITS_WAY: Final = 0.1
"""Seconds that a request may take from the last look at a token's life to the server."""


@frozen
class Violation:
    """
    Something that must not be.

    Attributes:
        rule: Which rule it breaks.
        at: When, in seconds of the plan; negative if it is about the whole of it.
        told: What was seen.
    """

    rule: str
    at: float
    told: str

    def __str__(self) -> str:
        when = f" at {self.at:.3f} s" if self.at >= 0 else ""
        return f"{self.rule}{when}: {self.told}"


def _no_refresh_token_twice(seen: Evidence) -> Iterator[tuple[float, str]]:
    for at in seen.replays:
        yield at, "a refresh token came a second time"


def _no_token_after_its_end(seen: Evidence) -> Iterator[tuple[float, str]]:
    for request in seen.requests:
        token = seen.tokens.get(request.token_id or "")
        if token is None or request.at <= token.expires_at:
            continue
        late = request.at - token.expires_at
        # The last tenth of its life a token is not begun with; so long before its end a process
        # may have been stopped that had taken it in good time.
        since = token.expires_at - (token.expires_at - token.issued_at) / 10
        lost = lost_in(seen.lags, since, request.at) + max(
            (lost_in(gaps, since, request.at) for gaps in _gaps_of(seen, request)), default=0.0
        )
        if late > lost + _ON_ITS_WAY:
            told = f"{request.endpoint} with token {token.token_id}, which had ended {late:.3f} s "
            told += f"before (reference id {request.reference_id}; {lost:.3f} s are the machine's)"
            yield request.at, told


def _gaps_of(seen: Evidence, request: RequestRecord) -> Iterator[set[Gap]]:
    for deed in seen.deeds_of(request.reference_id or ""):
        if deed.told_at <= request.at:
            yield seen.gaps.get(deed.pid, set())


def _no_checkout_changes_its_token(seen: Evidence) -> Iterator[tuple[float, str]]:
    """From the first widget that a caller was given, and that was saved, a flow has one token."""
    for flow in sorted({deed.act.flow for deed in seen.deeds if deed.act.verb is Verb.STEP}):
        given = [deed.report for deed in seen.deeds_of(flow) if _gave_widget(deed) and deed.report]
        if not given:
            continue
        first = min(given, key=lambda report: report.ended)
        for request in seen.requests:
            mine = request.reference_id == flow and request.endpoint == "widget/init"
            if mine and request.at > first.ended and request.token_id != first.token_id:
                told = f"flow {flow} had token {first.token_id} since {first.ended:.3f} s"
                yield request.at, f"{told}, and now {request.token_id}"


def _gave_widget(deed: Deed) -> bool:
    report = deed.report
    # What was not saved, and said so, is begun anew by whoever takes it up.
    return deed.act.verb is Verb.STEP and bool(report and report.outcome == "done" and report.saved)


def _everybody_is_answered_in_time(seen: Evidence) -> Iterator[tuple[float, str]]:
    for deed in seen.deeds:
        if deed.report is None:
            if not deed.killed:
                yield deed.told_at, f"{deed}: no answer"
            continue
        report = deed.report
        if report.call > CALL_TIMEOUT + MARGIN:
            told = f"the call took {report.call:.3f} s, not {CALL_TIMEOUT:g} s at most"
            yield report.ended, f"{deed}: {told} ({report.outcome})"
        took = report.ended - report.begun - report.idle
        if took > report.limit + MARGIN:
            told = f"{deed} took {took:.3f} s, not {report.limit:g} s at most "
            told += f"({report.outcome}; {report.idle:.3f} s more were the machine's)"
            yield report.ended, told


def _errors_are_typed(seen: Evidence) -> Iterator[tuple[float, str]]:
    for deed in seen.deeds:
        if deed.fault:
            yield deed.told_at, f"{deed}: {deed.fault}"
        if deed.report is not None and not deed.report.typed:
            yield deed.report.ended, f"{deed}: {deed.report.outcome}: {deed.report.told}"


def _nothing_is_left(seen: Evidence) -> Iterator[tuple[float, str]]:
    for worker, left in seen.left.items():
        if left:
            yield -1.0, f"worker {worker} has left {', '.join(left)}"


def _everybody_recovers(seen: Evidence) -> Iterator[tuple[float, str]]:
    for worker, error in seen.starving.items():
        yield -1.0, f"worker {worker} gets no token although all is well: {error}"


RULES: Final[dict[str, Callable[[Evidence], Iterator[tuple[float, str]]]]] = {
    "no refresh token is sent twice": _no_refresh_token_twice,
    "no token is used after its end": _no_token_after_its_end,
    "no checkout changes its token": _no_checkout_changes_its_token,
    "every caller is answered in time": _everybody_is_answered_in_time,
    "every error is typed": _errors_are_typed,
    "no task, thread or socket is left": _nothing_is_left,
    "who is healthy again gets a token": _everybody_recovers,
}
"""The rules, by what they say."""


def violations(seen: Evidence) -> tuple[Violation, ...]:
    """Check all rules."""
    return tuple(
        Violation(name, at, told) for name, rule in RULES.items() for at, told in rule(seen)
    )
