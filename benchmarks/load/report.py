"""The report of a load test."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final

from benchmarks.harness.latency import Latencies
from benchmarks.load.charts import latency_chart, throughput_chart
from benchmarks.load.refreshes import p99_ratio, pairs, requests_of_refreshes, split
from benchmarks.load.results import Results, met
from benchmarks.report.cells import Cell
from benchmarks.report.report import Goal, Report, Table
from flexiti_async.cli.driver import APPLICATION, DONE, Served

__all__ = ["report_of"]

_PERCENTILES: Final = (50, 90, 99, 99.9)


def report_of(
    results: Results,
    *,
    seconds: float,
    lifetime: float | None,
    shared: bool,
    parameters: Mapping[str, Cell],
) -> Report:
    """
    Build the report.

    Args:
        results: The measurements.
        seconds: How long customers came.
        lifetime: Of tokens; None if unknown.
        shared: Whether the processes share a store.
        parameters: The parameters of the run.
    """
    return Report(
        name="load",
        title="a shop's load, from the arrival of each customer to the widget",
        tables=[
            _phases(results, seconds),
            _flows(results),
            _outcomes(results),
            _tokens(results, lifetime),
        ],
        goals=_goals(results, lifetime, shared=shared),
        charts=[latency_chart(results, seconds), throughput_chart(results, seconds)],
        parameters=parameters,
    )


def _row(name: str, some: Sequence[Served], seconds: float | None = None) -> list[Cell]:
    latencies = Latencies.of(one.took for one in some)
    failed = sum(one.outcome != DONE for one in some)
    rate: list[Cell] = [] if seconds is None else [len(some) / seconds]
    times = [latencies.milliseconds(percent) for percent in _PERCENTILES]
    return [name, len(some), failed, *rate, *times]


def _phases(results: Results, seconds: float) -> Table:
    during, outside = split(results)
    dedicated = [one for one in results.undisturbed if one.flow == APPLICATION]
    faulty = [one for one in results.served if met(one, results.faults)]
    parts = {
        "shared token, cached": outside,
        "shared token, during a refresh": during,
        "dedicated token": dedicated,
        "while faults are on": faulty,
    }
    rows = [_row("all", results.served, seconds)]
    for name, some in parts.items():
        label, number, failed, *times = _row(name, some)
        rows.append([label, number, failed, None, *times])
    columns = ("when", "checkouts", "failed", "per second", *(f"p{p:g} ms" for p in _PERCENTILES))
    return Table("Checkouts", columns, rows)


def _flows(results: Results) -> Table:
    rows = [_row(flow, some) for flow, some in sorted(results.by(lambda one: one.flow).items())]
    return Table(
        "By flow", ("flow", "checkouts", "failed", *(f"p{p:g} ms" for p in _PERCENTILES)), rows
    )


def _outcomes(results: Results) -> Table:
    faulty = Counter(one.outcome for one in results.served if met(one, results.faults))
    calm = Counter(one.outcome for one in results.undisturbed)
    rows = [(name, calm[name], faulty[name]) for name in sorted({*faulty, *calm})]
    return Table("Outcomes", ("outcome", "no faults", "faults on"), rows)


def _tokens(results: Results, lifetime: float | None) -> Table:
    calm = requests_of_refreshes(results, lifetime)
    cpu = results.cpu / len(results.served) * 1000 if results.served else None
    rows: list[tuple[str, Cell]] = [
        ("token requests, as the target counted", results.asked),
        ("… as the clients counted", sum(results.tokens.values())),
        ("shared tokens", results.tokens["shared"]),
        ("tokens dedicated to one application", results.tokens["dedicated"]),
        ("token requests that failed", results.tokens["failed"]),
        ("refreshes without faults, the first token included", len(calm)),
        ("requests of one such refresh, at most", max(calm, default=0)),
        ("CPU ms of the clients per checkout", cpu),
    ]
    return Table("Tokens and CPU time", ("what", "number"), rows)


def _goals(results: Results, lifetime: float | None, *, shared: bool) -> list[Goal]:
    failed = sum(one.outcome != DONE for one in results.undisturbed)
    applied = sum(one.flow == APPLICATION for one in results.served)
    beyond = max(results.tokens["dedicated"] - applied, 0)
    goals = [
        Goal("checkouts that failed while no fault was on", failed, 0, "=", counted=True),
        Goal("dedicated tokens beyond one per application", beyond, 0, "=", counted=True),
    ]
    if shared and (calm := requests_of_refreshes(results, lifetime)):
        goals.append(Goal("token requests per refresh, at most", max(calm), 1, "=", counted=True))
    if found := pairs(results):
        during = sum(len(pair.during) for pair in found)
        between = sum(len(pair.between) for pair in found)
        numbers = f"{during:,} checkouts in {len(found)} refreshes, {between:,} between them"
        figure = f"p99 during a token refresh / otherwise ({numbers})"
        goals.append(Goal(figure, p99_ratio(found), 1.10, main=True))
    return goals
