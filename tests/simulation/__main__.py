"""
Simulated histories, seed after seed.

    python -P tests/simulation --histories 10000
    python -P tests/simulation --seed 4711
    python -P tests/simulation --histories 2000 --without "a claim is not withdrawn"
"""

import sys
import types
from pathlib import Path

if __name__ == "__main__":
    # As in tests/crew/forks.py: no import path has the tests.
    tests = types.ModuleType("tests")
    tests.__path__ = [str(Path(__file__).resolve().parents[1])]
    sys.modules["tests"] = tests
    from tests.simulation.command import main

    sys.exit(main(sys.argv[1:]))
