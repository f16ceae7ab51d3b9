"""
A flight of a process of the model of claims: claim, request, publish or put in, withdraw.

`step` of a move names the step of `flexiti_async.tokens.claim` that it is.
"""

from .claim_decide import Decisions
from .claim_engine import Move, Violation
from .claim_state import Moves, Phase, Record, State
from .claim_world import Kind, Outcome

__all__ = ["Flights"]


class Flights(Decisions):
    """The steps of a process from its claim on."""

    def record_of(
        self,
        s: State,
        i: int,
        version: int,
        *,
        claim: tuple[int, int] | None = None,
        back_off: int = 0,
    ) -> Record:
        """Build a record that carries the token still in use."""
        seen = s.processes[i].seen
        record = Record(version, -1, 0, 0, claim, back_off, 0, self.wall(s, i))
        if seen is None or seen.token < 0 or seen.end <= s.now:
            return record
        return record._replace(token=seen.token, rest=seen.end - s.now, minted=seen.minted)

    def own_record(self, s: State, i: int, version: int) -> Record:
        """Build a record of the process's own token."""
        p = s.processes[i]
        rest = p.end - s.now
        return Record(version, p.token, rest, p.minted, None, 0, 0, self.wall(s, i))

    def version_for(self, s: State, i: int) -> int:
        """Return the version of a write: that of the unknown one that it repeats, or a new one."""
        unknown = s.processes[i].unknown
        return self.fresh(s) if unknown == -1 else unknown

    def claim(self, s: State, i: int, out: Moves) -> None:
        """Add the claim."""
        c, p = self.case, s.processes[i]
        assert p.seen is not None
        version = self.version_for(s, i)
        record = self.record_of(s, i, version, claim=(i, c.lease))
        mine = p.refresh_token == p.token and p.token >= 0 and p.end > s.now
        may = mine and p.token not in p.rejected and p.seen.token == p.token
        grant = p.token if may else -1

        def after(z: State, outcome: Outcome) -> State:
            q = z.processes[i]
            if outcome is Outcome.WON:
                deadline = z.now + c.limit
                return z.put(
                    i,
                    q._replace(
                        phase=Phase.SEND,
                        claim=version,
                        deadline=deadline,
                        unknown=-1,
                        grant=grant,
                        tries=0,
                    ),
                )
            if outcome is Outcome.UNKNOWN and c.repeat_swap:
                return z.put(i, q._replace(unknown=version))
            tried = version if outcome is Outcome.UNKNOWN or not c.idempotent else -1
            return z.put(i, q._replace(phase=Phase.LOAD, unknown=-1, seen=None, tried=tried))

        text = f"claims v{version}"
        self.swap(s, i, p.seen.version, record, after, text, out, "claim", "TakeClaim")

    def request(self, s: State, i: int, grant: int, found: list[Violation]) -> State:
        """Count a token request."""
        if grant >= 0 and s.tokens[grant].spent:
            found.append(Violation("a", f"R{i} sends RT{grant} a second time"))
        if grant >= 0 and any(left == grant for left, _ in s.requests_left):
            found.append(Violation("a", f"R{i} sends RT{grant} again, the first is under way"))
        key = s.processes[i].key
        requests = tuple(n + (k == key) for k, n in enumerate(s.requests))
        if requests[key] > self.case.bound:
            text = f"token request number {requests[key]}, {self.case.bound} are allowed here"
            found.append(Violation("n", text))
        return s._replace(requests=requests)

    def send(self, s: State, i: int, out: Moves) -> None:
        """Add the token request."""
        c, p = self.case, s.processes[i]
        alone = p.phase is Phase.SEND_ALONE
        found: list[Violation] = []
        # The grant is chosen when it is sent.
        grant = p.grant if not alone and p.end > s.now else -1
        sent = self.request(s, i, grant, found)
        ran, token = self.mint(sent, grant, p.key)
        if grant >= 0:
            if not c.repeat_refresh:
                sent = sent.put(i, sent.processes[i]._replace(refresh_token=-1))
            ran = ran.put(i, ran.processes[i]._replace(refresh_token=-1))
        what = f"RT{grant}" if grant >= 0 else "client_credentials"
        if token < 0:
            falls_back = ran.put(i, ran.processes[i]._replace(grant=-1))
            text = f"R{i} sends {what}: rejected, falls back to client_credentials"
            out.append(Move(text, falls_back, tuple(found)))
        else:
            got = ran.processes[i]._replace(
                phase=Phase.REJOIN if alone else Phase.PUBLISH,
                token=token,
                end=s.now + c.life,
                minted=self.wall(s, i),
                refresh_token=token,
                result=token,
                due=-1,
                waits=-1,
            )
            if grant < 0:
                found += self._in_vain(s, i)
            text = f"R{i} {'alone ' if alone else ''}sends {what}: T{token}"
            out.append(Move(text, ran.put(i, got), tuple(found)))
        self._request_breaks(s, i, grant, sent, ran, found, out)

    def _in_vain(self, s: State, i: int) -> list[Violation]:
        """Return that a token was requested though one lives, if nothing is at fault."""
        if s.faulty:
            return []
        return [
            Violation("d", f"R{i} asks although T{number} lives")
            for number, token in enumerate(s.tokens)
            if token.key == s.processes[i].key
            and not token.revoked
            and token.at + self.case.life - s.now > self.case.ahead
        ]

    def _request_breaks(
        self,
        s: State,
        i: int,
        grant: int,
        sent: State,
        ran: State,
        found: list[Violation],
        out: Moves,
    ) -> None:
        c, p = self.case, s.processes[i]

        def fails(z: State) -> State:
            q, gate = z.processes[i], z.now + c.back_off
            if p.phase is Phase.SEND:
                return z.put(i, q._replace(phase=Phase.PUBLISH, result=-1, gate=gate))
            return z.put(i, q.cleared()._replace(due=p.due, phase=Phase.LOAD, gate=gate))

        def goes_on(z: State) -> State:
            q = z.processes[i]
            if grant >= 0:
                return z.put(i, q._replace(grant=grant if c.repeat_refresh else -1))
            if c.repeat_request and p.tries == 0:
                return z.put(i, q._replace(tries=1))
            return fails(z)

        what = f"R{i} sends {f'RT{grant}' if grant >= 0 else 'client_credentials'}"
        violations = tuple(found)

        def add(text: str, state: State) -> None:
            out.append(Move(f"{what}: {text}", state, violations, fault=True))

        if s.left.broken:
            add("connection breaks, not run", goes_on(sent.spend("broken")))
            add("connection breaks, it ran", goes_on(ran.spend("broken")))
            if s.left.late_server:
                later = sent.spend("broken").spend("late_server")
                left = (*later.requests_left, (grant, p.key))
                add("it runs later", goes_on(later._replace(requests_left=left)))
        if s.left.error:
            add("503", fails(sent.spend("error")))

    def publish(self, s: State, i: int, out: Moves) -> None:
        """Add the publishing of its result."""
        c, p = self.case, s.processes[i]
        version = self.version_for(s, i)
        ok = p.result >= 0
        if ok:
            record = self.own_record(s, i, version)
        else:
            record = self.record_of(s, i, version, back_off=c.back_off)
        asks_again = not ok and p.due >= 0

        def after(z: State, outcome: Outcome) -> State:
            q = z.processes[i]
            if outcome is Outcome.UNKNOWN and c.repeat_swap:
                return z.put(i, q._replace(unknown=version))
            if outcome is not Outcome.WON and ok:
                return z.put(i, q._replace(phase=Phase.REJOIN, unknown=-1))
            if outcome is not Outcome.WON:
                asks = q.cleared()._replace(due=p.due)
                return z.put(i, asks._replace(phase=Phase.LOAD) if p.due >= 0 else asks)
            done = q.cleared()
            if asks_again:
                done = done._replace(due=p.due, phase=Phase.LOAD)
            return z.put(i, done)

        what = f"publishes {f'T{p.result}' if ok else 'its failure'}"
        self.swap(s, i, p.claim, record, after, what, out, "publish")

    def rejoin(self, s: State, i: int, out: Moves) -> None:
        """Look once for its own token that is not stored; put it in if the store allows."""
        p = s.processes[i]
        o = s.store[self.cell(p)]
        expected = None
        if o is not None:
            view = self.view(s, i, o)
            kept = s.put(i, p.cleared()._replace(sightings=view.sightings))
            if o.version == p.unknown or o.token == p.token:
                out.append(Move(f"R{i} finds its T{p.token} stored", kept, step="Keep"))
                return
            theirs = view.live and o.version not in p.ended
            later = view.end is not None and view.end >= p.end and o.token not in p.rejected
            if theirs or later:
                out.append(Move(f"R{i} keeps T{p.token} to itself", kept, step="Keep"))
                return
            expected = o.version
        record = self.own_record(s, i, self.version_for(s, i))

        def after(z: State, _: Outcome) -> State:
            return z.put(i, z.processes[i].cleared())

        what = f"puts T{p.token} in"
        self.swap(s, i, expected, record, after, what, out, "publish", "PublishAgain")

    def withdraw(self, s: State, i: int, out: Moves) -> None:
        """Add the withdrawal."""
        p = s.processes[i]
        record = self.record_of(s, i, self.version_for(s, i))

        def after(z: State, _: Outcome) -> State:
            return z.put(i, z.processes[i].cleared())

        kind: Kind = "blind" if self.case.withdraw == "blind" else "withdraw"
        self.swap(s, i, p.claim, record, after, "withdraws", out, kind)
        if s.left.withdrawal_lost:
            lost = after(s.spend("withdrawal_lost"), Outcome.UNKNOWN)
            out.append(Move(f"R{i} withdraws: it never arrives", lost, fault=True))
