"""Findings of `flexiti-async doctor`, and how they are printed."""

import enum
from collections.abc import Iterable, Mapping
from typing import Final

from attrs import frozen

from flexiti_async.cli.output import print_text

__all__ = ["Finding", "Level", "error", "good", "note", "print_findings", "warning"]


class Level(enum.StrEnum):
    """Severity of a finding."""

    GOOD = "ok"
    NOTE = "note"
    """For information; nothing is wrong."""
    WARNING = "warning"
    """It works, but should be improved."""
    ERROR = "error"
    """A shop cannot work like this."""


@frozen
class Finding:
    """
    Result of one check.

    Attributes:
        check: Name of the check: configuration, dns, connection, tls, clock, credentials, store or
            journal.
        level: Severity.
        text: Description, without secrets and personal data.
        advice: Recommended action; empty if none is needed.
    """

    check: str
    level: Level
    text: str
    advice: str = ""

    def as_json(self) -> Mapping[str, str]:
        """Return the finding for programs."""
        return {
            "check": self.check,
            "level": self.level.value,
            "text": self.text,
            "advice": self.advice,
        }


def good(check: str, text: str) -> Finding:
    """Return a finding that needs no action."""
    return Finding(check, Level.GOOD, text)


def note(check: str, text: str, advice: str = "") -> Finding:
    """Return a finding for information."""
    return Finding(check, Level.NOTE, text, advice)


def warning(check: str, text: str, advice: str) -> Finding:
    """Return a finding about something that works but should be improved."""
    return Finding(check, Level.WARNING, text, advice)


def error(check: str, text: str, advice: str) -> Finding:
    """Return a finding about something that keeps a shop from working."""
    return Finding(check, Level.ERROR, text, advice)


_STYLES: Final[Mapping[Level, str]] = {
    Level.GOOD: "green",
    Level.NOTE: "cyan",
    Level.WARNING: "yellow",
    Level.ERROR: "red",
}
_WIDTH: Final = max(len(level.value) for level in Level)


def print_findings(findings: Iterable[Finding]) -> None:
    """Write findings to stdout: a line each, with the advice below it."""
    indent = _WIDTH + 2
    for finding in findings:
        level = finding.level.value.ljust(_WIDTH)
        text = f"  {finding.check}: {finding.text}"
        print_text(text, indent, label=level, style=_STYLES[finding.level])
        if finding.advice:
            print_text(f"{' ' * indent}→ {finding.advice}", indent + 2)
