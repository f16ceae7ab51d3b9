"""`flexiti-async doctor`: check what a shop needs in order to work."""
