"""
Decisions of a process of the model of claims: ask, adopt, wait, back off, or claim.

`step` of a move names the step of `flexiti_async.tokens.claim` that it is.
"""

from typing import NamedTuple

from .claim_engine import Move, Violation
from .claim_state import FLIGHT, Moves, Phase, Record, Seen, State
from .claim_world import World

__all__ = ["Decisions"]


class View(NamedTuple):
    """
    A record as a process reads it.

    Attributes:
        sightings: The versions that it has seen now.
        live: Whether a claim in it counts.
        end: Of the token in it; None if unknown.
        failing: Whether a failure in it backs off.
    """

    sightings: tuple[tuple[int, int], ...]
    live: bool
    end: int | None
    failing: bool


class Decisions(World):
    """The steps of a process until it claims."""

    def view(self, s: State, i: int, o: Record) -> View:
        """Return what a process makes of a record: the ages that `decide` is given."""
        c, p = self.case, s.processes[i]
        first = dict(p.sightings).get(o.version)
        sightings = p.sightings
        if first is None and self.watching:
            sightings = (*sightings, (o.version, s.now))[-3:]
        first = s.now if first is None else first
        told, mine = s.now + s.clock - o.at, s.now - first
        known = True
        if c.age == "store":
            age = max(0, told)
        elif c.age == "zero":
            age = max(0, told, mine)
        elif told < 0:
            age, known = mine, False
        else:
            age = max(told, mine)
        lease = 0 if o.claim is None else o.claim[1]
        live = age < (min(c.lease, lease) if c.caps else lease)
        back_off = min(o.back_off, c.back_off) if c.caps else o.back_off
        failure_age = max(age, self.wall(s, i) - o.failed) if c.wall else age
        failing = o.back_off > 0 and failure_age < back_off
        end = None
        if o.token >= 0:
            if known:
                end = s.now + o.rest - age
                if c.wall:
                    end = min(end, s.now + o.minted + c.life - self.wall(s, i))
            if p.token == o.token:
                end = p.end if end is None else min(end, p.end)
        return View(sightings, live, end, failing)

    # -- idle, and waiting for another session of the process

    def idle(self, s: State, i: int, out: Moves) -> None:
        """Add what it does between flights."""
        c, p = self.case, s.processes[i]
        if s.now >= c.horizon:
            return
        if p.token >= 0 and s.tokens[p.token].revoked and self.usable(s, p):
            rejected = (*p.rejected, p.token) if c.remember == "all" else (p.token,)
            asks = p._replace(
                phase=Phase.LOAD,
                due=s.now,
                rejected=rejected,
                ever_rejected=(*p.ever_rejected, p.token),
            )
            out.append(Move(f"R{i} uses T{p.token}: 401, rejects it", s.put(i, asks)))
            return
        held = p.token >= 0 and p.token not in p.rejected
        left = p.end - s.now if held else -99
        if left <= c.leeway:
            asks = p._replace(phase=Phase.LOAD, due=s.now)
            out.append(Move(f"R{i} needs a token", s.put(i, asks)))
        elif left <= c.ahead and s.now >= p.gate:
            renews = p._replace(phase=Phase.LOAD)
            out.append(Move(f"R{i} refreshes in the background", s.put(i, renews)))

    def join(self, s: State, i: int, out: Moves) -> None:
        """Add what it does that shares a flight."""
        p = s.processes[i]
        other = s.processes[p.joins]
        if other.phase in FLIGHT and other.result < 0:
            return
        if other.token >= 0 and self.usable(s, other):
            got = p.cleared()._replace(token=other.token, end=other.end, minted=other.minted)
            out.append(Move(f"R{i} gets T{other.token} from R{p.joins}", s.put(i, got)))
        else:
            looks = p._replace(phase=Phase.LOAD, joins=-1)
            out.append(Move(f"R{i} looks itself", s.put(i, looks)))

    # -- load, and decide

    def load(self, s: State, i: int, out: Moves) -> None:
        """Add what it does with what it loads."""
        c, p = self.case, s.processes[i]
        due = not self.usable(s, p)
        if due and p.due < 0:
            out.append(Move(f"R{i}'s token is due now", s.put(i, p._replace(due=s.now))))
            return
        for j, other in enumerate(s.processes):
            if c.registry and j != i and other.phase in FLIGHT and p.joins == -1:
                joins = p._replace(phase=Phase.JOIN, joins=j)
                out.append(Move(f"R{i} joins the flight of R{j}", s.put(i, joins)))
                return
        o = s.store[self.cell(p)]
        if o is None:
            claims = p._replace(phase=Phase.CLAIM, seen=Seen(None, -1, 0, 0), unknown=-1)
            out.append(Move(f"R{i} loads nothing", s.put(i, claims), step="TakeClaim"))
            return
        view = self.view(s, i, o)
        enough = s.now + (c.leeway if due else c.ahead)
        another = o.token not in p.rejected and o.token != p.token
        if another and view.end is not None and view.end > enough:
            out.append(self._adopts(s, i, o, view.end, view.sightings))
            return
        live = view.live
        if live and o.version in p.ended:
            if c.own_ended == "lapsed":
                live = False
            elif c.own_ended == "reuse":
                goes_on = p._replace(
                    phase=Phase.SEND,
                    claim=o.version,
                    deadline=s.now + c.limit,
                    seen=Seen(o.version, o.token, view.end or 0, o.minted),
                    unknown=-1,
                    grant=-1,
                )
                text = f"R{i} goes on with its own claim v{o.version}"
                out.append(Move(text, s.put(i, goes_on), step="Proceed"))
                return
        if live or view.failing:
            self._kept_waiting(s, i, o, view._replace(live=live), out)
            return
        claims = p._replace(
            phase=Phase.CLAIM,
            seen=Seen(o.version, o.token, view.end or 0, o.minted),
            sightings=view.sightings,
            unknown=-1,
        )
        out.append(Move(f"R{i} loads v{o.version}", s.put(i, claims), step="TakeClaim"))

    def _kept_waiting(self, s: State, i: int, o: Record, view: View, out: Moves) -> None:
        """Add what a process does that a claim or a failure keeps from a token."""
        c, p = self.case, s.processes[i]
        due = not self.usable(s, p)
        step = "Wait" if view.live else "BackOff"
        if view.failing and not view.live and not due:
            gate = max(p.gate, s.now + 1)
            keeps = p.cleared()._replace(sightings=view.sightings, gate=gate)
            text = f"R{i}: a failure backs off, keeps T{p.token}"
            out.append(Move(text, s.put(i, keeps), step=step))
            return
        violations = self._waits_wrongly(s, i, o) if view.live and due else ()
        since = p.waits
        if c.wait_from == "each" and view.sightings:
            since = max(p.waits, dict(view.sightings)[o.version])
        if p.waits < 0 and due:
            waits = p._replace(waits=s.now, sightings=view.sightings)
            what = "a claim" if view.live else "a back-off"
            text = f"R{i} waits for {what} (v{o.version})"
            out.append(Move(text, s.put(i, waits), violations, step=step))
        elif (
            due
            and s.now - since >= c.lease
            and c.alone
            and (view.live or c.alone_by_failures)
            and s.now >= p.gate
        ):
            alone = p._replace(
                phase=Phase.SEND_ALONE, deadline=s.now + c.limit, sightings=view.sightings
            )
            out.append(Move(f"R{i} has waited one lease, goes on alone", s.put(i, alone)))
        elif view.sightings != p.sightings:
            sees = p._replace(sightings=view.sightings)
            out.append(Move(f"R{i} sees v{o.version}", s.put(i, sees), step=step))

    def _waits_wrongly(self, s: State, i: int, o: Record) -> tuple[Violation, ...]:
        found: tuple[Violation, ...] = ()
        p, faults = s.processes[i], self.case.faults
        if (o.version in p.ended or o.version == p.tried) and p.waits < 0:
            found += (Violation("g", f"R{i} waits for its own claim"),)
        excused = (
            *(faults.withdrawal_lost, faults.late, faults.unknown, faults.failover),
            faults.replay,
        )
        if any(excused) or self.case.odd or faults.cancel != 1 or o.claim is None:
            return found
        owner = o.claim[0]
        if owner != i:
            other = s.processes[owner]
            if o.version in other.ended and other.phase is not Phase.WITHDRAW:
                text = f"R{i} waits for a claim that R{owner} has left in an orderly way"
                found += (Violation("q", text),)
        return found

    def _adopts(
        self, s: State, i: int, o: Record, end: int, sightings: tuple[tuple[int, int], ...]
    ) -> Move[State]:
        p = s.processes[i]
        found: list[Violation] = []
        if o.token in p.ever_rejected:
            found.append(Violation("r", f"R{i} adopts T{o.token}, which it had rejected"))
        if s.tokens[o.token].key != p.key:
            found.append(Violation("z", f"R{i} gets T{o.token}, which is of other credentials"))
        adopted = p.cleared()._replace(
            token=o.token,
            end=end,
            minted=o.minted,
            refresh_token=p.refresh_token if p.refresh_token == o.token else -1,
            sightings=sightings,
        )
        text = f"R{i} adopts T{o.token} (thinks it ends at {end})"
        return Move(text, s.put(i, adopted), tuple(found), step="Adopt")
