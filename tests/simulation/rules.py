"""The rules that hold in every history."""

import asyncio
from collections.abc import Iterator

from flexiti_async.errors import FlexitiError
from flexiti_async.protocol.call import OperationKind

from .plan import Move, Verb
from .shop import Shop, operation_of

__all__ = ["after_calm", "at_the_end", "of_callers", "of_pins"]


def of_callers(shop: Shop) -> Iterator[str]:
    """Yield what callers did not get, or got too late, or must not get."""
    for caller in shop.callers:
        dead = caller.worker.process.dead
        if caller.fault:
            yield f"untyped: {caller}"
        if caller.ended is None:
            # A task that is cancelled before its first step has done nothing.
            if not (dead or (caller.task is not None and caller.task.done())):
                yield f"late: {caller}"
        elif caller.took > caller.limit:
            yield f"late: {caller} took {caller.took:.1f} s, {caller.limit:.1f} s at most"


def of_pins(shop: Shop) -> Iterator[str]:
    """
    Yield refreshes of tokens in a customer's browser.

    One limit is known: the token store has lost a mark that only other processes have written, so
    the process that holds the refresh token cannot know of it.
    """
    for token, process in shop.api.refreshed_pins:
        writers = shop.tokens.unpinned.get(token, set())
        if not writers or process in writers:
            yield f"pinned: {process} refreshed {token}, which is in a customer's browser"


async def after_calm(shop: Shop) -> list[str]:
    """Return what is wrong when all faults are over: a token for everybody, and true books."""
    broken = list[str]()
    for index in range(shop.processes):
        caller = shop.call(Move(0.0, Verb.TOKEN, index))
        assert caller.task is not None
        await asyncio.wait([caller.task], timeout=60.0)
        if caller.outcome != "done":
            broken.append(f"recovery: {caller}")
    worker = shop.start(0)
    for kind, key in shop.used():
        try:
            found = await worker.session.operations.get(kind=OperationKind(kind), key=key)
        except FlexitiError as error:
            broken.append(f"named: {kind} {key}: {type(error).__name__}")
            continue
        paid = shop.paid(kind, key)
        phase = "absent" if found is None else found.phase.value
        shop.phases[kind, key] = phase
        if paid and phase in {"absent", "free"}:
            broken.append(f"named: {kind} {key} was paid, and is {phase}")
        if phase == "done" and not paid:
            broken.append(f"true: {kind} {key} is done, and was not paid")
    for caller in shop.callers:
        if caller.number is None:
            continue
        numbers = {one.number for one in shop.paid(*operation_of(caller.move))}
        if caller.number not in numbers:
            broken.append(f"true: {caller} got {caller.number}, the API has {sorted(numbers)}")
    return broken


async def at_the_end(shop: Shop) -> list[str]:
    """Try everything once more in a new process, close all processes, and look at what is left."""
    broken, new = list[str](), shop.start(0)
    moves = [one.move for one in shop.callers if one.move.verb in {Verb.PAY, Verb.BUY}]
    callers = [
        shop.call(move, new)
        for what, move in {operation_of(move): move for move in moves}.items()
        if shop.phases.get(what) != "done"
    ]
    if callers:
        await asyncio.wait([caller.task for caller in callers if caller.task], timeout=120.0)
    broken += [f"late: {caller}" for caller in callers if not caller.outcome]
    for kind, key in shop.used():
        paid = shop.paid(kind, key)
        if len(paid) > 1:
            moments = ", ".join(f"{one.at:.3f} s" for one in paid)
            broken.append(f"once: {kind} {key} was paid at {moments}")
    open_ones = [one for one in shop.all if not (one.closing or one.process.dead)]
    # The refresh of the first one is under way when it closes.
    shop.api.disturb("revoke all", 0, 0.0)
    shop.api.disturb("hang before", 6, 0.0)
    shop.call(Move(0.0, Verb.SEND, 0), open_ones[0])
    await asyncio.sleep(0.05)
    for worker in open_ones:
        worker.closing = True
    tasks = [worker.spawn(shop.loop, shop.close(worker)) for worker in open_ones]
    await asyncio.wait(tasks, timeout=60.0)
    await asyncio.sleep(0)
    for worker in shop.all:
        if not worker.process.dead:
            broken.append(f"left: {worker.process.name} has not ended")
    for worker in open_ones:
        left = shop.tokens.claims_of(worker.process.name)
        broken += [f"left: {worker.process.name} left a claim" for _ in left]
    return broken
