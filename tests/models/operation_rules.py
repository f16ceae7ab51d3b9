"""
The rules of operations (design, section 4) as switches, and the faults that they have to survive.

`Rules()` is the design. A variant with one rule switched off is broken: the search has to find out.
"""

from typing import Final

from attrs import field, frozen

__all__ = ["DEADLINE", "HOUR", "SETTLE", "SKEW", "Case", "Faults", "Rules"]

DEADLINE: Final = 0
"""Ticks from before the first try of a claim to its last moment: a send is in the same tick."""
SETTLE: Final = 1
"""Ticks after the deadline in which the API may still execute what it received in time."""
HOUR: Final = 1
"""Ticks after the first claim in which a transaction may be sent again under its own key."""
SKEW: Final = 3
"""Ticks by which a wrong clock steps: more than the deadline and `settle` together."""


@frozen
class Rules:
    """The rules, in the order of an operation; the comments quote the design."""

    # 1. Prepare: "whatever can fail without having sent anything fails here, and leaves no trace".
    prepare_first: bool = True

    # 2. Claim: "`swap` a `pending` record into the journal", before anything is sent.
    claim_first: bool = True
    # Every write is a swap against the version that was read.
    swap_compares: bool = True
    # "An unknown swap is repeated until True or False": it is not taken for a won one.
    unknown_swap_repeated: bool = True
    # A cancelled claim is repeated to its end, and only then withdrawn: it may still land.
    withdraw_after_repeat: bool = True
    # "The fingerprint is compared first, before joining too."
    fingerprint_first: bool = True
    # "`pending` past it → `OutcomeUnknown`, whatever is asked."
    unknown_outranks_reused: bool = True
    # "A waiter never sends": it gets the outcome of the claim that it waited for.
    waiter_never_sends: bool = True
    # "A record that cannot be opened is unknown, never absent."
    unopened_is_unknown: bool = True

    # 3. Send: before the deadline …
    deadline_before_send: bool = True
    # … "counted from before the first try of the claim" …
    deadline_from_first_try: bool = True
    # … "by the *larger* of wall clock and boot-time clock".
    deadline_by_larger_clock: bool = True
    # "If the task itself is cancelled: free if no byte was written …
    cancelled_unsent_frees: bool = True
    # … else pending."
    cancelled_sent_stays_pending: bool = True

    # 4. Record: "free the key if the call *certainly* did not run".
    free_only_if_certain: bool = True
    # "… and no send of this claim whose outcome is unknown".
    unknown_send_stays_pending: bool = True
    # The same for a claim that was taken over from an unknown one (transactions).
    unknown_claim_stays_pending: bool = True
    # "Keeping the refusal as history": the waiters of a claim read it there.
    refusal_kept: bool = True
    # A claim that was withdrawn in another life is no refusal: its waiters get no "did not run".
    forgot_is_no_refusal: bool = True
    # "A true answer outranks `free`, absent and a foreign `pending`."
    answer_outranks: bool = True

    # 5. Resolve: "`executed=False` only after the deadline plus `settle` …
    resolve_after_settle: bool = True
    # … by the *smaller* of the store's age and the wall clock's distance".
    resolve_by_smaller_age: bool = True
    # The operator has looked at the API after `settle`, too: an earlier look proves nothing.
    look_after_settle: bool = True
    # "Nothing else frees a pending key, and no clock ever does."
    no_clock_frees: bool = True
    # A transaction is sent again only within an hour of its *first* claim.
    hour_from_first_claim: bool = True

    # 6. Ends: "a pending record has no end".
    pending_has_no_end: bool = True
    # "A done one is kept for `journal_ttl`": the promise is for that long.
    done_kept_for_promise: bool = True

    # The journal's life: compared "before the claim (a second net: see `SECOND_NETS`) …
    life_before_claim: bool = True
    # … and before the send".
    life_before_send: bool = True
    # "Nothing is sent for a key whose record is absent *or free*."
    free_needs_life: bool = True
    # "Another id than this process has seen … is `JournalForgot`", unless a person has accepted it
    # in place of that one: then calls that begin afterwards know it, also in the same process.
    marker_id_compared: bool = True
    # `journal init` is run "by a person": no worker writes a marker that it does not find.
    marker_by_person: bool = True
    # A store that evicted a record has another life.
    eviction_changes_life: bool = True
    # "`journal accept`, only after the deadline plus `settle`", from the first `JournalForgot`.
    accept_after_settle: bool = True
    # … "after somebody has compared with the API": what ran is entered first.
    accept_after_comparison: bool = True
    # … and has resolved what is pending, for a stray claim may hide what was lost.
    accept_after_resolving: bool = True


@frozen
class Faults:
    """
    The faults that may happen; a number is how often in one history.

    Attributes:
        invalid: Arguments that cannot be encoded.
        crash: A process is killed between two steps, or while a swap is under way.
        cancel: The task of an operation is cancelled.
        unknown: The answer of a swap is lost; it was applied, or lands later, or never.
        lost: Answers of the API are lost, and requests as well.
        late: The API executes up to so many ticks after it received a request.
        other: The last attempt makes another request under the same key.
        blind: The last attempt cannot open the records of the others.
        operator: Somebody looks at the API, resolves, and accepts.
        wrong: The operator says "not executed" of what was executed.
        reinit: Somebody runs `journal init` on an emptied store.
        losses: How often the store loses something …
        loss: … and how: "roll back" (the last write), "forget" (all), "evict" (this record),
            "copy back" (the last write, and no trace of it: a disk that is rolled back).
        clock: One clock is set wrong, forward or back, at any moment. (Two wrong clocks move money
            twice, if they are the store's and the operator's.)
        ends: Records end: a free one after 30 days, a done one after `journal_ttl`.
        api_key: The API executes one key once (`transactions.make`).
        stopped: A process is stopped between its last look at the clock and the write.
    """

    invalid: bool = False
    crash: int = 0
    cancel: int = 0
    unknown: int = 0
    lost: bool = False
    late: int = 0
    other: bool = False
    blind: bool = False
    operator: bool = False
    wrong: int = 0
    reinit: int = 0
    losses: int = 0
    loss: tuple[str, ...] = ()
    clock: int = 0
    ends: bool = False
    api_key: bool = False
    stopped: bool = False


@frozen
class Case:
    """
    One search.

    Attributes:
        faults: The faults that may happen.
        rules: The design, or a broken variant.
        attempts: How many processes make the operation.
        horizon: Ticks after which time stands still, so that every history ends.
    """

    faults: Faults = field(factory=Faults)
    rules: Rules = field(factory=Rules)
    attempts: int = 3
    horizon: int = 3
