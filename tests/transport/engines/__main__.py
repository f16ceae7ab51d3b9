"""
The same random answers to both HTTP engines, seed after seed.

    python -P tests/transport/engines --cases 10000
    python -P tests/transport/engines --seed 4711
"""

import sys
import types
from pathlib import Path

if __name__ == "__main__":
    # As in tests/crew/forks.py: no import path has the tests.
    tests = types.ModuleType("tests")
    tests.__path__ = [str(Path(__file__).resolve().parents[2])]
    sys.modules["tests"] = tests
    from tests.transport.engines.command import main

    sys.exit(main(sys.argv[1:]))
