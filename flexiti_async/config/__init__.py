"""The configuration: its options, their rules, and their sources."""
