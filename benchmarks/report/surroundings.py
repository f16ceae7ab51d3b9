"""The environment of a run: command, versions, machine."""

import importlib.metadata
import os
import platform
import re
import shlex
import sys
from typing import Final

from flexiti_async.cli.output import mask_store

__all__ = ["surroundings"]

_URL: Final = re.compile(r"[\w+.-]+://.*")


def surroundings() -> dict[str, str]:
    """Return the command, the relevant versions, and the size of the machine."""
    return {
        "command": _command(),
        "Python": platform.python_version(),
        "aiohttp": importlib.metadata.version("aiohttp"),
        "system": platform.system(),
        "processors": str(os.cpu_count()),
    }


def _command() -> str:
    """Return the command line, without passwords in URLs of stores."""
    spec = getattr(sys.modules["__main__"], "__spec__", None)
    module = "benchmarks" if spec is None else str(spec.name).removesuffix(".__main__")
    shown = [_URL.sub(lambda url: mask_store(url[0]), argument) for argument in sys.argv[1:]]
    return shlex.join(["python", "-m", module, *shown])
