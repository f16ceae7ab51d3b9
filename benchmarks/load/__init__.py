"""A load test: customers in several processes, against a sandbox or a server."""
