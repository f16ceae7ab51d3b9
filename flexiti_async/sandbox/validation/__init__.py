"""Validation of requests, before an endpoint acts on them."""
