"""The flow of one customer: its steps, its pinned token, and its saved state."""
