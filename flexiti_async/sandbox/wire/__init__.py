"""Requests, answers and errors as they are sent."""
