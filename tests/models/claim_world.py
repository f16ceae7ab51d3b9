"""The surroundings of the processes in the model of claims: store, server, and all faults."""

import enum
from collections.abc import Callable
from typing import Literal

from .claim_engine import Move, Violation
from .claim_state import Case, Issued, Late, Moves, Phase, Process, Record, State

__all__ = ["Kind", "Outcome", "World"]

Kind = Literal["claim", "publish", "withdraw", "blind"]


class Outcome(enum.Enum):
    """The result of a swap, as far as its process knows."""

    WON = True
    LOST = False
    UNKNOWN = None


After = Callable[[State, Outcome], State]
"""The state after a swap."""


class World:
    """
    The store and the server.

    Args:
        case: The case to search.
    """

    def __init__(self, case: Case) -> None:
        self.case = case
        faults = case.faults
        # Otherwise the store always knows more than a process has seen.
        self.watching = bool(faults.clock or faults.replay or faults.failover or case.odd)

    def usable(self, s: State, p: Process) -> bool:
        """Return whether a process has a token that it may still use."""
        left = p.end - s.now
        return p.token >= 0 and left > self.case.leeway and p.token not in p.rejected

    def wall(self, s: State, i: int) -> int:
        """Return a process's wall clock."""
        return s.now + self.case.skew[i]

    def cell(self, p: Process) -> int:
        """Return the key of a process's record."""
        return p.key if self.case.key_by == "credentials" else 0

    def fresh(self, s: State) -> int:
        """Return a version that nobody remembers."""
        used: set[int | None] = {o.version for o in (*s.store, *s.previous) if o is not None}
        for late in s.pending:
            used.update((late.record.version, late.expected))
        used.update(record.version for _, record in s.history)
        for p in s.processes:
            used.update((p.claim, p.unknown, *p.ended))
            used.update(version for version, _ in p.sightings)
            if p.seen is not None:
                used.add(p.seen.version)
        version = 1
        while version in used:
            version += 1
        return version

    def tidy(self, state: State) -> State:
        """Forget what can make no difference any more, so that equal states are found equal."""
        if not any(p.sightings or p.ended for p in state.processes):
            return state
        there = {o.version for o in (*state.store, *state.previous) if o is not None}
        there.update(late.record.version for late in state.pending)
        there.update(record.version for _, record in state.history)
        processes = tuple(
            p._replace(
                sightings=tuple(o for o in p.sightings if o[0] in there) if self.watching else (),
                ended=tuple(version for version in p.ended if version in there),
            )
            for p in state.processes
        )
        return state._replace(processes=processes)

    # -- the store

    def land(self, s: State, late: Late, violations: list[Violation]) -> State:
        """Return the state after a write has landed."""
        old = s.store[late.cell]
        if late.kind == "withdraw" and old is not None:
            violations += _removed(s, late, old)
        s = s.stored(late.cell, late.record._replace(at=s.now + s.clock))
        if self.case.faults.failover:
            previous = (*s.previous[: late.cell], old, *s.previous[late.cell + 1 :])
            s = s._replace(previous=previous)
        kept = bool(self.case.faults.replay) and not self.case.seized
        if kept and old is not None and (late.cell, old) not in s.history:
            s = s._replace(history=(*s.history, (late.cell, old))[-3:])
        return s

    def swap(
        self,
        s: State,
        i: int,
        expected: int | None,
        record: Record,
        after: After,
        what: str,
        out: Moves,
        kind: Kind,
        step: str = "",
    ) -> None:
        """Add all outcomes of a swap."""
        cell = self.cell(s.processes[i])
        old = s.store[cell]
        present = None if old is None else old.version
        label = f"R{i} {what}"
        found: list[Violation] = []
        late = Late(cell, expected, record, i, "withdraw" if kind == "blind" else kind)
        if present == record.version and self.case.idempotent:
            again = "Proceed" if kind == "claim" else "Keep"
            out.append(
                Move(f"{label}: True, it was there already", after(s, Outcome.WON), step=again)
            )
        elif present == expected or kind == "blind":
            won = self.land(s, late, found)
            out.append(Move(f"{label}: True", after(won, Outcome.WON), tuple(found), step=step))
            if s.left.unknown:
                lost = after(won.spend("unknown"), Outcome.UNKNOWN)
                out.append(Move(f"{label}: written, answer lost", lost, tuple(found), fault=True))
        else:
            out.append(Move(f"{label}: False", after(s, Outcome.LOST), step=step))
        if s.left.unknown:
            lost = after(s.spend("unknown"), Outcome.UNKNOWN)
            out.append(Move(f"{label}: not written, answer lost", lost, fault=True))
        if s.left.late:
            spent = s.spend("late")
            under_way = spent._replace(pending=(*spent.pending, late._replace(kind=kind)))
            text = f"{label}: answer lost, the write is still under way"
            out.append(Move(text, after(under_way, Outcome.UNKNOWN), fault=True))

    # -- the server

    def mint(self, s: State, refresh_token: int, key: int) -> tuple[State, int]:
        """Run a token request: the state, and the token or -1."""
        tokens = list(s.tokens)
        if refresh_token >= 0:
            old = tokens[refresh_token]
            if old.spent or old.revoked or s.now >= old.at + self.case.life:
                tokens[refresh_token] = old._replace(spent=1)
                return s._replace(tokens=tuple(tokens)), -1
            # A refresh revokes the previous access token.
            tokens[refresh_token] = old._replace(spent=1, revoked=1)
        tokens.append(Issued(s.now, 0, 0, key))
        return s._replace(tokens=tuple(tokens)), len(tokens) - 1

    # -- faults that belong to no process

    def faults_of_the_store(self, s: State, out: Moves) -> None:
        """Add late writes, evictions, failovers, replays and steps of its clock."""
        for j, late in enumerate(s.pending):
            rest = s._replace(pending=s.pending[:j] + s.pending[j + 1 :])
            old = s.store[late.cell]
            if (None if old is None else old.version) == late.expected:
                found: list[Violation] = []
                landed = self.land(rest, late, found)
                text = f"the late write of R{late.by} lands"
                out.append(Move(text, landed, tuple(found), fault=True))
            else:
                out.append(Move(f"the late write of R{late.by} is not written", rest, fault=True))
        for cell in (0, 1):
            if s.store[cell] is not None and s.left.evict:
                gone = s.spend("evict").stored(cell, None)
                out.append(Move("the store evicts the record", gone, fault=True))
            previous = s.previous[cell]
            if s.store[cell] is not None and s.left.failover and previous is not None:
                back = s.spend("failover").stored(cell, previous)._replace(previous=(None, None))
                out.append(Move(f"failover: back to v{previous.version}", back, fault=True))
        if s.left.replay:
            for cell, record in s.history:
                back = s.spend("replay").stored(cell, record._replace(at=s.now + s.clock))
                out.append(Move(f"old v{record.version} is put back", back, fault=True))
        if s.left.clock:
            for step in self.case.steps:
                stepped = s.spend("clock")._replace(clock=s.clock + step)
                out.append(Move(f"the store's clock steps {step:+d}", stepped, fault=True))

    def faults_of_the_server(self, s: State, out: Moves) -> None:
        """Add requests that run late, and revocations."""
        for j, (refresh_token, key) in enumerate(s.requests_left):
            left = s.requests_left[:j] + s.requests_left[j + 1 :]
            ran, token = self.mint(s._replace(requests_left=left), refresh_token, key)
            text = f"the server runs a given-up request late: T{token}"
            out.append(Move(text, ran, fault=True))
        if s.left.revoke:
            for number, issued in enumerate(s.tokens):
                if not issued.revoked and issued.at + self.case.life > s.now:
                    tokens = list(s.tokens)
                    tokens[number] = issued._replace(revoked=1)
                    revoked = s.spend("revoke")._replace(tokens=tuple(tokens))
                    out.append(Move(f"the server revokes T{number}", revoked, fault=True))


def _removed(s: State, late: Late, old: Record) -> list[Violation]:
    """Return what a withdrawal removes that is not its own."""
    found: list[Violation] = []
    p = s.processes[late.by]
    name = f"the withdrawal of R{late.by} removes"
    if old.claim and old.claim[0] != late.by:
        found.append(Violation("c", f"{name} the claim of R{old.claim[0]}"))
    if old.claim and p.phase in {Phase.SEND, Phase.PUBLISH} and p.claim == old.version:
        found.append(Violation("c", f"{name} the claim of its next flight"))
    if old.token >= 0 and old.token != late.record.token and not old.claim:
        found.append(Violation("c", f"{name} T{old.token}"))
    return found
