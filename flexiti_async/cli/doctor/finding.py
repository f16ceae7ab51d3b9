"""What `flexiti-async doctor` finds, and how it is printed."""

import enum
from collections.abc import Iterable, Mapping
from typing import Final

from attrs import frozen
from rich.console import Console
from rich.text import Text

__all__ = ["Finding", "Level", "error", "good", "note", "print_findings", "warning"]


class Level(enum.StrEnum):
    """How bad it is."""

    GOOD = "ok"
    NOTE = "note"
    """To know; nothing is wrong."""
    WARNING = "warning"
    """It works, and should be better."""
    ERROR = "error"
    """A shop cannot work like this."""


@frozen
class Finding:
    """
    One thing that was looked at.

    Attributes:
        check: What was looked at: configuration, dns, tls, clock, credentials or store.
        level: How it is.
        text: What was found; no secret, nothing personal.
        advice: What to do about it; empty where nothing is to be done.
    """

    check: str
    level: Level
    text: str
    advice: str = ""

    def as_json(self) -> Mapping[str, str]:
        """Give it for programs."""
        return {
            "check": self.check,
            "level": self.level.value,
            "text": self.text,
            "advice": self.advice,
        }


def good(check: str, text: str) -> Finding:
    """Make a finding that is as it should be."""
    return Finding(check, Level.GOOD, text)


def note(check: str, text: str, advice: str = "") -> Finding:
    """Make a finding that is good to know."""
    return Finding(check, Level.NOTE, text, advice)


def warning(check: str, text: str, advice: str) -> Finding:
    """Make a finding that should be better."""
    return Finding(check, Level.WARNING, text, advice)


def error(check: str, text: str, advice: str) -> Finding:
    """Make a finding that stops a shop."""
    return Finding(check, Level.ERROR, text, advice)


_STYLES: Final[Mapping[Level, str]] = {
    Level.GOOD: "green",
    Level.NOTE: "cyan",
    Level.WARNING: "yellow",
    Level.ERROR: "red",
}
_WIDTH: Final = max(len(level.value) for level in Level)


def print_findings(findings: Iterable[Finding]) -> None:
    """Write findings to stdout: a line each, and below it what to do."""
    console = Console(highlight=False, soft_wrap=True)
    for finding in findings:
        level = Text(finding.level.value.ljust(_WIDTH), style=_STYLES[finding.level])
        console.print(level + Text(f"  {finding.check}: {finding.text}"))
        if finding.advice:
            console.print(Text(f"{' ' * _WIDTH}  → {finding.advice}"))
