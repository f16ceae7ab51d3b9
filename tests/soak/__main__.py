"""
The soak: real processes for hours, with a fault a minute.

    python -P tests/soak --hours 8
"""

import sys
import types
from pathlib import Path

if __name__ == "__main__":
    # As in tests/crew/forks.py: no import path has the tests.
    tests = types.ModuleType("tests")
    tests.__path__ = [str(Path(__file__).resolve().parents[1])]
    sys.modules["tests"] = tests
    from tests.soak.command import main

    sys.exit(main(sys.argv[1:]))
