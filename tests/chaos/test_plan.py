"""Plans: the same for the same seed, with all kinds of trouble among them."""

import json

import pytest

from .draw import make_plan
from .plan import DISTURBANCES, Plan, Verb

SEEDS = range(50)


def test_the_same_seed_draws_the_same_plan() -> None:
    """A seed determines the plan, and another seed draws another plan."""
    assert make_plan(7) == make_plan(7)
    assert make_plan(7).acts != make_plan(8).acts


def test_a_plan_survives_json() -> None:
    """A plan read from its JSON is equal to it."""
    plan = make_plan(7)
    text = plan.to_json()

    assert plan == Plan.from_json(text)
    assert len(plan.acts) == len(json.loads(text)["acts"])


def test_a_plan_is_shown_act_by_act_in_the_order_of_time() -> None:
    """The text has a line for the plan, and one for each act."""
    plan = make_plan(7)
    head, *lines = str(plan).splitlines()

    assert "seed 7: 3 workers" in head
    assert [f"{act.at:.3f}" for act in plan.acts] == [line.split()[0] for line in lines]
    assert sorted(act.at for act in plan.acts) == [act.at for act in plan.acts]


@pytest.mark.parametrize("verb", sorted(set(Verb) - {Verb.MISDEED}))
def test_every_kind_of_act_is_drawn(verb: Verb) -> None:
    """Every kind of call and of trouble is drawn for some seed; misdeeds are not."""
    planned = {act.verb for seed in SEEDS for act in make_plan(seed).acts}

    assert verb in planned
    assert Verb.MISDEED not in planned


@pytest.mark.parametrize("workers", [1, 4])
def test_trouble_ends_with_the_plan(workers: int) -> None:
    """No trouble outlasts the plan, and every act is for an existing process."""
    for seed in SEEDS:
        plan = make_plan(seed, seconds=5.0, workers=workers)
        trouble = [act for act in plan.acts if act.verb in DISTURBANCES]

        assert {act.worker for act in plan.acts} <= {None, *range(workers)}
        assert all(act.at + act.seconds <= 5.0 for act in trouble)
