"""The configuration: its options, their rules, and where they are read from."""
