"""
The commands: their names, where their functions are, and what lists of commands say of them.

A function is imported only if the command line names its command, so that `--help` is quick.
"""

import importlib
from collections.abc import Callable, Container
from typing import Final

from attrs import frozen
from cyclopts import App, Group

__all__ = ["COMMANDS", "add_commands"]

_OPTIONS: Final = Group("Options", sort_key=1)
_CONFIGURATION: Final = (
    "The client secret and the rest of the configuration come from environment variables "
    "(FLEXITI_CLIENT_SECRET, FLEXITI_STORE, …) and from the TOML file that FLEXITI_CONFIG names. "
    "Secrets are not options, because the process list shows options to every user."
)
"""End of the help of commands that read the configuration."""
_WITHOUT_CONFIGURATION: Final = frozenset({"demo", "sandbox", "load", "keys"})


@frozen
class Command:
    """
    A command.

    Attributes:
        words: Its name, after that of its group if it is in one.
        path: Its function, as module:function.
        summary: The first paragraph of its help.
    """

    words: str
    path: str
    summary: str

    def add_to(self, app: App, argv: Container[str]) -> None:
        """
        Add the command to an app.

        Args:
            app: The app of its group, or the one with all commands.
            argv: The command line. If it names the command, the function is imported here, because
                cyclopts replaces the help of one that it imports itself by the summary.
        """
        module, _, function = f"flexiti_async.cli.{self.path}".partition(":")
        *_, name = self.words.split()
        if name not in argv:
            app.command(f"{module}:{function}", name=name, help=self.summary)
            return
        command: Callable[..., object] = getattr(importlib.import_module(module), function)
        app.command(command, name=name, help_epilogue=_epilogue(self.words))


_GROUPS: Final = {
    "checkout": "Show the saved state of a checkout.",
    "token": "Show, refresh or discard the token that processes share.",
    "journal": "Begin, check and encrypt the journal of calls that move money.",
    "operations": "List, find, show, look up and resolve calls that move money.",
    "keys": "Generate keys that encrypt the token store.",
}
"""Help of the groups of commands, by their names."""
COMMANDS: Final = (
    Command(
        "demo",
        "demo:demo",
        "Run many checkouts at once and see how few tokens they need, or open a demo shop.",
    ),
    Command(
        "load",
        "load:load",
        "Put load on one session, from widgets to captures, and report latency, tokens and "
        "failures.",
    ),
    Command("sandbox", "sandbox:sandbox", "Run a local Flexiti for tests, until Ctrl-C."),
    Command(
        "doctor",
        "doctor.command:doctor",
        "Check what would keep a shop from working, and advise what to do about it.",
    ),
    Command(
        "verify",
        "verify.command:verify",
        "Find out which assumptions of this library a test environment of Flexiti confirms.",
    ),
    Command("init-widget", "widget:init_widget", "Call widget/init and print the result as JSON."),
    Command(
        "checkout show",
        "checkout:show",
        "Show the saved state of a checkout, and what to do next about it.",
    ),
    Command("token status", "token:status", "Show the state of the shared token in the store."),
    Command(
        "token refresh",
        "token:refresh",
        "Request a new token now, and share it in place of the stored one.",
    ),
    Command(
        "token forget",
        "token:forget",
        "Discard the stored token: the next caller that needs one gets a new one.",
    ),
    Command(
        "journal init",
        "journal:init",
        "Create the table if there is one to create, and mark the store as a journal, once.",
    ),
    Command(
        "journal check",
        "journal:check",
        "Check that the store is marked and has not forgotten since. Writes nothing.",
    ),
    Command(
        "journal accept",
        "journal:accept",
        "Accept the store as it is now, after it may have forgotten.",
    ),
    Command(
        "journal reseal",
        "journal:reseal",
        "Encrypt all records anew with the first key of `token_keys`, and report when an old key "
        "may go.",
    ),
    Command(
        "journal sql",
        "journal:sql",
        "Print the statements that create the table, for a migration of your own.",
    ),
    Command(
        "operations list",
        "operations:list_",
        "List the operations whose outcome is not known, the oldest first.",
    ),
    Command(
        "operations find",
        "operations:find",
        "Find operations by their key, the shop's reference or the reference id of the request.",
    ),
    Command("operations show", "operations:show", "Show what the journal knows of an operation."),
    Command(
        "operations look-up",
        "operations:look_up",
        "Find out at Flexiti whether an operation ran. Nothing is recorded.",
    ),
    Command(
        "operations resolve",
        "operations:resolve",
        "Record the outcome of an operation, after somebody has found it out.",
    ),
    Command(
        "keys generate",
        "keys:generate",
        "Generate a key for `token_keys` (FLEXITI_TOKEN_KEYS) and print it.",
    ),
)


def add_commands(app: App, argv: Container[str]) -> None:
    """
    Add all commands.

    Args:
        app: The app.
        argv: The command line; what it does not name is not imported.
    """
    groups = {
        name: App(name=name, help=text, help_epilogue=_epilogue(name), group_parameters=_OPTIONS)
        for name, text in _GROUPS.items()
    }
    for command in COMMANDS:
        command.add_to(groups.get(command.words.split()[0], app), argv)
    for group in groups.values():
        app.command(group)


def _epilogue(words: str) -> str | None:
    return None if words.split(maxsplit=1)[0] in _WITHOUT_CONFIGURATION else _CONFIGURATION
