"""Frameworks and tools around the library, a thin module each, that needs what it is named for."""
