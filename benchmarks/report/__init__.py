"""Tables, charts and the page of a run."""
