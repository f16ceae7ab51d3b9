"""`python -m flexiti_async`: the same as `flexiti-async`."""

import sys

from flexiti_async.cli import main

sys.exit(main())
