"""Pure: a call becomes a request, and an answer a value or an error."""
