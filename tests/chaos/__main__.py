"""
The long run: seed after seed, for some minutes.

    python -P tests/chaos --minutes 30
    python -P tests/chaos --seed 4711 --store valkey
"""

import sys
import types
from pathlib import Path

if __name__ == "__main__":
    # As in tests/crew/forks.py: no import path has the tests.
    tests = types.ModuleType("tests")
    tests.__path__ = [str(Path(__file__).resolve().parents[1])]
    sys.modules["tests"] = tests
    from tests.chaos.command import main

    sys.exit(main(sys.argv[1:]))
