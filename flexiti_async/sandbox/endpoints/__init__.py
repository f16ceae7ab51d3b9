"""The endpoints of the API, one module a page of it."""
