"""The app with all commands, and what they share: `--debug`, error lines, exit statuses."""

import contextlib
import io
import logging
import sys
from collections.abc import Generator, Sequence
from typing import Annotated, Final

from cyclopts import App, CycloptsError, Group, Parameter

from flexiti_async import __version__
from flexiti_async.cli.commands import add_commands
from flexiti_async.cli.completion import add_completion
from flexiti_async.cli.output import FAILED, report

__all__ = ["run"]

_INTERRUPTED: Final = 130  # 128 + SIGINT, as shells have it
_DEBUG: Final = Parameter(group=Group("Everywhere", sort_key=90), negative=(), show_default=False)


def run(argv: Sequence[str]) -> int:
    """Run a command and return its exit status; only a bug and a closed pipe raise."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # for characters that the terminal lacks
    try:
        exit_status = _app(argv).meta(list(argv), exit_on_error=False, print_error=False)
        if sys.stdout is not None:  # pyright: ignore[reportUnnecessaryComparison]
            sys.stdout.flush()
    except KeyboardInterrupt:
        return _INTERRUPTED
    except CycloptsError as error:
        return report(error, debug=False)
    except SystemExit as stop:  # rich raises it for a broken pipe
        return stop.code if isinstance(stop.code, int) else FAILED
    return exit_status if isinstance(exit_status, int) else 0


def _app(argv: Sequence[str]) -> App:
    app = App(
        name="flexiti-async",
        help="Take payments through Flexiti's POS API v2.5, and manage its tokens.",
        version=f"flexiti-async {__version__}",
        version_format="plaintext",
        help_format="markdown",
        group_parameters=Group("Options", sort_key=1),
        suppress_keyboard_interrupt=False,
        result_action="return_value",
    )
    add_commands(app, argv)
    add_completion(app)

    def launch(
        *words: Annotated[str, Parameter(show=False, allow_leading_hyphen=True)],
        debug: Annotated[bool, _DEBUG] = False,
    ) -> int:
        """
        Run the command that the words name.

        Args:
            words: The command line without this function's options.
            debug: Show the log and the tracebacks of errors; secrets stay masked.
        """
        with _logging(debug=debug):
            try:
                return app(words, exit_on_error=False, print_error=False) or 0
            except BrokenPipeError:
                raise
            except Exception as error:  # noqa: BLE001 - every error is reported as a line
                return report(error, debug=debug)

    app.meta.default(launch)
    return app


@contextlib.contextmanager
def _logging(*, debug: bool) -> Generator[None, None, None]:
    """
    Send the library's log to stderr with `--debug`, and drop it without.

    Without any handler, Python would print warnings to stderr itself, beside the error line.
    """
    handler: logging.Handler = logging.StreamHandler() if debug else logging.NullHandler()
    handler.setFormatter(logging.Formatter("%(levelname)s %(name)s: %(message)s"))
    ours = logging.getLogger("flexiti_async")
    loggers = [ours, logging.getLogger("aiohttp"), logging.getLogger("asyncio")]
    level = ours.level
    for logger in loggers:
        logger.addHandler(handler)
    if debug:
        ours.setLevel(logging.INFO)
    try:
        yield
    finally:
        ours.setLevel(level)
        for logger in loggers:
            logger.removeHandler(handler)
