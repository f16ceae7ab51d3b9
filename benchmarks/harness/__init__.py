"""The processes, servers and measures that the suites share."""
