"""One customer's flow: its steps, its pinned token and its saved state."""
