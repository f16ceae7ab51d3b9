"""
The API's models, vocabularies and calls: `from flexiti_async.api import Plans, capture`.

A function such as `capture(...)` builds a `Call`, which `FlexitiSession.send` sends. Pure: nothing
here does I/O. The names are imported on first use; each page of the API is a module.
"""

from typing import TYPE_CHECKING

from flexiti_async.protocol.lazy_exports import lazy_exports

if TYPE_CHECKING:
    from flexiti_async.api._public import *  # noqa: F403 - the list is there, and only there
else:  # hidden from type checkers, which would accept every misspelt name
    __getattr__, __dir__ = lazy_exports(__name__)
