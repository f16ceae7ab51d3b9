"""Pure functions: build a request from a call, and a value or an error from its answer."""
