"""The endpoints of the API, one module per page of its documentation."""
