"""`python -m benchmarks.load`."""

from benchmarks.load.command import app

app()
