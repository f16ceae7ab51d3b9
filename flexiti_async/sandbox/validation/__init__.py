"""What a request must be, before an endpoint sees it."""
