"""The report of a verification: for people in Markdown, for programs in JSON."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from attrs import frozen

from flexiti_async import __version__
from flexiti_async.api.endpoints import NAMES
from flexiti_async.cli.verify.assumptions import ASSUMPTIONS, Assumption
from flexiti_async.cli.verify.exchange import Shown
from flexiti_async.cli.verify.judging import Evidence, Outcome, Verdict

__all__ = ["Report", "judge_all"]

_HEADINGS: Final[Mapping[Outcome, str]] = {
    Outcome.CONTRADICTED: "Contradicted",
    Outcome.CONFIRMED: "Confirmed",
    Outcome.OPEN: "Still open",
}


@frozen
class Report:
    """
    The result of a run.

    Attributes:
        where: The environment, or the origin of the API.
        day: The day of the run, `YYYY-MM-DD`.
        verdicts: Each assumption with its verdict.
        evidence: The findings of the run.
    """

    where: str
    day: str
    verdicts: Sequence[tuple[Assumption, Verdict]]
    evidence: Evidence

    def of(self, outcome: Outcome) -> list[tuple[Assumption, Verdict]]:
        """Return the assumptions of an outcome."""
        return [each for each in self.verdicts if each[1].outcome is outcome]

    @property
    def to_set(self) -> list[str]:
        """The options to set, each once."""
        return list(dict.fromkeys(verdict.set for _, verdict in self.verdicts if verdict.set))

    @property
    def verified(self) -> dict[str, str]:
        """Each endpoint that has answered a call as the library expects, and at which version."""
        made = [each for each in self.evidence.exchanges.values() if each.succeeded]
        found = {each.endpoint: each.version for each in reversed(made)}
        return {name: found[name] for name in sorted(NAMES) if name in found}

    def as_json(self) -> dict[str, Shown]:
        """Return the report for programs."""
        return {
            "flexiti_async": __version__,
            "api": self.where,
            "day": self.day,
            "counts": {each.value: len(self.of(each)) for each in Outcome},
            "set": [*self.to_set],
            "verified": {**self.verified},
            "assumptions": [
                {
                    "name": assumption.name,
                    "kind": assumption.kind.value,
                    "endpoint": assumption.endpoint,
                    "spec": assumption.spec,
                    "assumed": assumption.text,
                    "outcome": verdict.outcome.value,
                    "found": verdict.found,
                    "set": verdict.set,
                }
                for assumption, verdict in self.verdicts
            ],
            "exchanges": [each.as_json() for each in self.evidence.exchanges.values()],
        }

    def as_markdown(self) -> str:
        """Return the report for people."""
        return "\n".join(self._lines())

    def write(self, name: str) -> tuple[Path, Path]:
        """
        Write both forms, as `NAME.md` and `NAME.json`, and return their paths.

        Raises:
            OSError: They cannot be written.
        """
        paths = Path(f"{name}.md"), Path(f"{name}.json")
        paths[0].write_text(self.as_markdown(), encoding="utf-8")
        text = json.dumps(self.as_json(), indent=2, ensure_ascii=False)
        paths[1].write_text(f"{text}\n", encoding="utf-8")
        return paths

    def _lines(self) -> Iterator[str]:
        counts = ", ".join(f"{len(self.of(each))} {each.value}" for each in _HEADINGS)
        yield f"# Verification of flexiti-async {__version__}"
        yield ""
        yield f"Against {self.where} on {self.day}: {counts}."
        yield ""
        if self.to_set:
            yield "To set:"
            yield ""
            yield from (f"- `{each}`" for each in self.to_set)
            yield ""
        for outcome, heading in _HEADINGS.items():
            yield f"## {heading}"
            yield ""
            yield from _table(
                ("endpoint", "assumption", "why", "spec", "found", "set"),
                (_row(*each) for each in self.of(outcome)),
            )
        yield "## Endpoints that have answered as expected"
        yield ""
        yield from _table(("endpoint", "version"), self.verified.items())
        yield "## Requests and answers"
        yield ""
        yield "Masked: names, types and sizes; only words of the API's vocabulary are shown."
        yield ""
        for each in self.evidence.exchanges.values():
            shown = {name: value for name, value in each.as_json().items() if name != "step"}
            yield f"### {each.step}"
            yield ""
            yield "```json"
            yield json.dumps(shown, indent=2, ensure_ascii=False)
            yield "```"
            yield ""


def judge_all(evidence: Evidence) -> list[tuple[Assumption, Verdict]]:
    """Return each assumption with its verdict."""
    return [(each, each.judge(evidence)) for each in ASSUMPTIONS]


def _row(assumption: Assumption, verdict: Verdict) -> tuple[str, ...]:
    return (
        assumption.endpoint,
        assumption.text,
        assumption.kind.value,
        f"§{assumption.spec}",
        verdict.found,
        f"`{verdict.set}`" if verdict.set else "",
    )


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield f"| {' | '.join('---' for _ in head)} |"
    for row in rows:
        yield f"| {' | '.join(cell.replace('|', '/').replace('`` ', '') for cell in row)} |"
    yield ""
