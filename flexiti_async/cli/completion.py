"""`flexiti-async --install-completion` and `--show-completion`: the Tab key of a shell."""

import contextlib
from typing import Annotated, Final, Literal

from cyclopts import App, Group, Parameter

from flexiti_async.cli.output import WRONG, CommandError, print_line

__all__ = ["add_completion"]

_SHELLS: Final = Group("Shell completion", sort_key=80)

_Name = Literal["bash", "fish", "zsh"]
_Shell = Annotated[_Name | None, Parameter(name="--shell", negative=())]


def add_completion(app: App) -> None:
    """Add the two commands to an app; what they complete are its commands and their options."""

    def install(*, shell: _Shell = None) -> None:
        """
        Install the completion of commands and options in your shell.

        It writes a script to the folder of the shell, and a line that loads it to ~/.bashrc or
        ~/.zshrc.

        Args:
            shell: The shell; by default the one that runs this command.
        """
        chosen = shell or _this_shell()
        try:
            path = app.install_completion(shell=chosen)
        except OSError as error:
            msg = (
                f"the script cannot be written ({error.strerror}): write it elsewhere with "
                f"flexiti-async --show-completion --shell {chosen}"
            )
            raise CommandError(msg) from None
        print_line(f"installed {path}")
        print_line("start a new shell to use it")

    def show(*, shell: _Shell = None) -> None:
        """
        Print the script that completes commands and options.

        Args:
            shell: The shell; by default the one that runs this command.
        """
        print_line(app.generate_completion(shell=shell or _this_shell()).rstrip())

    app.command(install, name="--install-completion", group=_SHELLS)
    app.command(show, name="--show-completion", group=_SHELLS)


def _this_shell() -> _Name:
    from cyclopts.completion.detect import ShellDetectionError, detect_shell

    with contextlib.suppress(ShellDetectionError):
        shell = detect_shell()
        if shell != "powershell":  # the oldest cyclopts that is allowed has no script for it
            return shell
    msg = "this shell is not known: name one with --shell bash, fish or zsh"
    raise CommandError(msg, status=WRONG)
