"""The app with all commands, and what they share: `--debug`, error lines, exit statuses."""

import contextlib
import io
import logging
import sys
from collections.abc import Generator, Sequence
from typing import Annotated, Final

from cyclopts import App, CycloptsError, Group, Parameter

from flexiti_async import __version__
from flexiti_async.cli.demo import demo
from flexiti_async.cli.doctor.command import doctor
from flexiti_async.cli.journal import accept, check, init, reseal, sql
from flexiti_async.cli.keys import generate
from flexiti_async.cli.operations import list_, look_up, resolve, show
from flexiti_async.cli.options import CONFIGURATION, Flag
from flexiti_async.cli.output import FAILED, report, silence_stdout
from flexiti_async.cli.sandbox import sandbox
from flexiti_async.cli.token import forget, refresh, status
from flexiti_async.cli.verify.command import verify
from flexiti_async.cli.widget import init_widget

__all__ = ["run"]

_INTERRUPTED: Final = 130  # 128 + SIGINT, as shells have it
_OPTIONS: Final = Group("Options", sort_key=1)
_EVERYWHERE: Final = Group("Everywhere", sort_key=90)


def run(argv: Sequence[str]) -> int:
    """Run a command and return its exit status; only a bug raises."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # for characters that the terminal lacks
    try:
        exit_status = _app().meta(list(argv), exit_on_error=False, print_error=False)
        if sys.stdout is not None:  # pyright: ignore[reportUnnecessaryComparison]
            sys.stdout.flush()
    except KeyboardInterrupt:
        return _INTERRUPTED
    except BrokenPipeError:
        silence_stdout()
        return FAILED
    except CycloptsError as error:
        return report(error, debug=False)
    except SystemExit as stop:  # rich raises it for a broken pipe
        return stop.code if isinstance(stop.code, int) else FAILED
    return exit_status if isinstance(exit_status, int) else 0


def _app() -> App:
    app = _commands()

    def launch(
        *words: Annotated[str, Parameter(show=False, allow_leading_hyphen=True)],
        debug: Annotated[Flag, Parameter(group=_EVERYWHERE)] = False,
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


def _commands() -> App:
    app = App(
        name="flexiti-async",
        help="Take payments through Flexiti's POS API v2.5, and manage its tokens.",
        version=f"flexiti-async {__version__}",
        help_format="markdown",
        group_parameters=_OPTIONS,
        suppress_keyboard_interrupt=False,
        result_action="return_value",
    )
    app.command(demo)
    app.command(sandbox)
    app.command(doctor, help_epilogue=CONFIGURATION)
    app.command(verify, help_epilogue=CONFIGURATION)
    app.command(init_widget, help_epilogue=CONFIGURATION)
    token = App(
        name="token",
        help="Show, refresh or discard the token that processes share.",
        help_epilogue=CONFIGURATION,
        group_parameters=_OPTIONS,
    )
    for command in (status, refresh, forget):
        token.command(command)
    app.command(token)
    journal = App(
        name="journal",
        help="Begin, check and encrypt the journal of calls that move money.",
        help_epilogue=CONFIGURATION,
        group_parameters=_OPTIONS,
    )
    for journal_command in (init, check, accept, reseal, sql):
        journal.command(journal_command)
    app.command(journal)
    operations = App(
        name="operations",
        help="List, show, look up and resolve calls that move money.",
        help_epilogue=CONFIGURATION,
        group_parameters=_OPTIONS,
    )
    operations.command(list_, name="list")
    for operations_command in (show, look_up, resolve):
        operations.command(operations_command)
    app.command(operations)
    keys = App(name="keys", help="Generate keys that encrypt the token store.")
    keys.command(generate)
    app.command(keys)
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
