"""
Search every interleaving of claims by swap (design, section 3) for one token key.

The parties: two or three processes, each with a wall clock of its own; a store that loses answers,
records and writes, whose clock steps, and into which old records are put back; a token endpoint
that breaks connections, runs late and revokes; steps take no time unless a process stalls, so that
"waits at most" is a plain invariant. `claim_decide` and `claim_flight` have the steps of a process,
named like those of `flexiti_async.tokens.claim`; `claim_world` has the store and the faults,
`claim_cases` the searches. `claim_rejected` is the model of what follows from a 401 on a call.

    python -m tests.models.claim_model            the searches of the tests, about a minute
    python -m tests.models.claim_model --large    those that take longer, too: some 10 minutes
    python -m tests.models.claim_model -v         also the shortest trace of each violation

Kinds of violations: a refresh token sent twice; b token used after its end; c withdrawal removes
what is another's; d, n more token requests than allowed; g waits for its own claim; q waits for a
claim left in order; r rejected token adopted again; w waits longer than a lease and a flight; x
another session's end is felt; z token of other credentials; h healthy call fails because of another
endpoint; v revoked token not replaced within a back-off; m requests because of 401s; p call fails
though a repeat would have worked; cycle, end: livelock, deadlock.
"""
# ruff: noqa: T201 - the command prints

import argparse
import time
from collections.abc import Callable, Mapping

from .claim_cancel import Cancellations
from .claim_cases import BROKEN, CLEAN, HOLES, LARGE, REJECTED, Broken
from .claim_engine import TICK, Model, Move, Result, Violation, search
from .claim_rejected import RejectedCase, RejectedModel
from .claim_state import Case, Issued, Moves, Phase, Process, Record, State

__all__ = ["ClaimModel", "run"]


class ClaimModel(Cancellations, Model[State]):
    """
    Claims by swap.

    Args:
        case: The case to search.
    """

    def __init__(self, case: Case) -> None:
        super().__init__(case)
        faults = case.faults
        self.longest_wait = case.lease + case.limit + faults.stall  # one lease and one flight
        if faults.error or faults.broken:
            # A failure of its own keeps a process back for its back-off.
            self.longest_wait += case.back_off + case.limit
        self.longest_wait = case.longest_wait or self.longest_wait

    @property
    def horizon(self) -> int:
        """The last tick."""
        return self.case.horizon

    def tick_of(self, state: State) -> int:
        """Return the time in a state."""
        return state.now

    def requests_of(self, state: State) -> int:
        """Return how many token requests were made for one key, at most."""
        return max(state.requests)

    def initial(self) -> State:
        """Return the first state: the tick at which a token of tick 0 turns stale."""
        c = self.case
        now = c.life - c.ahead
        tokens: tuple[Issued, ...] = ()
        record = None
        processes = [Process(key=key) for key in c.keys[: c.processes]]
        if c.start != "cold":
            tokens = (Issued(0, 0, 0, 0),)
            record = Record(1, 0, c.life, 0, None, 0, 0, 0)
            for k, p in enumerate(processes):
                if p.key == 0 and (c.start == "due" or k == 0):
                    knows = k == 0 or c.refresh_token_by == "process"
                    processes[k] = p._replace(
                        token=0,
                        end=c.life,
                        refresh_token=0 if knows else -1,
                        sightings=((1, 0),),
                    )
        if c.odd == "lease":
            record = Record(2, -1, 0, 0, (9, 50), 0, now, now)
        if c.odd == "failure":
            record = Record(2, -1, 0, 0, None, 50, now, now)
        old = now - c.life
        history: tuple[tuple[int, Record], ...] = ()
        for k, what in enumerate(c.seized):  # sealed records from before the run
            seized = Record(50 + k, -1, 0, 0, None, 0, 0, old)
            if what == "claim":
                seized = seized._replace(claim=(9, c.lease))
            elif what == "failure":
                seized = seized._replace(back_off=c.back_off)
            else:
                tokens += (Issued(old, 0, 0, 0),)
                seized = seized._replace(token=len(tokens) - 1, rest=c.life, minted=old)
            history += ((0, seized),)
        return State(
            now=now,
            clock=0,
            store=(record, None),
            tokens=tokens,
            processes=tuple(processes),
            pending=(),
            requests_left=(),
            left=c.faults,
            history=history,
            previous=(None, None),
            faulty=int(bool(c.odd or c.seized or any(c.skew))),
            requests=(0, 0),
        )

    def moves(self, state: State) -> Moves:
        """Return all steps from a state."""
        s, out = state, Moves()
        steps: dict[Phase, Callable[[State, int, Moves], None]] = {
            Phase.IDLE: self.idle,
            Phase.JOIN: self.join,
            Phase.LOAD: self.load,
            Phase.CLAIM: self.claim,
            Phase.SEND: self.send,
            Phase.SEND_ALONE: self.send,
            Phase.PUBLISH: self.publish,
            Phase.REJOIN: self.rejoin,
            Phase.WITHDRAW: self.withdraw,
        }
        urgent: list[int] = []
        for i, p in enumerate(s.processes):
            before = len(out)
            steps[p.phase](s, i, out)
            can_go_on = any(not move.fault for move in out[before:])
            in_time = p.phase in {Phase.SEND, Phase.SEND_ALONE} and s.now < p.deadline
            if p.phase is not Phase.IDLE and can_go_on and not in_time:
                urgent.append(i)
        later = s._replace(now=s.now + 1)
        if s.now < self.case.horizon and not urgent:
            out.append(Move(TICK, later))
        elif s.now < self.case.horizon and len(urgent) == 1 and s.left.stall:
            stalled = later.spend("stall")
            out.append(Move(f"{TICK} (R{urgent[0]} stalls)", stalled, fault=True))
        self.faults_of_the_store(s, out)
        self.faults_of_the_server(s, out)
        for i in range(len(s.processes)):
            self._faults_of_a_process(s, i, out)
        return out

    def _faults_of_a_process(self, s: State, i: int, out: Moves) -> None:
        p = s.processes[i]
        if s.left.crash and (p.phase is not Phase.IDLE or p.token >= 0):
            new = s.spend("crash").put(i, Process(key=p.key))
            text = f"R{i} crashes at {p.phase.value}, restarts empty"
            out.append(Move(text, new, fault=True))
        if s.left.rotate and p.key == 0:
            new = s.spend("rotate").put(i, Process(key=1))
            out.append(Move(f"R{i} restarts with the new secret", new, fault=True))
        if s.left.cancel and p.phase is not Phase.IDLE:
            self.cancel(s.spend("cancel"), i, out)

    def invariants(self, state: State) -> tuple[Violation, ...]:
        """Return tokens that are used after their end, and waits that are too long."""
        found: tuple[Violation, ...] = ()
        for i, p in enumerate(state.processes):
            usable = self.usable(state, p)
            if usable and state.now >= state.tokens[p.token].at + self.case.life:
                found = (*found, Violation("b", f"R{i} uses T{p.token}, which has ended"))
            if p.due >= 0 and state.now - p.due > self.longest_wait and not usable:
                found = (*found, Violation("w", f"R{i} has waited {state.now - p.due} ticks"))
        return found


def run(case: Case | RejectedCase, *, stop_at: str | None = None) -> Result:
    """Search a case, to the end or to a violation of a kind."""
    if isinstance(case, RejectedCase):
        return search(RejectedModel(case), stop_at=stop_at)
    return search(ClaimModel(case), stop_at=stop_at)


def _clean(cases: Mapping[str, Case | RejectedCase], *, verbose: bool) -> int:
    wrong = 0
    for name, case in cases.items():
        began, result = time.process_time(), run(case)
        good = result.complete and not result.found
        wrong += not good
        text = "clean" if good else f"VIOLATED {' '.join(result.found)}"
        _print(name, text, result, time.process_time() - began, verbose=verbose)
    return wrong


def _caught(cases: Mapping[str, Broken], *, verbose: bool) -> int:
    wrong = 0
    for name, broken in cases.items():
        began, result = time.process_time(), run(broken.case, stop_at=broken.kind)
        good = broken.kind in result.found
        wrong += not good
        text = f"caught ({broken.kind})" if good else "NOT CAUGHT"
        _print(name, text, result, time.process_time() - began, verbose=verbose)
    return wrong


def _print(name: str, text: str, result: Result, seconds: float, *, verbose: bool) -> None:
    counts = f"{result.states:8} states {seconds:6.1f} s, at most {result.requests} requests"
    print(f"{name:46} {text:14} {counts}", flush=True)
    if verbose:
        for kind, found in result.found.items():
            print(f"    ({kind}) {found}")


def main() -> int:
    """Search, print, and return how many searches ended otherwise than they should."""
    parser = argparse.ArgumentParser(description="Search claims by swap.")
    parser.add_argument("--large", action="store_true", help="those that take longer, too")
    parser.add_argument("-v", "--verbose", action="store_true", help="traces of violations")
    options = parser.parse_args()
    verbose = bool(options.verbose)
    wrong = _clean({**CLEAN, **REJECTED}, verbose=verbose)
    wrong += _caught({**HOLES, **BROKEN}, verbose=verbose)
    if options.large:
        wrong += _clean(LARGE, verbose=verbose)
    return wrong


if __name__ == "__main__":
    raise SystemExit(bool(main()))
