"""
The rules for a 401 on a call (design, section 3), as a state machine of their own.

Calls are in flight at healthy endpoints (H, I) and at B, which always answers 401. A call is sent,
run by the server and answered in three separate steps, at most one tick apart. Getting a successor,
adopted or minted, is one step: the flight itself is the business of `claim_model`.
"""

from typing import Final, Literal, NamedTuple

from attrs import frozen

from .claim_engine import TICK, Model, Move, Violation

__all__ = ["RejectedCase", "RejectedModel"]

_EVERYBODY: Final = "*"


@frozen(kw_only=True)
class RejectedCase:
    """
    Bounds, faults and rules. The defaults of the rules are the design.

    Attributes:
        processes: How many processes.
        horizon: The last tick.
        just_now: A token is new for so long; also the back-off.
        remembered: How long an endpoint is, if not by the token.
        ends: The endpoints that are called.
        revoke: How many revocations.
        restart: How many processes are replaced by new ones, which adopt the stored token.
        outage: How often all endpoints answer 401 for a while.
        fresh: Whether the token was minted at 0, and not long ago.
        bound: Token requests that are allowed.
        by: The moment that "just now" counts from; never: no token is new.
        proof: A call is proven by a success that was sent, or answered, after it.
        memory: The memory of an endpoint that rejects a successor.
        double: Each further rejection doubles the time for which it is.
        look: A proven call is repeated once with the same token.
        clear: A success of the endpoint ends that.
        straggler: A 401 for a token that is not in use rejects nothing.
        blame: A rejected successor fails its call, or all calls for a back-off.
        slack: Ticks of a call and its repeat that "within a back-off" does not count.
        minute: How long an endpoint is remembered while others succeed; 0 for no longer than that.
        quiet: A minute in which one endpoint may cause one token request, if others succeed.
    """

    processes: int = 2
    horizon: int = 5
    just_now: int = 2
    remembered: int = 2
    ends: str = "HB"
    revoke: int = 0
    restart: int = 0
    outage: int = 0
    fresh: bool = False
    bound: int = 0
    by: Literal["minted", "obtained", "never"] = "minted"
    proof: Literal["sent", "answered", "none"] = "sent"
    memory: Literal["token", "all", "none"] = "token"
    double: bool = True
    look: bool = True
    clear: bool = True
    straggler: bool = True
    blame: Literal["call", "all"] = "call"
    slack: int = 0
    minute: int = 3
    quiet: int = 3


class Call(NamedTuple):
    """A call in flight; `order` says which was sent later, `result` is empty until it has run."""

    end: str
    token: int
    order: int
    at: int
    repeat: int = 0
    result: str = ""
    proven: int = 0
    looked: int = 0


class Memory(NamedTuple):
    """
    An endpoint that rejects: until when, for which token (-1: any), how often.

    It was noted at `at`, of the call of that `order`; `valid` are the tokens with which a call that
    was sent later has succeeded, so that the endpoint is at fault.
    """

    end: str
    until: int
    token: int
    times: int
    at: int = -99
    order: int = -1
    valid: tuple[int, ...] = ()


class Caller(NamedTuple):
    """A process: its token, since when, the tokens it has rejected, memories and calls."""

    token: int = 0
    got: int = -99
    rejected: tuple[int, ...] = ()
    memories: tuple[Memory, ...] = ()
    calls: tuple[Call, ...] = ()

    def next_order(self, calls: tuple[Call, ...]) -> int:
        """Return the order of a call that is sent now."""
        orders = [call.order for call in calls] + [m.order for m in self.memories]
        return 1 + max(orders, default=0)


class RejectedState(NamedTuple):
    """Everything; tokens are (minted at, revoked at or -1)."""

    now: int
    tokens: tuple[tuple[int, int], ...]
    stored: int
    callers: tuple[Caller, ...]
    left: tuple[int, int, int]
    down: int
    down_until: int
    faulty: int
    requests: int

    def put(self, i: int, caller: Caller) -> "RejectedState":
        """Return the state with another process `i`."""
        return self._replace(callers=(*self.callers[:i], caller, *self.callers[i + 1 :]))


Moves = list[Move[RejectedState]]


class RejectedModel(Model[RejectedState]):
    """
    Return the consequences of a 401.

    Args:
        case: The case to search.
    """

    def __init__(self, case: RejectedCase) -> None:
        self.case = case

    @property
    def horizon(self) -> int:
        """The last tick."""
        return self.case.horizon

    def tick_of(self, state: RejectedState) -> int:
        """Return the time in a state."""
        return state.now

    def requests_of(self, state: RejectedState) -> int:
        """Return how many token requests were made."""
        return state.requests

    def invariants(self, state: RejectedState) -> tuple[Violation, ...]:
        """Return nothing: all rules are about steps."""
        del state
        return ()

    def initial(self) -> RejectedState:
        """Return the first state: all processes use one token."""
        c = self.case
        tokens = ((0 if c.fresh else -9, -1),)
        left = (c.revoke, c.restart, c.outage)
        return RejectedState(0, tokens, 0, (Caller(),) * c.processes, left, 0, -9, 0, 0)

    def tidy(self, state: RejectedState) -> RejectedState:
        """Forget tokens that nothing names, and differences that no rule looks at."""
        s, c = state, self.case
        named = {s.stored}
        for p in s.callers:
            named.update((p.token, *(call.token for call in p.calls)))
        new = {token: number for number, token in enumerate(sorted(named))}
        old = s.now - c.just_now - c.slack - 1
        tokens = tuple(
            (max(born, old), gone if gone < 0 else max(gone, old, 0))
            for number, (born, gone) in enumerate(s.tokens)
            if number in named
        )
        callers: list[Caller] = []
        for p in s.callers:
            minute = max(c.minute, c.quiet)
            known = [m for m in p.memories if m.end != _EVERYBODY and m.at + minute > s.now]
            orders = {call.order for call in p.calls} | {m.order for m in known}
            place = {one: k for k, one in enumerate(sorted(orders))}
            calls = sorted(
                call._replace(token=new[call.token], order=place[call.order]) for call in p.calls
            )
            memories: list[Memory] = []
            for m in p.memories:
                if m in known:
                    valid = tuple(sorted(new[token] for token in m.valid if token in new))
                    m = m._replace(order=place[m.order], valid=valid)  # noqa: PLW2901
                else:
                    m = m._replace(at=-99, order=-1, valid=())  # noqa: PLW2901
                if m.until > s.now:
                    token = -1 if m.token == -1 else new.get(m.token, -2)
                    memories.append(m._replace(token=token))
                elif c.double or m.at >= 0:
                    memories.append(m._replace(until=s.now, token=-2))
            got = max(p.got, s.now - c.just_now) if c.by == "obtained" else 0
            rejected = tuple(new[token] for token in p.rejected if token in new)
            callers.append(Caller(new[p.token], got, rejected, tuple(memories), tuple(calls)))
        return s._replace(
            tokens=tokens,
            stored=new[s.stored],
            callers=tuple(callers),
            down_until=max(s.down_until, old) if s.down_until >= 0 else -9,
        )

    def moves(self, state: RejectedState) -> Moves:
        """Return all steps from a state."""
        s, out = state, Moves()
        waiting = any(call.at < s.now for p in s.callers for call in p.calls)
        if s.now < self.case.horizon and not waiting:
            out.append(Move(TICK, s._replace(now=s.now + 1)))
        for i in range(len(s.callers)):
            if s.now < self.case.horizon:
                self._sends(s, i, out)
            for k in range(len(s.callers[i].calls)):
                self._goes_on(s, i, k, out)
        self._faults(s, out)
        return out

    def _sends(self, s: RejectedState, i: int, out: Moves) -> None:
        p = s.callers[i]
        flying = {call.end for call in p.calls}
        stopped = any(m.end == _EVERYBODY and m.until > s.now for m in p.memories)
        for end in self.case.ends:
            if stopped:
                text = f"P{i}'s healthy call fails because of another endpoint's 401"
                found = () if s.faulty or end == "B" else (Violation("h", text),)
                out.append(Move(f"P{i} calls {end}: raises, all back off", s, found, fault=True))
            elif end not in flying:
                call = Call(end, p.token, p.next_order(p.calls), s.now)
                calls = s.put(i, p._replace(calls=(*p.calls, call)))
                out.append(Move(f"P{i} calls {end} with T{p.token}", calls, fault=True))

    def _goes_on(self, s: RejectedState, i: int, k: int, out: Moves) -> None:
        """Let the server run a call, or its answer arrive."""
        c, p = self.case, s.callers[i]
        call, before, after = p.calls[k], p.calls[:k], p.calls[k + 1 :]
        rest = (*before, *after)
        if not call.result:
            ok = call.end != "B" and s.tokens[call.token][1] < 0 and not s.down
            ran = call._replace(result="200" if ok else "401")
            text = f"the server runs P{i}'s {call.end}: {ran.result}"
            out.append(Move(text, s.put(i, p._replace(calls=(*before, ran, *after)))))
        elif call.result == "200":
            calls = tuple(
                other._replace(proven=1)
                if other.token == call.token
                and (c.proof == "answered" or (c.proof == "sent" and other.order < call.order))
                else other
                for other in rest
            )
            memories = p.memories
            if c.clear:
                memories = tuple(m for m in memories if m.end != call.end)
            memories = tuple(
                m._replace(valid=tuple(sorted({*m.valid, call.token})))
                if m.at >= 0 and m.order < call.order
                else m
                for m in memories
            )
            done = p._replace(calls=calls, memories=memories)
            out.append(Move(f"P{i}'s {call.end} succeeds", s.put(i, done)))
        else:
            out.append(self._rejected(s, i, call, rest))

    def _faults(self, s: RejectedState, out: Moves) -> None:
        revoke, restart, outage = s.left
        if revoke:
            used = {s.stored, *(p.token for p in s.callers)}
            for number, (born, gone) in enumerate(s.tokens):
                if gone < 0 and number in used:
                    tokens = (*s.tokens[:number], (born, s.now), *s.tokens[number + 1 :])
                    left = (revoke - 1, restart, outage)
                    revoked = s._replace(tokens=tokens, left=left, faulty=1)
                    out.append(Move(f"the server revokes T{number}", revoked, fault=True))
        if restart:
            for i, p in enumerate(s.callers):
                if not p.calls:
                    new = s._replace(left=(revoke, restart - 1, outage))
                    new = new.put(i, Caller(token=s.stored, got=s.now))
                    out.append(Move(f"P{i} is replaced by a new process", new, fault=True))
        if outage and not s.down:
            down = s._replace(down=1, left=(revoke, restart, outage - 1), faulty=1)
            out.append(Move("every endpoint answers 401 from now on", down, fault=True))
        if s.down:
            up = s._replace(down=0, down_until=s.now)
            out.append(Move("the endpoints are well again", up, fault=True))

    # -- the answer is 401

    def _rejected(
        self, s: RejectedState, i: int, call: Call, rest: tuple[Call, ...]
    ) -> Move[RejectedState]:
        c, p = self.case, s.callers[i]
        if call.repeat:
            return self._successor_rejected(s, i, call, rest)
        if call.token != p.token and c.straggler:
            text = "an old token, nothing is rejected"
            return self._again(s, i, call, rest, text)
        known = [m for m in p.memories if m.end == call.end]
        if any(
            (m.until > s.now and m.token in {-1, call.token})
            or (call.token in m.valid and m.at + c.minute > s.now)
            for m in known
        ):
            return self._raises(s, i, call, rest, "the endpoint is known to reject")
        if call.proven and c.look and not call.looked:
            looks = call._replace(result="", proven=0, looked=1, at=s.now, order=p.next_order(rest))
            state = s.put(i, p._replace(calls=(*rest, looks)))
            return Move(f"P{i}'s {call.end}: proven, repeats with the same token", state)
        age = s.now - (s.tokens[call.token][0] if c.by == "minted" else p.got)
        new = c.by != "never" and age < c.just_now
        if call.proven or new:
            why = "proven" if call.proven else "obtained just now"
            return self._raises(s, i, call, rest, why)
        found: list[Violation] = []
        if any(call.token in m.valid and m.at + c.quiet > s.now for m in known):
            text = f"{call.end} rejects a second token within a minute, while others succeed"
            found.append(Violation("i", text))
        dropped = self._drop(s, i, call.token if c.straggler else p.token, found)
        return self._again(dropped, i, call, rest, f"rejects T{call.token}", tuple(found))

    def _successor_rejected(
        self, s: RejectedState, i: int, call: Call, rest: tuple[Call, ...]
    ) -> Move[RejectedState]:
        c, p = self.case, s.callers[i]
        others = tuple(m for m in p.memories if m.end != call.end)
        memories = p.memories
        if c.memory == "all":
            memories = (*others, Memory(call.end, s.now + c.remembered, -1, 1))
        if c.memory == "token":
            before = [m.times for m in p.memories if m.end == call.end]
            times = max(before, default=0) if c.double else 0
            until = s.now + c.just_now * 2**times
            valid = (call.token,) if call.proven else ()
            times = min(times + 1, 2)
            memories = (
                *others,
                Memory(call.end, until, call.token, times, s.now, call.order, valid),
            )
        if c.blame == "all" and s.now - s.tokens[call.token][0] < c.just_now:
            memories = (*memories, Memory(_EVERYBODY, s.now + c.just_now, -1, 0))
        noted = s.put(i, p._replace(memories=memories))
        return self._raises(noted, i, call, rest, "the successor is rejected too")

    def _again(
        self,
        s: RejectedState,
        i: int,
        call: Call,
        rest: tuple[Call, ...],
        why: str,
        found: tuple[Violation, ...] = (),
    ) -> Move[RejectedState]:
        p = s.callers[i]
        again = call._replace(
            token=p.token, repeat=1, result="", proven=0, at=s.now, order=p.next_order(rest)
        )
        state = s.put(i, p._replace(calls=(*rest, again)))
        return Move(f"P{i}'s {call.end}: 401, {why}, repeats with T{p.token}", state, found)

    def _raises(
        self, s: RejectedState, i: int, call: Call, rest: tuple[Call, ...], why: str
    ) -> Move[RejectedState]:
        c, gone = self.case, s.tokens[call.token][1]
        name = f"P{i}'s healthy call fails ({why})"
        long = c.just_now + c.slack
        found: tuple[Violation, ...] = ()
        if call.end == "B":
            pass
        elif not s.faulty:
            found = (Violation("h", name),)
        elif gone >= 0 and s.now - gone > long and not s.down and s.now - s.down_until > long:
            found = (Violation("v", f"{name}, its token was revoked {s.now - gone} ticks ago"),)
        elif not s.down and call.at > s.down_until and not call.repeat and why == "proven":
            found = (Violation("p", f"{name}, though its token is revoked"),)
        state = s.put(i, s.callers[i]._replace(calls=rest))
        return Move(f"P{i}'s {call.end}: 401 for T{call.token}, raises ({why})", state, found)

    def _drop(self, s: RejectedState, i: int, token: int, found: list[Violation]) -> RejectedState:
        """Reject a token, and get a successor."""
        p = s.callers[i]
        rejected = tuple(sorted({*p.rejected, token}))
        if s.stored != token and s.stored not in rejected:
            return s.put(i, p._replace(token=s.stored, got=s.now, rejected=rejected))
        requests = s.requests + 1
        bound = self.case.bound
        if requests > bound:
            found.append(Violation("m", f"request number {requests}, {bound} are allowed here"))
        if requests > bound + 2:
            return s.put(i, p._replace(rejected=rejected))
        new = len(s.tokens)
        minted = s._replace(tokens=(*s.tokens, (s.now, -1)), stored=new, requests=requests)
        return minted.put(i, p._replace(token=new, got=s.now, rejected=rejected))
