"""Requests, answers and errors as sent over HTTP."""
