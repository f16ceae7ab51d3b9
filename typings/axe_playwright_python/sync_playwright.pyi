# The part of axe-playwright-python that the browser tests use; it has no types of its own.
from typing import TypedDict

from playwright.sync_api import Frame

class _Node(TypedDict):
    html: str

class _Violation(TypedDict):
    id: str
    impact: str | None
    nodes: list[_Node]

class _Response(TypedDict):
    violations: list[_Violation]

class AxeResults:
    response: _Response

class Axe:
    def run(self, page: Frame) -> AxeResults: ...
