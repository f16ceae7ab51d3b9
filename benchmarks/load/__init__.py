"""A load test: shoppers against a sandbox or a server, for as long as one likes."""
