"""A progress bar on stderr, if that is a terminal: results on stdout stay as they are."""

from collections.abc import Callable, Generator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

__all__ = ["progress_bar"]


@contextmanager
def progress_bar(
    total: float, unit: str, *, hidden: bool = False
) -> Generator[Callable[[float, int], object], None, None]:
    """
    Show a progress bar; yield the function that moves it: how far it is, and how many are done.

    Args:
        total: Where it ends.
        unit: The noun that is counted, as a plural.
        hidden: Show none.
    """
    console = Console(stderr=True)
    if hidden or not console.is_terminal:
        yield lambda _completed, _done: None
        return
    columns = TextColumn("{task.fields[done]:,} " + unit), BarColumn(), TimeElapsedColumn()
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("", total=total, done=0)
        yield lambda completed, done: bar.update(task, completed=completed, done=done)
