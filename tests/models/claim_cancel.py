"""The cancellation of a flight, at each of its steps, in the model of claims."""

from .claim_engine import Move, Violation
from .claim_flight import Flights
from .claim_state import Moves, Phase, State

__all__ = ["Cancellations"]


class Cancellations(Flights):
    """The cancellation of each step."""

    def cancel(self, s: State, i: int, out: Moves) -> None:
        """Add the cancellation of its flight; what was under way may have been done or not."""
        p = s.processes[i]
        joined = [j for j, other in enumerate(s.processes) if other.joins == i]
        if self.case.registry and joined:
            j = joined[0]
            text = f"R{j}, which shares the flight of R{i}, fails with it"
            failed = s.put(j, s.processes[j].cleared())
            found = (Violation("x", text),)
            out.append(Move(f"R{i} is closed in its flight", failed, found, fault=True))
            return

        if p.phase in {Phase.LOAD, Phase.SEND_ALONE, Phase.REJOIN}:
            self._without_a_claim(s, i, out)
        elif p.phase is Phase.CLAIM:
            self._while_it_claims(s, i, out)
        elif p.phase is Phase.SEND:
            self._while_it_sends(s, i, out)
        elif p.phase is Phase.PUBLISH:
            before = self._withdraws(s, i, p.claim)
            out.append(Move(f"R{i} is cancelled before it publishes", before, fault=True))
        elif p.phase is Phase.WITHDRAW:
            killed = s.put(i, p.cleared())
            out.append(Move(f"R{i} is killed while it withdraws", killed, fault=True))

    def _withdraws(self, s: State, i: int, claim: int) -> State:
        """Return the state in which a process is about to withdraw a claim."""
        p = s.processes[i]
        ended = (*p.ended, claim)[-2:]
        if self.case.withdraw == "none":
            return s.put(i, p.cleared()._replace(ended=ended))
        return s.put(
            i,
            p._replace(
                phase=Phase.WITHDRAW,
                claim=claim,
                unknown=-1,
                deadline=-1,
                grant=-1,
                result=-2,
                due=-1,
                waits=-1,
                ended=ended,
            ),
        )

    def _without_a_claim(self, s: State, i: int, out: Moves) -> None:
        p = s.processes[i]
        ends = p.cleared()
        if p.phase is Phase.SEND_ALONE:
            may_run = s
            if s.left.late_server:
                left = (*s.requests_left, (-1, p.key))
                may_run = s.spend("late_server")._replace(requests_left=left)
            text = f"R{i} is cancelled, its request may run"
            out.append(Move(text, may_run.put(i, ends), fault=True))
        text = f"R{i} is cancelled at {p.phase.value}"
        out.append(Move(text, s.put(i, ends), fault=True))

    def _while_it_claims(self, s: State, i: int, out: Moves) -> None:
        seen, version = s.processes[i].seen, self.version_for(s, i)
        record = self.record_of(s, i, version, claim=(i, self.case.lease))
        swaps = Moves()
        self.swap(
            s,
            i,
            None if seen is None else seen.version,
            record,
            lambda z, _: self._withdraws(z, i, version),
            "is cancelled while it claims",
            swaps,
            "claim",
        )
        out += [move._replace(fault=True) for move in swaps]

    def _while_it_sends(self, s: State, i: int, out: Moves) -> None:
        p = s.processes[i]
        name = f"R{i} is cancelled"
        before = self._withdraws(s, i, p.claim)
        out.append(Move(f"{name} before it sends", before, fault=True))
        found: list[Violation] = []
        sent = self.request(s, i, p.grant, found)
        violations = tuple(found)
        ran, token = self.mint(sent, p.grant, p.key)
        after = self._withdraws(_spent(ran, i), i, p.claim)
        out.append(Move(f"{name}, the request ran (T{token})", after, violations, fault=True))
        if s.left.late_server:
            later = sent.spend("late_server")
            later = later._replace(requests_left=(*later.requests_left, (p.grant, p.key)))
            after = self._withdraws(_spent(later, i), i, p.claim)
            out.append(Move(f"{name}, the request runs later", after, violations, fault=True))


def _spent(s: State, i: int) -> State:
    """Return the state after a refresh token has left the memory of a process."""
    p = s.processes[i]
    return s.put(i, p._replace(refresh_token=-1)) if p.grant >= 0 else s
