"""The API in typed values: one module per page of its documentation."""
